import type { Outcome, Phase, Reply, StepKind } from "../core/model.js";
import type { Timeline } from "./timeline.js";

export interface PhaseReport {
  readonly at: Phase;
  /** The phase before; `idle` at the start. */
  readonly from: Phase["phase"];
  /** Since the phase before was reported. */
  readonly tookMs: number;
}

export interface StepReport {
  readonly kind: StepKind;
  readonly tookMs: number;
  readonly reply: Reply["kind"];
}

export interface RunSummary {
  readonly outcome: Outcome;
  readonly timeline: Timeline;
  readonly totalMs: number;
}

/**
 * Who is told how a run goes. A reporter decides nothing, and what it throws must not stop a deploy: the
 * run loop goes on without it.
 */
export interface Reporter {
  phase(report: PhaseReport): void;
  note(level: "info" | "warning", text: string): void;
  step?(report: StepReport): void;
  summary(summary: RunSummary): void;
}

export const silentReporter: Reporter = { phase: () => {}, note: () => {}, summary: () => {} };

/** Tells several reporters; one that throws is left out of that report and keeps the others from nothing. */
export function tellAll(reporters: readonly Reporter[]): Reporter {
  const each = (tell: (reporter: Reporter) => void) => {
    for (const reporter of reporters) {
      try {
        tell(reporter);
      } catch {
        // A closed pipe or a broken tracer is no reason to leave a host between two releases.
      }
    }
  };
  return {
    phase: (report) => each((reporter) => reporter.phase(report)),
    note: (level, text) => each((reporter) => reporter.note(level, text)),
    step: (report) => each((reporter) => reporter.step?.(report)),
    summary: (summary) => each((reporter) => reporter.summary(summary)),
  };
}
