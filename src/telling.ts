/** A run from its beginning to the report of it: joins a script with a host, and with all who are told. */
import { type Access, openEnvironment } from "./access.js";
import { publicAddressOf } from "./config/public-address.js";
import type { DeployRequest, HostView, Outcome } from "./core/model.js";
import type { Script } from "./core/script.js";
import { systemClock } from "./effects/clock.js";
import type { Host } from "./effects/host.js";
import { consulting, type PromotionGate } from "./effects/promotion-gate.js";
import { redacted } from "./effects/redactor.js";
import {
  type Reporter,
  type RunStart,
  type RunSummary,
  silentReporter,
  tellAll,
} from "./effects/reporter.js";
import { run, SLOW_REPORTERS_MS } from "./effects/run.js";
import { describe, EvenkeelError } from "./errors.js";
import { assembleReport } from "./report/assemble-report.js";
import { createNotifier } from "./report/notifier.js";
import { createRecorder, type RunReport } from "./report/run-report.js";
import { STOPPED_AT_WORK } from "./stopping.js";

interface Told {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
  readonly promotionGate?: PromotionGate;
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
  const notifier = createNotifier(access.webhooks);
  const all = tellAll([options.reporter ?? silentReporter, recorder, notifier]);
  const teller = redacted(all, redact);
  const start: RunStart = {
    ...doing,
    ...{ app: environment.key.app, environment: environment.name, host: environment.host.address },
    url: publicAddressOf(environment),
    startedAt: new Date().toISOString(),
  };
  teller.start?.(start);
  for (const name of access.unknownWebhooks)
    teller.note("warning", `the webhook ${name} will not be told: its address is not among the secrets`);
  const tellProblems = () => {
    for (const problem of notifier.problems()) teller.note("warning", problem);
  };
  const { summary, before } = await followed(access, options, script, teller).catch(
    async (error: unknown) => {
      const code = error instanceof EvenkeelError ? error.code : "bug";
      teller.failed?.({ code, message: describe(error) });
      await all.settled(SLOW_REPORTERS_MS);
      tellProblems();
      throw error;
    },
  );
  tellProblems();
  const report = assembleReport({ start, summary, recorded: recorder.recorded(), before, release }, redact);
  const { failure, outcome } = report;
  if (failure === null) return report;
  if (outcome.phase === "lost" && options.signal?.aborted === true)
    throw new EvenkeelError("stopped", STOPPED_AT_WORK, { report, cause: options.signal.reason });
  const logs = "logs" in outcome ? outcome.logs.trim() : "";
  throw new EvenkeelError(
    failure.code,
    logs === "" ? report.text : `${report.text}\n\nIts last logs:\n${logs}\n`,
    { report },
  );
}

/** The run itself, and what the host showed before it. */
async function followed(
  access: Access,
  { signal, promotionGate }: Told,
  script: Script<Outcome>,
  reporter: Reporter,
): Promise<{ readonly summary: RunSummary; readonly before: HostView | null }> {
  const host = await openEnvironment(access, signal);
  const gated = promotionGate === undefined ? null : consulting(host, promotionGate, signal);
  try {
    const { seeing, first } = keepingFirstView(gated ?? host);
    const summary = await run(script, seeing, reporter);
    return { summary, before: first() };
  } finally {
    gated?.end();
    host.close();
  }
}

/** What was there before this run: the first thing that the host showed. */
function keepingFirstView(host: Pick<Host, "ask">): {
  readonly seeing: Pick<Host, "ask">;
  first(): HostView | null;
} {
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
