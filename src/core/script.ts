import type {
  Answers,
  Failure,
  Notice,
  Outcome,
  OutcomeCode,
  Phase,
  Reply,
  Step,
  StepKind,
  StepOf,
} from "./model.js";

/**
 * A decision procedure as a story: it yields the steps it wants from a host and the notices it has for
 * people, and is resumed with replies. It holds no clock and does nothing itself, so that a test can
 * replay any history in memory.
 */
export type Script<T> = Generator<Step | Notice, T, Reply | undefined>;

/** What a run carries from step to step: time as told by the replies, and the fence it may act under. */
export interface Run {
  nowMs: number;
  startedMs: number | null;
  readonly deadlineMs: number;
  fence: number;
  /** Why this run's release was not promoted after its switch; it is not tried again after an interruption. */
  rejected: { readonly code: OutcomeCode; readonly reason: string } | null;
  /** The run only puts things in order any more, which no deadline stops. */
  closing: boolean;
  /** The host's guardian cannot be asked, and could not be brought back. */
  guardianLost: boolean;
}

/** Why a script cannot go on from where it is. Caught by the run's outermost story, which reads the host again. */
export class Interruption extends Error {
  constructor(
    readonly why: "lost" | "fenced" | "deadline",
    readonly reconnected: boolean,
    message: string,
  ) {
    super(message);
  }
}

/** Steps that finish or make safe what was begun: they are asked for even when the run's time is over. */
const alwaysAllowed: ReadonlySet<StepKind> = new Set<StepKind>([
  "observe",
  "probe",
  "visit",
  "consult",
  "confirm",
  "point-back",
  "retire",
  "retain",
  "record",
  "logs",
  "unlock",
]);

export function beginRun(deadlineMs: number): Run {
  return {
    nowMs: 0,
    startedMs: null,
    deadlineMs,
    fence: 0,
    rejected: null,
    closing: false,
    guardianLost: false,
  };
}

export function* ask<K extends StepKind>(run: Run, step: StepOf<K>): Script<Answers[K]> {
  if (!alwaysAllowed.has(step.kind) && !mayBegin(run)) {
    throw new Interruption(
      "deadline",
      true,
      `the deploy's own deadline of ${run.deadlineMs / 1000} s is over`,
    );
  }
  const reply = yield step as Step;
  if (reply === undefined) throw new Error(`step ${step.kind} was not answered`);
  run.nowMs = reply.nowMs;
  run.startedMs ??= reply.nowMs;
  if (reply.kind === "lost") throw new Interruption("lost", reply.reconnected, reply.message);
  if (reply.kind === "fenced") throw new Interruption("fenced", true, "another run has taken the lock");
  return reply.answer as Answers[K];
}

/** Whether the run's own time allows for more than finishing what was begun. */
export function mayBegin(run: Run): boolean {
  return run.closing || remainingMs(run) > 0;
}

export function remainingMs(run: Run): number {
  return run.deadlineMs - (run.nowMs - (run.startedMs ?? run.nowMs));
}

export function* enter(at: Phase): Script<void> {
  yield { kind: "phase", at };
}

export function* end(outcome: Outcome): Script<Outcome> {
  yield { kind: "phase", at: outcome };
  return outcome;
}

export function* note(level: "info" | "warning", text: string): Script<void> {
  yield { kind: "note", level, text };
}

/** True for a step's answer that says why it was not done. */
export function isFailure<T extends object>(answer: T | Failure): answer is Failure {
  return "verdict" in answer && answer.verdict === "failed";
}
