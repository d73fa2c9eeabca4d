/**
 * Secrets in dotenv form. Nothing is expanded and nothing is guessed: what stands between the quotes arrives
 * as it is, and what could be read in two ways is refused, by its line and never by its text.
 */
import { EvenkeelError } from "../errors.js";
import { SecretText } from "./secret-text.js";

/**
 * The values by name. Single quotes and backticks hold their text as it is; double quotes know `\n`, `\r`,
 * `\t`, `\"` and `\\`; all three may hold several lines. Without quotes a value ends with its line, without
 * the blanks around it or a comment (` #`). In a file whose lines all end in CRLF a line break within quotes
 * is one `\n`.
 *
 * @throws EvenkeelError `secrets-invalid`, with the line of every problem.
 */
export function parseDotenv(text: string): ReadonlyMap<string, SecretText> {
  const source = withoutCarriageReturns(text.replace(/^\uFEFF/, ""));
  const values = new Map<string, SecretText>();
  const problems: string[] = [];
  let at = 0;
  let line = 1;
  while (at < source.length) {
    const found = readEntry(source, at);
    const complain = (words: string) => problems.push(`  line ${line}: ${words}`);
    if (found.problem !== undefined) complain(found.problem);
    else if (found.name !== undefined && values.has(found.name))
      complain(`${found.name.slice(0, 100)} has a value already; expected each name once`);
    else if (found.name !== undefined) values.set(found.name, new SecretText(found.value));
    line += count(source, "\n", at, found.end);
    at = found.end;
  }
  if (problems.length === 0) return values;
  const more = problems.length - MOST_PROBLEMS;
  const shown = [...problems.slice(0, MOST_PROBLEMS), ...(more > 0 ? [`  and ${more} more`] : [])];
  throw new EvenkeelError("secrets-invalid", ["The secrets cannot be read:", ...shown].join("\n"));
}

/**
 * The secrets of these names, and no others.
 *
 * @throws EvenkeelError `secrets-missing`, with every name that has no value or an empty one.
 */
export function requireSecrets(
  names: readonly string[],
  values: ReadonlyMap<string, SecretText>,
): ReadonlyMap<string, SecretText> {
  const missing = names.filter((name) => !values.has(name));
  // In CI an unset secret arrives as an empty text.
  const empty = names.filter((name) => values.get(name)?.reveal() === "");
  if (missing.length === 0 && empty.length === 0)
    return new Map(names.flatMap((name) => entryOf(name, values.get(name))));
  const parts = [
    ...(missing.length > 0 ? [`not given: ${missing.join(", ")}`] : []),
    ...(empty.length > 0 ? [`given, but empty: ${empty.join(", ")}`] : []),
  ];
  throw new EvenkeelError("secrets-missing", `Secrets are missing; ${parts.join("; ")}.`);
}

// Some other file, given by mistake, has a mistake on every line.
const MOST_PROBLEMS = 20;

interface Entry {
  /** Where the next entry begins. */
  readonly end: number;
  readonly name?: string;
  readonly value: string;
  readonly problem?: string;
}

const NAME = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*/y;
const BLANK = /[ \t\r]*(?:#[^\n]*)?(?:\n|$)/y;

function readEntry(source: string, start: number): Entry {
  const blank = matchAt(BLANK, source, start);
  if (blank !== null) return { end: start + blank[0].length, value: "" };
  const named = matchAt(NAME, source, start);
  const name = named?.[1];
  // The line is not quoted: it may be the second line of a secret that lacks its quotes.
  if (named === null || name === undefined)
    return refuse(lineEnd(source, start), "expected NAME=value; the name of letters, digits and _ only");
  const at = start + named[0].length;
  const quote = source[at];
  const entry =
    quote === '"' || quote === "'" || quote === "`" ? readQuoted(source, at, quote) : readPlain(source, at);
  if (entry.problem === undefined && entry.value.includes("\0"))
    return refuse(entry.end, "holds a zero byte, which no environment variable can");
  return { ...entry, name };
}

function readQuoted(source: string, open: number, quote: string): Entry {
  let close = open + 1;
  while (close < source.length && source[close] !== quote)
    close += quote === '"' && source[close] === "\\" ? 2 : 1;
  if (close >= source.length)
    return refuse(lineEnd(source, open), `the quote ${quote} that begins here has no end`);
  const blank = matchAt(BLANK, source, close + 1);
  if (blank === null)
    return refuse(
      lineEnd(source, close),
      `text follows the closing quote ${quote}; escape a quote inside double quotes as \\", or use another kind`,
    );
  const inner = source.slice(open + 1, close);
  return { end: close + 1 + blank[0].length, value: quote === '"' ? withEscapes(inner) : inner };
}

function readPlain(source: string, at: number): Entry {
  const end = lineEnd(source, at);
  const rest = source.slice(at, end).replace(/\n$/, "");
  if (rest.startsWith("#") && !/[ \t]/.test(source[at - 1] ?? ""))
    return refuse(end, "the value begins with #, which could be a comment; put it in quotes");
  if (rest.startsWith("-----BEGIN"))
    return refuse(blockEnd(source, end), "a value of several lines needs quotes around it");
  return { end, value: rest.replace(/(?:^|[ \t])#.*$/, "").trim() };
}

function withEscapes(text: string): string {
  return text.replace(/\\([nrt"\\])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function refuse(end: number, problem: string): Entry {
  return { end, value: "", problem };
}

function lineEnd(source: string, from: number): number {
  const end = source.indexOf("\n", from);
  return end < 0 ? source.length : end + 1;
}

// So that the rest of a key without quotes is one problem and not thirty.
function blockEnd(source: string, from: number): number {
  const marker = source.indexOf("-----END", from);
  return marker < 0 ? from : lineEnd(source, marker);
}

function withoutCarriageReturns(text: string): string {
  return !/(?:^|[^\r])\n/.test(text) ? text.replaceAll("\r\n", "\n") : text;
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function count(source: string, letter: string, from: number, to: number): number {
  let total = 0;
  for (let at = from; at < to; at++) if (source[at] === letter) total++;
  return total;
}

function entryOf(name: string, value: SecretText | undefined): [string, SecretText][] {
  return value === undefined ? [] : [[name, value]];
}
