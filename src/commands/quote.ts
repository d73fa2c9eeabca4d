/**
 * The only place where text becomes shell words. Everything else interpolates into `sh`, which quotes
 * every string on its own, so that forgetting to quote is not possible.
 */

/** A piece of shell text that is already safe as it stands. */
export interface Fragment {
  readonly shell: string;
}

export type Interpolated = string | number | readonly string[] | Fragment;

/** Shell text that is put in unquoted; only for text this folder wrote itself. */
export function raw(shell: string): Fragment {
  return { shell };
}

/**
 * One word for a POSIX shell that stands for exactly these characters.
 * @throws RangeError for a NUL, which no shell and no argument can carry.
 */
export function quote(word: string): string {
  if (word.includes("\0")) throw new RangeError("a shell word cannot contain a NUL byte");
  return /^[A-Za-z0-9_./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Several words, each standing for itself. */
export function argv(words: readonly string[]): string {
  return words.map(quote).join(" ");
}

/**
 * Shell text as a template: strings become one word, lists become words, numbers stand as they are, and
 * fragments are put in unquoted. Backslashes are kept as written, except that `\${` is a literal `${`.
 */
export function sh(template: TemplateStringsArray, ...values: readonly Interpolated[]): string {
  return template.raw
    .map((text, index) => {
      const literal = text.replaceAll("\\${", "${").replaceAll("\\`", "`");
      const value = values[index];
      return value === undefined ? literal : literal + word(value);
    })
    .join("");
}

function word(value: Interpolated): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return integer(value);
  return "shell" in value ? value.shell : argv(value);
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not an integer a shell can count with: ${value}`);
  return String(value);
}
