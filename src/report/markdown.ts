import { printable, printableLine } from "../errors.js";

/** Text from outside as words of a paragraph or a cell: nothing in it is read as Markdown or HTML. */
export function plainWords(text: string, limit = 2_000): string {
  return printableLine(text, limit).replace(/[\\`*_{}[\]()<>#+!|~&@:-]/g, (letter) =>
    letter === "@" || letter === ":" ? `&#${letter.charCodeAt(0)};` : `\\${letter}`,
  );
}

/** As code within a line. Backticks and bars, which would end it or its cell, are left out. */
export function inlineCode(text: string): string {
  return `\`${printableLine(text, 300).replace(/[`|]/g, "")}\``;
}

/** The last lines of a text as a block that nothing in it can end. */
export function codeBlock(text: string, mostLines = 60): string {
  const lines = printable(text).trimEnd().split("\n");
  const shown = lines.slice(-mostLines).map((line) => (line.length > 500 ? `${line.slice(0, 500)}…` : line));
  const longest = Math.max(
    2,
    ...shown.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)),
  );
  const fence = "`".repeat(longest + 1);
  return [`${fence}text`, ...(shown.length < lines.length ? ["…"] : []), ...shown, fence].join("\n");
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
