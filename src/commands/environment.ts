import type { Release } from "../core/model.js";
import { quote } from "./quote.js";

/** Longest `NAME=value` that Linux takes as one piece of an environment. */
const PIECE_LIMIT = 131_071;
/** Longest line that Docker's command line reads from an environment file, with room to spare. */
const LINE_LIMIT = 60_000;

export type EnvironmentFiles =
  /** `file` is for `docker --env-file`; `script` is sourced with Docker's options as its arguments. */
  | { readonly verdict: "done"; readonly file: string; readonly script: string }
  | { readonly verdict: "failed"; readonly problem: string };

/**
 * A release's environment as two files. Docker reads one variable per line and drops a carriage return at
 * a line's end, so values that a line cannot hold byte for byte reach Docker's command line through its
 * own environment instead; names that would change that command line or the shell are refused for those.
 */
export function environmentFiles(release: Release, secrets: ReadonlyMap<string, string>): EnvironmentFiles {
  const problems: string[] = [];
  const lines: string[] = [];
  const exports: string[] = [];
  for (const [name, value] of variables(release, secrets, problems)) {
    const problem = problemWith(name, value);
    if (problem !== null) problems.push(`${name}: ${problem}`);
    else if (fitsLine(value)) lines.push(`${name}=${value}`);
    else exports.push(`export ${name}=${quote(value)}; set -- --env ${name} "$@"`);
  }
  // A container carries its release as one label, which Docker's command line gets as one piece.
  if (problems.length === 0 && bytes(JSON.stringify(release)) > PIECE_LIMIT - 1_000)
    problems.push("the release with all its variables is longer than 127 KiB: give long values as secrets");
  if (problems.length > 0) return { verdict: "failed", problem: problems.join("; ") };
  // The first line is not a variable's: Docker takes a byte order mark away from the start of the file.
  const file = ["# evenkeel", ...lines, ""].join("\n");
  return { verdict: "done", file, script: ["# evenkeel", ...exports, ""].join("\n") };
}

function variables(
  release: Release,
  secrets: ReadonlyMap<string, string>,
  problems: string[],
): ReadonlyMap<string, string> {
  const all = new Map(Object.entries(release.runtime.env));
  for (const name of release.runtime.secretNames) {
    const value = secrets.get(name);
    if (value === undefined) problems.push(`${name}: the secret was not given`);
    else all.set(name, value);
  }
  return all;
}

function problemWith(name: string, value: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return "not a name for an environment variable";
  if (value.includes("\0")) return "contains a NUL byte, which no environment can hold";
  if (!value.isWellFormed()) return "is not valid Unicode";
  if (bytes(`${name}=${value}`) > PIECE_LIMIT) return "is longer than 128 KiB";
  if (!fitsLine(value) && reserved.test(name)) {
    return "has several lines, and under this name they would change the host's own commands";
  }
  return null;
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

function fitsLine(value: string): boolean {
  return !/[\n\r]/.test(value) && bytes(value) < LINE_LIMIT;
}

/** Read by Docker's command line, by the Go runtime, by the dynamic linker, or by the shell itself. */
const reserved =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|IFS|ENV|CDPATH|PS[0-9]|PPID|OPT(?:IND|ARG|ERR)|LINENO|RANDOM|SRANDOM|SECONDS|EPOCH[A-Z]*|UID|EUID|GROUPS|FUNCNAME|DIRSTACK|HIST[A-Z]*|MAIL[A-Z]*|POSIXLY_CORRECT|TERM|TZ|TMPDIR|LANG|LANGUAGE|GODEBUG|GOMAXPROCS|GOGC|GOMEMLIMIT|GOTRACEBACK|SSH_[A-Z_]*|SSL_CERT_(?:FILE|DIR)|BUILDKIT_.*|COMPOSE_.*|BUILDX_.*|OTEL_.*|NO_COLOR|CLICOLOR.*|DOCKER_.*|LD_.*|LC_.*|XDG_.*|BASH.*|SHELLOPTS|[A-Z]+_PROXY|[a-z]+_proxy|_)$/;
