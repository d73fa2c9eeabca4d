import { describeSample, passes } from "./gate.js";
import type { BakePolicy, ContainerView, ProbeReport, Tally, WatchReport } from "./model.js";

/** Consecutive failed probes of the live slot that end a bake. */
export const PROBE_FAILURES = 3;

/** The proxy, which asks every 250 ms, believes in a slot again at the first pass within its time limit. */
const PROXY_RECOVERS_WITHIN_MS = 1_500;

/** Everything a bake has seen so far. */
export interface BakeRecord {
  readonly live: Tally;
  readonly liveFailedProbes: number;
  readonly liveProbes: number;
  readonly standbyFailedProbes: number;
  /** Consecutive passes of the standby: the proof that going back needs. */
  readonly standbyPasses: number;
  /** The host's uptime when both slots last failed their probes; null when they never did. */
  readonly bothFailedAtMs: number | null;
  readonly lastLive: string;
}

export type BakeVerdict =
  | { readonly verdict: "pass"; readonly reason: string }
  | { readonly verdict: "fail"; readonly reason: string }
  | { readonly verdict: "again"; readonly reason: string };

export const emptyTally: Tally = { requests: 0, failures: 0, slow: 0 };

export const emptyBake: BakeRecord = {
  live: emptyTally,
  liveFailedProbes: 0,
  liveProbes: 0,
  standbyFailedProbes: 0,
  standbyPasses: 0,
  bothFailedAtMs: null,
  lastLive: "",
};

export function addReport(record: BakeRecord, report: WatchReport): BakeRecord {
  const live = probeFailures(report.live);
  const standby = report.standby === null ? null : probeFailures(report.standby);
  const { atMs } = report.live;
  const bothFailedAtMs = live.last && standby?.last === true ? atMs : record.bothFailedAtMs;
  // The proxy marks and unmarks two slots that are both unhealthy one after the other: in between it sends
  // to the standby what the live slot could have answered, and that is no failure of the release.
  const doubtful = bothFailedAtMs !== null && atMs - bothFailedAtMs < PROXY_RECOVERS_WITHIN_MS;
  const counted = report.traffic?.slots[report.live.container?.slot ?? "blue"];
  const traffic = doubtful || counted === undefined ? emptyTally : counted;
  return {
    live: addTally(record.live, traffic),
    liveFailedProbes: live.last ? record.liveFailedProbes + live.count : 0,
    liveProbes: record.liveProbes + report.live.samples.length,
    standbyFailedProbes: standby?.last ? record.standbyFailedProbes + standby.count : 0,
    standbyPasses: standby === null || standby.count > 0 ? 0 : record.standbyPasses + standby.of,
    bothFailedAtMs,
    lastLive: describeLast(report.live),
  };
}

/**
 * After the switch: fails at once when the container dies, when probes fail in a row while the standby's
 * pass, or when requests fail or are slow clearly more often than with the previous release. What it
 * cannot tell (too few samples, or both slots failing their probes, which no release explains) extends
 * the bake to its deadline, and then counts as a failure.
 */
export function judgeBake(
  policy: BakePolicy,
  baseline: Tally,
  record: BakeRecord,
  container: { readonly before: ContainerView; readonly now: ContainerView | null },
  elapsedMs: number,
): BakeVerdict {
  const died = describeDeath(container.before, container.now);
  if (died !== null) return { verdict: "fail", reason: died };

  const unhealthy = record.liveFailedProbes >= PROBE_FAILURES;
  const bothUnhealthy = unhealthy && record.standbyFailedProbes > 0;
  if (unhealthy && !bothUnhealthy) {
    return {
      verdict: "fail",
      reason: `${record.liveFailedProbes} health probes failed in a row; last: ${record.lastLive}`,
    };
  }
  const failures = judgeRate(
    "failed",
    baseline.failures,
    baseline.requests,
    record.live.failures,
    record.live.requests,
  );
  if (failures !== null) return { verdict: "fail", reason: failures };
  const slow = judgeRate(
    `took longer than ${policy.slowMs / 1000} s`,
    baseline.slow,
    baseline.requests,
    record.live.slow,
    record.live.requests,
  );
  if (slow !== null) return { verdict: "fail", reason: slow };

  const samples = record.live.requests + record.liveProbes;
  const unclear = bothUnhealthy
    ? "both releases fail their health probes, which the new one alone does not explain"
    : record.liveFailedProbes > 0
      ? `the last health probe failed: ${record.lastLive}`
      : samples < policy.minimumSamples
        ? `${samples} of at least ${policy.minimumSamples} samples`
        : null;
  const limitMs = Math.max(policy.durationMs, policy.deadlineMs);
  if (unclear !== null && elapsedMs >= limitMs)
    return { verdict: "fail", reason: `cannot tell after ${limitMs / 1000} s: ${unclear}` };
  if (unclear === null && elapsedMs >= policy.durationMs) {
    return {
      verdict: "pass",
      reason: `${record.live.requests} requests (${record.live.failures} failed) and ${record.liveProbes} probes`,
    };
  }
  return {
    verdict: "again",
    reason: unclear ?? `${record.live.requests} requests, ${record.live.failures} failed`,
  };
}

/**
 * Compares a failure rate with the previous release's, so that an application that always had 1 % errors
 * can be deployed. One-sided score test at three standard deviations, with three failures to spare and a
 * floor of 0.1 %: about one false alarm in a thousand looks where the rates are in truth equal.
 */
function judgeRate(what: string, before: number, beforeOf: number, now: number, of: number): string | null {
  // A small baseline proves little: pretend one more failure in one more request, and never less than 0.1 %.
  const rate = Math.min(
    1,
    Math.max(0.001, beforeOf >= 100 ? (before + 1) / (beforeOf + 1) : before / Math.max(1, beforeOf)),
  );
  const limit = of * rate + 3 * Math.sqrt(of * rate * (1 - rate)) + 3;
  if (now <= limit) return null;
  const percent = (part: number, whole: number) =>
    `${whole === 0 ? 0 : Math.round((1000 * part) / whole) / 10} %`;
  return `${now} of ${of} requests ${what} (${percent(now, of)}; previous release ${percent(before, beforeOf)})`;
}

function describeDeath(before: ContainerView, now: ContainerView | null): string | null {
  if (now === null || now.id !== before.id) return "the container is gone";
  if (now.oomKilled && !before.oomKilled) return "the container was killed for using too much memory";
  if (now.restarts > before.restarts || now.startedAtSeconds !== before.startedAtSeconds) {
    return "the container died and was restarted";
  }
  if (now.stage !== "running") return `the container exited with code ${now.exitCode}`;
  return null;
}

function probeFailures(report: ProbeReport): { count: number; of: number; last: boolean } {
  const last = report.samples.at(-1);
  return {
    count: report.samples.filter((sample) => !passes(sample)).length,
    of: report.samples.length,
    last: last !== undefined && !passes(last),
  };
}

function describeLast(report: ProbeReport): string {
  const last = report.samples.at(-1);
  return last === undefined ? "not probed" : describeSample(last);
}

/** Both together. */
export function addTally(a: Tally, b: Tally): Tally {
  return { requests: a.requests + b.requests, failures: a.failures + b.failures, slow: a.slow + b.slow };
}
