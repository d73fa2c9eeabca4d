import { deploy } from "../../src/core/deploy.js";
import type { HostView, Outcome, Reply, Step, StepKind, StepOf } from "../../src/core/model.js";
import type { Script } from "../../src/core/script.js";
import { createRedactor } from "../../src/effects/redactor.js";
import { type Reporter, type RunStart, silentReporter, tellAll } from "../../src/effects/reporter.js";
import { run } from "../../src/effects/run.js";
import { assembleReport } from "../../src/report/assemble-report.js";
import { createRecorder, type RunReport } from "../../src/report/run-report.js";
import { aBake, anImage, aRelease, aRequest, aRuntime } from "./builders.js";
import { type Behaviour, healthy } from "./simulated-container.js";
import { aSimulatedHost, type SimulatedHost } from "./simulated-host.js";

export function aStart(differs: Partial<RunStart> = {}): RunStart {
  return {
    does: "deploy",
    ...{ app: "shop", environment: "production", host: "shop.example.com", url: "https://shop.example.com/" },
    ...{ image: anImage("v2"), commit: null, holder: "robot@ci#0a1b2c3d", reason: "deploy v2" },
    startedAt: "2030-01-02T03:04:05.000Z",
    ...differs,
  };
}

/** The release that a told run deploys, and the one that serves before it. */
export const served = aRelease({
  commit: "1".repeat(40),
  runtime: aRuntime({ env: { LOG_LEVEL: "info", GONE: "1" } }),
});
export const next = aRelease({
  image: anImage("v2"),
  commit: "2".repeat(40),
  configHash: "config-2",
  runtime: aRuntime({
    env: { LOG_LEVEL: "debug", API_TOKEN: "plain-but-secret" },
    secretNames: ["DATABASE_URL"],
    bake: aBake({ durationMs: 10_000 }),
  }),
});

export interface ToldRun {
  readonly report: RunReport;
  readonly host: SimulatedHost;
}

/** A deploy to the simulated host, told as a real one is. */
export async function toldRun(
  behaviour: Partial<Behaviour> = {},
  options: {
    readonly host?: SimulatedHost;
    readonly script?: Script<Outcome>;
    readonly start?: Partial<RunStart>;
    readonly reporter?: Reporter;
  } = {},
): Promise<ToldRun> {
  const host = options.host ?? aSimulatedHost(served, { [anImage("v2")]: { ...healthy, ...behaviour } });
  const clock = { nowMs: () => host.nowMs, sleep: async () => {} };
  const before = host.observe() as HostView;
  const recorder = createRecorder(clock);
  const start = aStart({ commit: next.commit, ...options.start });
  const teller = tellAll([recorder, options.reporter ?? silentReporter]);
  teller.start?.(start);
  const ask = async (step: Step): Promise<Reply> => {
    const answer = host.act(step as StepOf<StepKind>);
    return answer === "fenced"
      ? { kind: "fenced", nowMs: host.nowMs }
      : { kind: "answer", nowMs: host.nowMs, answer };
  };
  const { secretsHash: _, ...release } = next;
  const script = options.script ?? deploy(aRequest({ release }));
  const summary = await run(script, { ask: ask as never }, teller, clock);
  const report = assembleReport(
    {
      start,
      summary,
      recorded: recorder.recorded(),
      before,
      release: options.script === undefined ? release : null,
    },
    createRedactor([]),
  );
  return { report, host };
}
