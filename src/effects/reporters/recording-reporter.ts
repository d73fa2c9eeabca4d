import type {
  HealthReport,
  PhaseReport,
  Reporter,
  RunFailure,
  RunStart,
  RunSummary,
  StepReport,
} from "../reporter.js";

export type Recorded =
  | ({ readonly kind: "start" } & RunStart)
  | ({ readonly kind: "phase" } & PhaseReport)
  | { readonly kind: "note"; readonly level: "info" | "warning"; readonly text: string }
  | { readonly kind: "step"; readonly step: StepReport }
  | ({ readonly kind: "health" } & HealthReport)
  | ({ readonly kind: "failed" } & RunFailure)
  | ({ readonly kind: "summary" } & RunSummary);

/** Keeps what it is told, in order, for whoever wants to look at it afterwards. */
export interface RecordingReporter extends Reporter {
  readonly records: readonly Recorded[];
}

export function createRecordingReporter(): RecordingReporter {
  const records: Recorded[] = [];
  return {
    records,
    start: (start) => records.push({ kind: "start", ...start }),
    phase: (report) => records.push({ kind: "phase", ...report }),
    note: (level, text) => records.push({ kind: "note", level, text }),
    step: (step) => records.push({ kind: "step", step }),
    health: (health) => records.push({ kind: "health", ...health }),
    failed: (failure) => records.push({ kind: "failed", ...failure }),
    summary: (summary) => records.push({ kind: "summary", ...summary }),
  };
}
