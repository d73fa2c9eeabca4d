import { printable, printableLine } from "../errors.js";

/** Text from outside as words of a paragraph or of a cell: nothing of it is read as Markdown or HTML. */
export function words(text: string, limit = 2_000): string {
  return printableLine(text, limit).replace(/[!-/:-@[-`{-~]/g, "\\$&");
}

/** Text from outside as a block that nothing in it can end: the fence is longer than any run of backticks. */
export function block(text: string, { lines = 60, characters = 16_000 } = {}): string {
  const shown = lastOf(printable(text).trimEnd().split("\n"), lines, characters);
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${shown}\n${fence}`;
}

/** An image, a commit or a revision as code. Without the characters that would end it or the cell of a table. */
export function code(text: string): string {
  return `\`${printableLine(text, 300).replace(/[`|]/g, "")}\``;
}

export function table(
  head: readonly [string, string],
  align: string,
  rows: readonly (readonly [string, string])[],
): string {
  const spelled = rows.map(([left, right]) => `| ${left} | ${right} |`);
  return [`| ${head.join(" | ")} |`, align, ...spelled].join("\n");
}

function lastOf(all: readonly string[], lines: number, characters: number): string {
  const last = all.slice(-lines);
  while (last.length > 1 && last.join("\n").length > characters) last.shift();
  const text = last.join("\n").slice(-characters);
  return last.length < all.length ? `…\n${text}` : text;
}
