/** One request as the generator saw it; times in milliseconds since 1970, from a clock that never jumps. */
export interface Sample {
  readonly kind: "read" | "write";
  /** When it was due by the schedule, not when the generator got round to it: a stalled server must not hide requests. */
  readonly dueAt: number;
  /** How late the generator itself sent it; large values mean that this machine, not the server, was busy. */
  readonly lagMs: number;
  /** From `dueAt` to the last byte of the answer, or to the failure. */
  readonly durationMs: number;
  /** Null for an accepted answer; else the status (`HTTP 502`) or the reason that there was none (`ECONNRESET`). */
  readonly failure: string | null;
  readonly connection: "kept" | "new";
  /** What the answer's header `x-answered-by` said, which tells releases apart; null without one. */
  readonly answeredBy: string | null;
}

export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What happened to the requests that were due between two marks. */
export interface Interval {
  readonly label: string;
  readonly durationMs: number;
  readonly requests: number;
  readonly failed: number;
  readonly reads: { readonly requests: number; readonly failed: number };
  readonly writes: { readonly requests: number; readonly failed: number };
  /** How often each reason occurred, as `write HTTP 500` or `read ECONNRESET`. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Time from the first failure's due time to the last one's; 0 with less than two failures. */
  readonly failingForMs: number;
  /** Over every request, failed ones too. */
  readonly latencies: Latencies;
  readonly maxLagMs: number;
}

export interface Failure {
  readonly at: string;
  readonly kind: "read" | "write";
  readonly connection: "kept" | "new";
  readonly reason: string;
  readonly durationMs: number;
}

export interface TrafficReport {
  readonly intervals: readonly Interval[];
  readonly requests: number;
  readonly failed: number;
  /** Every failure, in order of due time. */
  readonly failures: readonly Failure[];
  /** Names whose creation was answered with success: each must be found when read back. */
  readonly acknowledged: readonly string[];
  /** Names whose creation failed or was never answered: each may or may not exist. */
  readonly unacknowledged: readonly string[];
}

/** Sums up the samples of one interval, which need not be in order. */
export function summarise(label: string, durationMs: number, samples: readonly Sample[]): Interval {
  const failures = samples.filter((sample) => sample.failure !== null);
  const failedAt = failures.map((sample) => sample.dueAt).sort(ascending);
  return {
    label,
    durationMs,
    requests: samples.length,
    failed: failures.length,
    reads: count(samples, "read"),
    writes: count(samples, "write"),
    reasons: tally(failures),
    failingForMs: (failedAt.at(-1) ?? 0) - (failedAt[0] ?? 0),
    latencies: latencies(samples.map((sample) => sample.durationMs)),
    maxLagMs: samples.reduce((most, sample) => Math.max(most, sample.lagMs), 0),
  };
}

export function describeFailure(sample: Sample): Failure {
  return {
    at: new Date(sample.dueAt).toISOString(),
    kind: sample.kind,
    connection: sample.connection,
    reason: sample.failure ?? "",
    durationMs: sample.durationMs,
  };
}

function count(samples: readonly Sample[], kind: Sample["kind"]): { requests: number; failed: number } {
  const own = samples.filter((sample) => sample.kind === kind);
  return { requests: own.length, failed: own.filter((sample) => sample.failure !== null).length };
}

function tally(failures: readonly Sample[]): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const { kind, failure } of failures) {
    const reason = `${kind} ${failure}`;
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return reasons;
}

export function latencies(durations: readonly number[]): Latencies {
  const sorted = [...durations].sort(ascending);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) ?? 0 };
}

function ascending(a: number, b: number): number {
  return a - b;
}
