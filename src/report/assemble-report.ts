import { recordOf } from "../core/ledger.js";
import type { HostView, Release } from "../core/model.js";
import { servingContainer } from "../core/serving.js";
import { type Redact, redactOutcome } from "../effects/redactor.js";
import type { RunStart, RunSummary } from "../effects/reporter.js";
import { describeOutcome } from "../effects/reporters/descriptions.js";
import { CATALOGUE } from "../errors.js";
import { type Changes, changesBetween } from "./changes.js";
import type { PhasePoint, Recorded, RunReport } from "./run-report.js";

export interface Run {
  readonly start: RunStart;
  readonly summary: RunSummary;
  readonly recorded: Recorded;
  /** What the host showed first; null when it showed nothing. */
  readonly before: HostView | null;
  /** What was to be deployed; null where the host chose it. */
  readonly release: Omit<Release, "secretsHash"> | null;
}

/** The report of a run that is over; what was recorded has been told without secrets already. */
export function assembleReport(
  { start, summary, recorded, before, release }: Run,
  redact: Redact,
): RunReport {
  const outcome = redactOutcome(summary.outcome, redact);
  const changes = outcome.phase === "nothing-to-do" ? null : changesOf(before, recorded.phases, release);
  return {
    ...{ outcome, timeline: summary.timeline, totalMs: summary.totalMs },
    text: redact(describeOutcome(outcome)),
    start: { ...start, holder: redact(start.holder), reason: redact(start.reason) },
    endedAt: new Date(Date.parse(start.startedAt) + summary.totalMs).toISOString(),
    ...recorded,
    changes: changes === null ? null : redactChanges(changes, redact),
    failure:
      outcome.phase === "promoted" || outcome.phase === "nothing-to-do"
        ? null
        : {
            code: outcome.code,
            why: CATALOGUE[outcome.code].cause,
            // In a message the logs stand above it, and in a report elsewhere.
            next: CATALOGUE[outcome.code].next.replace(" above", ""),
          },
  };
}

function changesOf(
  view: HostView | null,
  phases: readonly PhasePoint[],
  asked: Omit<Release, "secretsHash"> | null,
): Changes | null {
  if (view === null) return null;
  const revision = phases.find((point) => point.revision !== null)?.revision ?? null;
  const serving = servingContainer(view);
  const before = serving === null ? null : recordOf(view, serving.revision);
  const after =
    asked === null
      ? revision === null
        ? null
        : recordOf(view, revision)
      : { revision, release: { ...asked, secretsHash: view.desiredSecretsHash } };
  // The route or the proxy alone: the release is the one that was there.
  if (after === null || (revision !== null && revision === before?.revision)) return null;
  return changesBetween(before, after);
}

/** A plain variable may hold what is a secret elsewhere. */
function redactChanges(changes: Changes, redact: Redact): Changes {
  const hidden = (text: string | null) => (text === null ? null : redact(text));
  return {
    ...changes,
    configuration: changes.configuration.map(({ key, before, after }) => ({
      key,
      before: hidden(before),
      after: hidden(after),
    })),
  };
}
