/** As `docker login --password-stdin` does it: files and commands end with a line end, and no password does. */
export function withoutLineEnd(password: string): string {
  return password.replace(/\r?\n$/, "");
}

/**
 * A text that cannot be printed by accident: in a template, a log, JSON or a debugger it shows as
 * `[secret]`. Only `reveal()` gives it out, so that every place that does can be found by that word.
 */
export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  // What console.log and util.inspect call; by its global name, so that nothing of Node is imported.
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
