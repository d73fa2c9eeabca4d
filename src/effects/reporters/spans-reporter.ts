import type { Phase } from "../../core/model.js";
import { printableLine } from "../../errors.js";
import type { PhaseReport, Reporter } from "../reporter.js";
import { activityAfter, activityBetween } from "../timeline.js";

/** The little of a tracer that is needed; the one of the Dagger SDK fits. */
export interface SpanTracer {
  startSpan(name: string): PhaseSpan;
}

export interface PhaseSpan {
  updateName(name: string): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

const STATUS_ERROR = 2;

/**
 * Each activity as a span, begun when it begins, so that a display shows what is under way. What it is
 * called is the likely name at first and corrected when the next phase tells what it was.
 */
export function createSpansReporter(tracer: SpanTracer): Reporter {
  let open: PhaseSpan | null = tracer.startSpan(activityAfter("idle"));

  const enter = ({ at, from }: PhaseReport) => {
    // Neither is an end: a run begins idle, and the bake goes on.
    if (at.phase === "idle" || at.phase === "baking") return;
    open?.updateName(activityBetween(from, at.phase));
    if ("code" in at) open?.setStatus({ code: STATUS_ERROR, message: printableLine(at.reason, 500) });
    open?.end();
    open = ENDS.has(at.phase) ? null : tracer.startSpan(activityAfter(at.phase));
  };

  return {
    phase: enter,
    note: () => {},
    summary: () => {
      open?.end();
      open = null;
    },
  };
}

const ENDS: ReadonlySet<Phase["phase"]> = new Set([
  "promoted",
  "nothing-to-do",
  "aborted",
  "rolled-back",
  "halted",
  "lost",
]);
