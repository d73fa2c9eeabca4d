import { passes } from "../core/gate.js";
import type { Phase, Slot } from "../core/model.js";
import type { Clock } from "../effects/clock.js";
import type { HealthReport, Reporter, RunStart, RunSummary, SlotHealth } from "../effects/reporter.js";
import { describePhase } from "../effects/reporters/lines-reporter.js";
import { type Activity, activityBetween } from "../effects/timeline.js";
import type { ErrorCode } from "../errors.js";
import type { Changes } from "./changes.js";

/** Everything that is known of a run when it is over, successful or not. Free of the secrets it was given. */
export interface RunReport extends RunSummary {
  /** One sentence: what the host runs now, and why. */
  readonly text: string;
  readonly start: RunStart;
  /** ISO 8601: the start, and as much later as the run took. */
  readonly endedAt: string;
  readonly phases: readonly PhasePoint[];
  readonly notes: readonly NotePoint[];
  /** Looks at the containers, in order; neighbours are added up where there are very many. */
  readonly health: readonly HealthPoint[];
  /** Null where nothing was to be changed, or it is not known what. */
  readonly changes: Changes | null;
  /** Null after a success. */
  readonly failure: { readonly code: ErrorCode; readonly why: string; readonly next: string } | null;
}

/** Times are in milliseconds since the start of the run. */
export interface PhasePoint {
  readonly phase: Phase["phase"];
  /** What was done to get there. */
  readonly activity: Activity;
  readonly atMs: number;
  readonly tookMs: number;
  readonly words: string;
  /** Of the release that the phase is about. */
  readonly revision: number | null;
}

export interface NotePoint {
  readonly atMs: number;
  readonly level: "info" | "warning";
  readonly text: string;
}

export interface HealthPoint {
  readonly atMs: number;
  readonly during: HealthReport["during"];
  readonly slots: readonly SlotPoint[];
}

export interface SlotPoint {
  readonly slot: Slot;
  readonly revision: number | null;
  readonly probes: number;
  readonly failedProbes: number;
  /** Of the probes. */
  readonly slowestMs: number;
  /** Status of the last one; null when no answer came. */
  readonly lastStatus: number | null;
  readonly lastDetail: string;
  /** Null when the access log could not be read. */
  readonly requests: number | null;
  readonly failures: number;
  readonly slow: number;
}

export type Recorded = Pick<RunReport, "phases" | "notes" | "health">;

export interface Recorder extends Reporter {
  recorded(): Recorded;
}

/** More points than this are on no screen, and a bake may last a day. */
const MOST_POINTS = 1_000;
const MOST_NOTES = 500;

/** Keeps what a report needs. */
export function createRecorder(clock: Pick<Clock, "nowMs">): Recorder {
  const startedMs = clock.nowMs();
  const now = () => Math.round(clock.nowMs() - startedMs);
  const phases: PhasePoint[] = [];
  const notes: NotePoint[] = [];
  let health: HealthPoint[] = [];
  return {
    phase: ({ at, from, tookMs }) => {
      if (at.phase === "idle") return;
      phases.push({
        phase: at.phase,
        activity: activityBetween(from, at.phase),
        atMs: now(),
        tookMs: Math.round(tookMs),
        words: describePhase(at),
        revision: "revision" in at ? at.revision : null,
      });
    },
    note: (level, text) => {
      if (notes.length < MOST_NOTES) notes.push({ atMs: now(), level, text });
    },
    health: ({ during, slots }) => {
      health.push({ atMs: now(), during, slots: slots.map(pointOf) });
      if (health.length > MOST_POINTS) health = halved(health);
    },
    summary: () => {},
    recorded: () => ({ phases, notes, health }),
  };
}

function pointOf({ slot, revision, answers, traffic }: SlotHealth): SlotPoint {
  const last = answers.at(-1);
  return {
    slot,
    revision,
    probes: answers.length,
    failedProbes: answers.filter((answer) => !passes(answer)).length,
    slowestMs: Math.max(0, ...answers.map(({ durationMs }) => durationMs)),
    lastStatus: last?.status ?? null,
    lastDetail: (last?.detail ?? "").slice(0, 300),
    requests: traffic?.requests ?? null,
    failures: traffic?.failures ?? 0,
    slow: traffic?.slow ?? 0,
  };
}

/** Each look with the one after it, where both are of the same slots. */
function halved(points: readonly HealthPoint[]): HealthPoint[] {
  const result: HealthPoint[] = [];
  for (let index = 0; index < points.length; index += 2) {
    const [one, other] = [points[index], points[index + 1]];
    if (one === undefined) continue;
    const alike = other !== undefined && one.during === other.during && placesOf(one) === placesOf(other);
    if (alike) result.push({ ...other, slots: other.slots.map((slot, at) => merged(one.slots[at], slot)) });
    else result.push(one, ...(other === undefined ? [] : [other]));
  }
  return result;
}

function placesOf({ slots }: HealthPoint): string {
  return slots.map(({ slot, revision }) => `${slot}${revision}`).join();
}

function merged(one: SlotPoint | undefined, other: SlotPoint): SlotPoint {
  if (one === undefined) return other;
  const known = one.requests !== null || other.requests !== null;
  return {
    ...other,
    probes: one.probes + other.probes,
    failedProbes: one.failedProbes + other.failedProbes,
    slowestMs: Math.max(one.slowestMs, other.slowestMs),
    requests: known ? (one.requests ?? 0) + (other.requests ?? 0) : null,
    failures: one.failures + other.failures,
    slow: one.slow + other.slow,
  };
}
