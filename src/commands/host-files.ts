import type {
  GuardOutcome,
  GuardView,
  LedgerEntry,
  LedgerEvent,
  LockView,
  Release,
  Slot,
} from "../core/model.js";
import { count, json, jsonText, plain } from "./answer.js";
import { isRecord } from "./containers.js";

/** The host's clock that survives changes of the wall clock, and the boot it belongs to. */
export interface HostClock {
  readonly uptimeMs: number;
  readonly bootId: string;
}

/** Fence, lease, boot id, end of the lease, holder, reason. A reboot ends the lease. */
export function parseLock(lines: readonly string[], clock: HostClock): LockView | null {
  const [fence, , bootId, until, holder, reason] = lines;
  if (count(fence) === 0) return null;
  return {
    holder: jsonText(holder ?? null),
    reason: jsonText(reason ?? null),
    fence: count(fence),
    remainingMs: bootId === clock.bootId ? Math.max(0, count(until) - clock.uptimeMs) : 0,
  };
}

/** Lines of a name and a value, as the guardian reads them. */
export function parseGuard(lines: readonly string[], clock: HostClock): GuardView | null {
  const value = pairs(lines);
  const live = slot(value.live);
  const previous = slot(value.previous);
  if (value.token === undefined || live === null || previous === null) return null;
  const rebooted = value.hostboot !== clock.bootId || clock.uptimeMs < count(value.armed);
  return {
    token: value.token,
    fence: count(value.fence),
    revision: count(value.revision),
    live,
    previous,
    remainingMs: rebooted ? 0 : Math.max(0, count(value.until) - clock.uptimeMs),
  };
}

export function parseOutcome(lines: readonly string[]): GuardOutcome | null {
  const value = pairs(lines);
  const serving = slot(value.serving);
  const verdict = value.verdict;
  if (value.token === undefined || serving === null || (verdict !== "reverted" && verdict !== "halted"))
    return null;
  return { token: value.token, revision: count(value.revision), verdict, serving };
}

/** The ledger's lines; those that are none (a cut last line, foreign text) are left out and counted. */
export function parseLedger(lines: readonly string[]): {
  readonly entries: readonly LedgerEntry[];
  readonly unreadable: number;
} {
  const entries = lines.map(ledgerEntry).filter((entry) => entry !== null);
  return { entries, unreadable: lines.length - entries.length };
}

function ledgerEntry(line: string): LedgerEntry | null {
  const said = json(line);
  if (!isRecord(said)) return null;
  const event = events.find((known) => known === said.event);
  const { revision, fence, left } = said;
  if (event === undefined || !isNumber(revision) || !isNumber(fence)) return null;
  return {
    at: text(said.at),
    fence,
    event,
    revision,
    image: text(said.image),
    commit: typeof said.commit === "string" ? text(said.commit) : null,
    ...(typeof said.committedAt === "string" ? { committedAt: text(said.committedAt) } : {}),
    ...(isNumber(left) ? { left } : {}),
    by: text(said.by),
    reason: text(said.reason),
  };
}

/** One that a revision or a fence can have, and that can still be counted on from. */
function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1_000_000_000;
}

/** A manifest was written by evenkeel itself, so only its frame is checked. */
export function parseRelease(manifest: string | null): Release | null {
  const said = json(manifest);
  if (!isRecord(said) || typeof said.image !== "string" || typeof said.configHash !== "string") return null;
  return isRecord(said.runtime) && isRecord(said.runtime.health) ? (said as unknown as Release) : null;
}

const events: readonly LedgerEvent[] = [
  "started",
  "switched",
  "promoted",
  "aborted",
  "rolled-back",
  "reverted",
  "halted",
  "unlocked",
  "proxy",
];

function slot(value: string | undefined): Slot | null {
  return value === "blue" || value === "green" ? value : null;
}

function text(value: unknown): string {
  return typeof value === "string" ? plain(value, 10_000) : "";
}

function pairs(lines: readonly string[]): Partial<Record<string, string>> {
  return Object.fromEntries(lines.map((line) => [line.split(" ", 1)[0], line.slice(line.indexOf(" ") + 1)]));
}
