import type { Failure, FailureCode } from "../core/model.js";
import { EvenkeelError } from "../errors.js";
import type { Output } from "./frame.js";

/** Exit code of a script whose fence number is no longer the host's. */
const FENCED = 76;
/** Exit code of a script that found an earlier act of the same key still at work. */
const BUSY = 75;

/** Exit code of a script that Docker did not do as it was told. */
const DOCKER_FAILED = 71;

const SAID_LIMIT = 2_000;

/** The answer of an act: what it did, why the host could not do it, or that somebody else has the lock. */
export function answerOf<T>(output: Output, done: (lines: readonly string[]) => T): T | Failure | "fenced" {
  if (output.code === 0) return done(output.stdout.split("\n"));
  if (output.code === FENCED) return "fenced";
  return failureOf(output);
}

/**
 * The same for an answer that has no place for a failure. An act that could not even begin is answered as
 * fenced: it did nothing, and the run stops where the host settles by itself.
 *
 * @throws EvenkeelError `docker-unavailable` where Docker itself did not answer, so that nothing is known.
 */
export function answerOrFenced<T>(output: Output, done: (lines: readonly string[]) => T): T | "fenced" {
  if (output.code === DOCKER_FAILED) throw dockerAway(output);
  return output.code === BUSY || output.code === FENCED ? "fenced" : done(output.stdout.split("\n"));
}

export function dockerAway({ stderr }: Output): EvenkeelError {
  const said = plain(stderr, 500).trim();
  return new EvenkeelError("docker-unavailable", said === "" ? "The host could not be read." : said);
}

/** The value of the last line that begins with this word. */
export function field(lines: readonly string[], word: string): string | null {
  const line = lines.findLast((candidate) => candidate.startsWith(`${word} `));
  return line === undefined ? null : line.slice(word.length + 1);
}

export function fields(lines: readonly string[], word: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
}

/** A whole number that a host said; 0 when it said something else. */
export function count(text: string | null | undefined): number {
  return /^\d{1,15}$/.test(text ?? "") ? Number(text) : 0;
}

/** JSON that a host said, or null when it is none. */
export function json(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** A JSON string that a host said, without what could confuse a terminal. */
export function jsonText(text: string | null): string {
  const value = json(text);
  return typeof value === "string" ? plain(value, SAID_LIMIT) : "";
}

function failureOf(output: Output): Failure {
  const said = field(output.stdout.split("\n"), "ek-failed");
  const match = /^([a-z-]+) (.*)$/.exec(said ?? "");
  const code = codes.find((known) => known === match?.[1]);
  const stderr = plain(output.stderr, SAID_LIMIT).trim();
  if (code !== undefined) {
    const message = [plain(match?.[2] ?? "", SAID_LIMIT), stderr].filter((part) => part !== "").join(": ");
    return { verdict: "failed", code, message };
  }
  if (output.code === BUSY) {
    const message = "an earlier step of this app and environment has not ended yet on the host";
    return { verdict: "failed", code: "step-failed", message };
  }
  const message = stderr === "" ? `the host's shell ended with exit code ${output.code}` : stderr;
  return { verdict: "failed", code: classify(stderr), message };
}

const codes: readonly FailureCode[] = [
  "registry-unreachable",
  "registry-denied",
  "image-missing",
  "wrong-architecture",
  "disk-full",
  "port-taken",
  "name-taken",
  "docker-unavailable",
  "proxy-failed",
  "container-gone",
  "slot-serving",
  "guard-gone",
  "bad-environment",
  "pre-deploy-failed",
  "step-failed",
];

/** Which failure Docker's own words tell of. The order matters: the more certain signs come first. */
export function classify(said: string): FailureCode {
  return signs.find(([, sign]) => sign.test(said))?.[0] ?? "step-failed";
}

const signs: readonly (readonly [FailureCode, RegExp])[] = [
  ["disk-full", /no space left on device|disk quota exceeded/i],
  [
    "docker-unavailable",
    /cannot connect to the docker daemon|permission denied while trying to connect|is the docker daemon running|docker: (?:command )?not found|error during connect/i,
  ],
  [
    "wrong-architecture",
    /no matching manifest for|image operating system|does not match the (?:detected|specified) .*platform|exec format error/i,
  ],
  [
    "registry-denied",
    /unauthorized|denied|authentication required|no basic auth credentials|incorrect username or password|\b40[13]\b|forbidden/i,
  ],
  [
    "image-missing",
    /manifest unknown|manifest .*not found|name unknown|repository .*not found|no such image|: not found|unable to find image|\b404\b/i,
  ],
  [
    "registry-unreachable",
    /toomanyrequests|too many requests|\b429\b|\b5\d\d\b.*(?:error|unavailable|gateway|status)|unexpected status.*\b5\d\d\b|no such host|connection (?:refused|reset)|i\/o timeout|deadline exceeded|tls handshake|server gave http response|x509|network is unreachable|eof|client\.timeout|temporary failure|filesystem layer verification failed|unexpected commit digest|failed to verify|dial tcp/i,
  ],
  ["port-taken", /port is already allocated|address already in use|failed to bind/i],
  ["name-taken", /the container name .* is already in use/i],
  ["container-gone", /no such container/i],
];

/** Text without control characters and terminal sequences, cut to its last `limit` characters. */
export function plain(text: string, limit: number): string {
  // Cut first, with room for what is stripped: a host may say megabytes.
  const end = text.length > limit * 4 ? text.slice(-limit * 4) : text;
  const stripped = end.replaceAll(terminalSequence, "").replaceAll("\r\n", "\n").replaceAll(control, "");
  return stripped.length > limit ? stripped.slice(-limit) : stripped;
}

const ESC = "\\u001b";
/** Colours and cursor moves, titles and other strings, and the short sequences. */
const terminalSequence = new RegExp(
  `${ESC}(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\u0007${ESC}]*(?:\\u0007|${ESC}\\\\)?|[PX^_][^${ESC}]*(?:${ESC}\\\\)?|[ -/]*[0-~])`,
  "g",
);
/** All but tab and line feed, and the marks that turn the direction of writing. */
const control = /[^\P{C}\t\n]/gu;
