import type { LedgerEntry } from "../core/model.js";

/**
 * The four delivery metrics as DORA defines them (https://dora.dev/guides/dora-metrics-four-keys/), read from
 * the ledger of one environment:
 *
 * - A *deployment* is a revision that took traffic and whose end is known. One that was aborted before the
 *   switch never reached a visitor, and one that was only reverted because its run was cut off says nothing.
 * - *Lead time*: from the commit to its promotion, where the image tells when the commit was made. Median.
 * - A deployment *failed* when it was rolled back in its bake, halted, or left by a rollback later. A release
 *   that was mended by the next deploy without a rollback cannot be told from a good one.
 * - *Time to restore*: from the moment a failed deployment took traffic until the previous release had it
 *   again, or the next good deployment was promoted. Median.
 */
export interface DeliveryFigures {
  /** ISO 8601; the period looked at: the last 90 days, or since the ledger begins. Null without any entry. */
  readonly from: string | null;
  readonly days: number;
  readonly deployments: number;
  /** Null for a period shorter than a week, which no rate can be told from. */
  readonly deploymentsPerWeek: number | null;
  readonly leadTime: {
    readonly medianMs: number | null;
    /** Of how many promoted deployments the time of the commit is known, and how many there are. */
    readonly known: number;
    readonly of: number;
  };
  /** `rate` from 0 to 1; null without any deployment. */
  readonly changeFailures: { readonly failed: number; readonly rate: number | null };
  /** `open`: failures that nothing has made good yet. */
  readonly timeToRestore: {
    readonly medianMs: number | null;
    readonly restored: number;
    readonly open: number;
  };
}

const DAY_MS = 86_400_000;
const PERIOD_MS = 90 * DAY_MS;

/** @param now milliseconds since 1970; a host whose clock is ahead moves it on */
export function deliveryFigures(ledger: readonly LedgerEntry[], now: number): DeliveryFigures {
  const timed = ledger
    .map((entry) => ({ ...entry, ms: Date.parse(entry.at) }))
    .filter(({ ms }) => Number.isFinite(ms));
  const endMs = Math.max(now, ...timed.map(({ ms }) => ms));
  const fromMs = Math.max(endMs - PERIOD_MS, timed[0]?.ms ?? endMs);
  const all = deploymentsIn(timed).filter(({ switchedMs }) => switchedMs >= fromMs);
  const promoted = all.filter((one) => one.promotedMs !== null);
  const leads = promoted.flatMap(({ promotedMs, committedMs }) =>
    promotedMs === null || committedMs === null ? [] : [Math.max(0, promotedMs - committedMs)],
  );
  const failed = all.filter((one) => one.failed);
  const restores = failed.flatMap(({ switchedMs, restoredMs }) =>
    restoredMs === null ? [] : [Math.max(0, restoredMs - switchedMs)],
  );
  const days = (endMs - fromMs) / DAY_MS;
  return {
    from: timed.length === 0 ? null : new Date(fromMs).toISOString(),
    days: Math.round(days * 10) / 10,
    deployments: all.length,
    deploymentsPerWeek: days < 7 ? null : (all.length / days) * 7,
    leadTime: { medianMs: median(leads), known: leads.length, of: promoted.length },
    changeFailures: { failed: failed.length, rate: all.length === 0 ? null : failed.length / all.length },
    timeToRestore: {
      medianMs: median(restores),
      restored: restores.length,
      open: failed.length - restores.length,
    },
  };
}

export function describeFigures(figures: DeliveryFigures): string {
  const { deployments, deploymentsPerWeek, leadTime, changeFailures, timeToRestore, days } = figures;
  if (deployments === 0) return "delivery    no deployment has taken traffic yet";
  const rate = deploymentsPerWeek === null ? "" : ` (${deploymentsPerWeek.toFixed(1)} a week)`;
  const percent = Math.round((changeFailures.rate ?? 0) * 1000) / 10;
  const lead =
    leadTime.medianMs === null
      ? "unknown: no image tells when its commit was made"
      : `${span(leadTime.medianMs)} from commit to promotion (median of ${leadTime.known}${leadTime.known < leadTime.of ? `; of ${leadTime.of - leadTime.known} unknown` : ""})`;
  const restore =
    changeFailures.failed === 0
      ? "nothing had to be restored"
      : [
          ...(timeToRestore.medianMs === null
            ? []
            : [`${span(timeToRestore.medianMs)} (median of ${timeToRestore.restored})`]),
          ...(timeToRestore.open === 0 ? [] : [`${timeToRestore.open} not made good yet`]),
        ].join("; ");
  return [
    `deployments ${deployments} in ${count(days)}${rate}`,
    `lead time   ${lead}`,
    `failures    ${changeFailures.failed} of ${deployments} (${percent} %) rolled back or halted`,
    `to restore  ${restore}`,
  ].join("\n");
}

interface Deployment {
  readonly revision: number;
  readonly switchedMs: number;
  promotedMs: number | null;
  committedMs: number | null;
  failed: boolean;
  restoredMs: number | null;
}

type Timed = LedgerEntry & { readonly ms: number };

/** In the order in which they took traffic; those whose end is not known are left out. */
function deploymentsIn(ledger: readonly Timed[]): readonly Deployment[] {
  const known = new Map<number, Deployment>();
  /** Revisions under way as a deployment; going back to one is none. */
  const open = new Set<number>();
  const ended = new Set<number>();
  const restore = (ms: number, except: number) => {
    for (const one of known.values()) if (one.failed && one.revision !== except) one.restoredMs ??= ms;
  };
  for (const entry of ledger) {
    const { revision, ms } = entry;
    const own = known.get(revision);
    if (entry.event === "switched" && own === undefined) {
      known.set(revision, begun(revision, ms));
      open.add(revision);
    }
    const first = open.has(revision) ? own : undefined;
    if (entry.event === "promoted") {
      if (first !== undefined) {
        first.promotedMs = ms;
        first.committedMs = milliseconds(entry.committedAt);
        ended.add(revision);
      }
      const left = known.get(entry.left ?? 0);
      if (left !== undefined) {
        left.failed = true;
        ended.add(left.revision);
      }
      restore(ms, revision);
    }
    if ((entry.event === "rolled-back" || entry.event === "halted") && first !== undefined) {
      first.failed = true;
      if (entry.event === "rolled-back") first.restoredMs = ms;
      ended.add(revision);
    }
    if (entry.event !== "switched" && entry.event !== "started") open.delete(revision);
  }
  return [...known.values()].filter(({ revision }) => ended.has(revision));
}

function begun(revision: number, ms: number): Deployment {
  return {
    revision,
    switchedMs: ms,
    promotedMs: null,
    committedMs: null,
    failed: false,
    restoredMs: null,
  };
}

function milliseconds(at: string | undefined): number | null {
  const ms = Date.parse(at ?? "");
  return Number.isFinite(ms) ? ms : null;
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return null;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Two units at most: `3 d 4 h`, `12 min`, `8 s`. */
function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function count(days: number): string {
  return days < 2 ? `${Math.max(1, Math.round(days * 24))} h` : `${Math.round(days)} days`;
}
