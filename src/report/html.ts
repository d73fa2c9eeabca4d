/** HTML as a template that escapes: strings become text, and only what this folder wrote itself is markup. */
import { printable } from "../errors.js";

export interface Markup {
  readonly html: string;
}

export type Part = string | number | Markup | readonly Markup[] | null;

/** Numbers and strings as text, lists one after the other, null as nothing. */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { html: template.map((literal, index) => literal + spelled(parts[index] ?? null)).join("") };
}

/** For style sheets and the like, which hold no text from outside. */
export function markup(text: string): Markup {
  return { html: text };
}

function spelled(part: Part): string {
  if (part === null) return "";
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escaped(part);
  return "html" in part ? part.html : part.map(({ html: inner }) => inner).join("");
}

/** For text and for attributes in double or single quotes. */
function escaped(text: string): string {
  return printable(text).replace(/[&<>"'`]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
