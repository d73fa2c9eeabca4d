/** The output of an app's containers, for reading along. */
import { type Credentials, hostAccessOf, prepareAccess, tailFor } from "./access.js";
import type { Config } from "./config/config.js";
import { resolveEnvironment } from "./config/environment.js";
import { parseDuration } from "./config/units.js";
import type { Slot } from "./core/model.js";
import { readLogs } from "./effects/host-logs.js";
import { EvenkeelError } from "./errors.js";

export interface LogsOptions {
  /** The environment of `evenkeel.yaml`; may be left out where there is only one. */
  readonly environment?: string;
  /** The app's secrets among them are hidden in what is shown. */
  readonly credentials: Credentials;
  /** Default: the slot that serves. */
  readonly slot?: Slot;
  /** The last so many lines, from 0 to 1 000 000. Default: 100, or all since `since`. */
  readonly lines?: number;
  /** Not before: a duration back from now (`90s`, `10m`, `1h30m`), or a time in ISO 8601. */
  readonly since?: string;
  /** Goes on with what is yet to come, until the container stops or `signal` is given. Default: false. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The lines that a container has written, and with `follow` those that it is going to write. It only reads: no
 * lock is taken, and a deploy that is under way is neither waited for nor disturbed. Control characters are
 * left out. Ending the iteration, or the signal, ends the reading on the host as well.
 *
 * @throws EvenkeelError `usage` at once; `container-gone` where there is no container, `lost`, and what
 *   connecting throws, when the first line is asked for
 */
export function logs(config: Config, options: LogsOptions): AsyncGenerator<string, void, undefined> {
  const asked = {
    slot: slotOf(options.slot),
    lines: linesOf(options),
    since: options.since === undefined ? null : sinceOf(options.since),
    follow: options.follow ?? false,
  };
  const access = prepareAccess(resolveEnvironment(config, options.environment), options.credentials, false);
  return redactedLines(readLogs(hostAccessOf(access), tailFor(access, asked), options.signal), access.redact);
}

async function* redactedLines(
  lines: AsyncGenerator<string, void, undefined>,
  redact: (text: string) => string,
): AsyncGenerator<string, void, undefined> {
  for await (const line of lines) yield redact(line);
}

function slotOf(slot: string | undefined): Slot | null {
  if (slot === undefined || slot === "") return null;
  if (slot === "blue" || slot === "green") return slot;
  throw new EvenkeelError("usage", `There is no slot ${JSON.stringify(slot)}.`, {
    why: "An app has two places on a host, blue and green.",
    next: "Name one of them: `--slot=blue` or `--slot=green`; without it the one that serves is shown.",
  });
}

function linesOf({ lines, since }: LogsOptions): number | null {
  if (lines === undefined) return since === undefined ? 100 : null;
  if (Number.isInteger(lines) && lines >= 0 && lines <= 1_000_000) return lines;
  throw new EvenkeelError("usage", `${lines} is no number of lines.`, {
    why: "The last lines are shown, and how many is a whole number from 0 to 1000000.",
    next: "Give such a number, as `--lines=200`.",
  });
}

function sinceOf(since: string): string {
  const ms = parseDuration(since);
  // In seconds, because Docker has units of its own.
  if (ms !== null) return `${Math.ceil(ms / 1000)}s`;
  const time = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?$/.test(since)
    ? Date.parse(since)
    : Number.NaN;
  if (Number.isFinite(time)) return new Date(time).toISOString();
  throw new EvenkeelError("usage", `${JSON.stringify(since)} is neither a duration nor a time.`, {
    why: "The logs are shown from a moment on.",
    next: "Give a duration back from now, as `--since=10m`, or a time, as `--since=2026-11-23T15:00:00Z`.",
  });
}
