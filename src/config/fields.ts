/**
 * The kinds of values that the configuration is made of. The message of each says what is allowed; what was
 * found, and where, is added by whoever reports it.
 */
import { z } from "zod";
import { DURATION, formatDuration, parseDuration, parseSize, SIZE } from "./units.js";

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A text of one line that matches a pattern; `expected` describes it with an example. */
export function text(expected: string, pattern: RegExp) {
  return z.string({ error: (issue) => inQuotes(expected, issue.input) }).regex(pattern, { error: expected });
}

/** A duration in milliseconds, both bounds included and written as durations. */
export function duration(lowest: string, highest: string, why = "") {
  const expected = `a duration from ${lowest} to ${highest}, such as 500ms, 30s, 5m or 1m30s${why}`;
  const [low, high] = [parseDuration(lowest) ?? 0, parseDuration(highest) ?? Number.POSITIVE_INFINITY];
  return z
    .string({ error: (issue) => durationForNumber(issue.input) ?? expected })
    .regex(DURATION, { error: (issue) => durationForNumber(issue.input) ?? expected })
    .transform((written, context) => {
      const ms = parseDuration(written);
      if (ms !== null && ms >= low && ms <= high) return ms;
      context.issues.push({ code: "custom", message: expected, input: written });
      return z.NEVER;
    });
}

/** A size in bytes, from `lowest` bytes up. */
export function size(lowest: number, lowestWritten: string) {
  const expected = `a size of at least ${lowestWritten}, such as 512MiB or 2GiB`;
  return z
    .string({ error: (issue) => sizeForNumber(issue.input) ?? expected })
    .regex(SIZE, { error: (issue) => sizeForDecimalUnit(issue.input) ?? expected })
    .transform((written, context) => {
      const bytes = parseSize(written);
      if (bytes !== null && bytes >= lowest) return bytes;
      context.issues.push({ code: "custom", message: expected, input: written });
      return z.NEVER;
    });
}

export function wholeNumber(lowest: number, highest: number, why = "") {
  const error = `a whole number from ${lowest} to ${highest}${why}`;
  return z.number({ error }).int({ error }).min(lowest, { error }).max(highest, { error });
}

export function yesOrNo() {
  return z.boolean({ error: "true or false" });
}

/** Words of a command, run as they are without a shell. */
export function words(why = "") {
  const list = `a list of words, such as [node, server.js]${why}`;
  return z.array(word(), { error: list }).min(1, { error: list });
}

/** A command as words, or as one line for a shell, which becomes `sh -c LINE`. */
export function commandLine() {
  const expected = "a line for a shell, such as npm test, or a list of words, such as [npm, test]";
  const line = z.string({ error: expected }).regex(/^[^\0]*[^\0\s][^\0]*$/, { error: expected });
  return z
    .union([line, z.array(word(), { error: expected }).min(1, { error: expected })], { error: expected })
    .transform((command): readonly string[] => (Array.isArray(command) ? command : ["sh", "-c", command]));
}

/** Plain environment variables: name to text. */
export function variables() {
  return z
    .record(variableName("the name of an environment variable"), plainText(), {
      error: "names with their values, such as LOG_LEVEL: info",
    })
    .prefault({});
}

export function variableName(what: string) {
  return text(`${what}: letters, digits and _, not starting with a digit`, VARIABLE_NAME);
}

/** A list without repetitions. */
export function listOf<Item extends z.ZodType<string>>(item: Item, example: string) {
  return z
    .array(item, { error: `a list, such as [${example}]` })
    .superRefine((items, context) => {
      const seen = new Set<string>();
      items.forEach((entry, index) => {
        if (seen.has(entry))
          context.addIssue({ code: "custom", message: "each entry only once", path: [index] });
        seen.add(entry);
      });
    })
    .prefault([]);
}

function word() {
  return anyText("a word");
}

function plainText() {
  return anyText("text");
}

function anyText(kind: string) {
  return z
    .string({ error: (issue) => inQuotes(kind, issue.input) })
    .regex(/^[^\0]*$/, { error: `${kind} without zero bytes` });
}

// YAML turns 0777 and 1.10 into 777 and 1.1: only quotes keep what was written.
function inQuotes(expected: string, found: unknown): string {
  const scalar = typeof found === "number" || typeof found === "boolean" || typeof found === "bigint";
  return scalar ? `${expected}; put it in quotes, so that it is text` : expected;
}

function durationForNumber(found: unknown): string | null {
  if (typeof found !== "number" && !(typeof found === "string" && /^\d+(\.\d+)?$/.test(found))) return null;
  const count = Number(found);
  const whole = Number.isInteger(count) && count >= 0;
  const choices = whole
    ? `${count}s for seconds or ${count}m for minutes`
    : formatDuration(Math.round(Math.max(count, 0) * 1000));
  return `a duration with its unit (a bare number could be seconds or milliseconds): write ${choices}`;
}

function sizeForNumber(found: unknown): string | null {
  return typeof found === "number"
    ? `a size with its unit (a bare number could be bytes or megabytes): write ${bytesAsSize(found)} if bytes are meant`
    : null;
}

function bytesAsSize(bytes: number): string {
  return `${Math.max(1, Math.round(bytes / 1024 ** 2))}MiB`;
}

function sizeForDecimalUnit(found: unknown): string | null {
  const match = typeof found === "string" ? /^(\d{1,9})\s*([kKMmGgTt])[bB]$/.exec(found) : null;
  return match === null
    ? null
    : `a size in units of 1024, as Docker counts memory: write ${match[1]}${match[2]?.toUpperCase()}iB`;
}
