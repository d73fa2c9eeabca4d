/** A run from its beginning to the report of it: joins a script with a host, and with all who are told. */
import { type Access, openEnvironment } from "./access.js";
import type { DeployRequest, HostView, Outcome } from "./core/model.js";
import type { Script } from "./core/script.js";
import { servingContainer } from "./core/serving.js";
import { systemClock } from "./effects/clock.js";
import type { Host } from "./effects/host.js";
import { type Redact, redacted, redactOutcome } from "./effects/redactor.js";
import {
  type Reporter,
  type RunStart,
  type RunSummary,
  silentReporter,
  tellAll,
} from "./effects/reporter.js";
import { describeOutcome } from "./effects/reporters/descriptions.js";
import { run } from "./effects/run.js";
import { CATALOGUE, describe, EvenkeelError } from "./errors.js";
import { type Changes, changesBetween } from "./report/changes.js";
import { createRecorder, type PhasePoint, type RunReport } from "./report/run-report.js";

interface Told {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
}

/** What is done, for the report. */
type Undertaking = Pick<RunStart, "does" | "image" | "commit" | "holder" | "reason"> & {
  /** Null where the host chooses it. */
  readonly release: DeployRequest["release"] | null;
};

/** Runs a script that ends in an outcome; anything but a success is thrown, so that no caller can miss it. */
export async function tell(
  access: Access,
  options: Told,
  script: Script<Outcome>,
  { release, ...doing }: Undertaking,
): Promise<RunReport> {
  const { environment, redact } = access;
  const recorder = createRecorder(systemClock);
  const teller = redacted(tellAll([options.reporter ?? silentReporter, recorder]), redact);
  const start: RunStart = {
    ...doing,
    ...{ app: environment.key.app, environment: environment.name, host: environment.host.address },
    url: environment.publicUrl,
    startedAt: new Date().toISOString(),
  };
  teller.start?.(start);
  const { summary, before } = await followed(access, options.signal, script, teller).catch(
    (error: unknown) => {
      const code = error instanceof EvenkeelError ? error.code : "bug";
      teller.failed?.({ code, message: describe(error) });
      throw error;
    },
  );
  const outcome = redactOutcome(summary.outcome, redact);
  const { phases, notes, health } = recorder.recorded();
  const failed = outcome.phase === "promoted" || outcome.phase === "nothing-to-do" ? null : outcome;
  const changes = outcome.phase === "nothing-to-do" ? null : changesOf(before, phases, release);
  const report: RunReport = {
    ...{ outcome, timeline: summary.timeline, totalMs: summary.totalMs },
    text: redact(describeOutcome(outcome)),
    start: { ...start, holder: redact(start.holder), reason: redact(start.reason) },
    endedAt: new Date().toISOString(),
    ...{ phases, notes, health },
    changes: changes === null ? null : redactChanges(changes, redact),
    failure:
      failed === null
        ? null
        : { code: failed.code, why: CATALOGUE[failed.code].cause, next: CATALOGUE[failed.code].next },
  };
  if (failed === null) return report;
  const logs = failed.logs.trim();
  throw new EvenkeelError(
    failed.code,
    logs === "" ? report.text : `${report.text}\n\nIts last logs:\n${logs}\n`,
    { report },
  );
}

/** The run itself, and what the host showed before it. */
async function followed(
  access: Access,
  signal: AbortSignal | undefined,
  script: Script<Outcome>,
  reporter: Reporter,
): Promise<{ readonly summary: RunSummary; readonly before: HostView | null }> {
  const host = await openEnvironment(access, signal);
  try {
    const { seeing, first } = keepingFirstView(host);
    const summary = await run(script, seeing, reporter);
    return { summary, before: first() };
  } finally {
    host.close();
  }
}

/** What was there before this run: the first thing that the host showed. */
function keepingFirstView(host: Host): { readonly seeing: Pick<Host, "ask">; first(): HostView | null } {
  let first: HostView | null = null;
  return {
    seeing: {
      ask: async (step) => {
        const reply = await host.ask(step);
        if (first === null && step.kind === "observe" && reply.kind === "answer")
          first = reply.answer as HostView;
        return reply;
      },
    },
    first: () => first,
  };
}

function changesOf(
  view: HostView | null,
  phases: readonly PhasePoint[],
  asked: DeployRequest["release"] | null,
): Changes | null {
  if (view === null) return null;
  const recordOf = (revision: number | null) =>
    view.releases.find((record) => record.revision === revision) ?? null;
  const revision = phases.find((point) => point.revision !== null)?.revision ?? null;
  const serving = servingContainer(view);
  const before = serving === null ? null : recordOf(serving.revision);
  const after =
    asked === null
      ? recordOf(revision)
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
