import * as fc from "fast-check";
import { deploy } from "../../src/core/deploy.js";
import { acquire } from "../../src/core/locking.js";
import type { Outcome } from "../../src/core/model.js";
import { rollback } from "../../src/core/rollback.js";
import { ask, beginRun, type Script } from "../../src/core/script.js";
import { settled } from "../../src/core/settle.js";
import { aBake, aHealth, anImage, aRelease, aRequest, aRollbackRequest, aRuntime } from "./builders.js";
import { type Oracle, type Violation, watchHost } from "./oracle.js";
import { type Fault, runScript } from "./run-script.js";
import { type Behaviour, healthy } from "./simulated-container.js";
import { aSimulatedHost, SimulatedHost } from "./simulated-host.js";

/** What can become of a host over days, in words that a failing test prints. */

export const BEHAVIOURS = {
  healthy,
  "slow to start": { ...healthy, healthyAfterMs: 8_000 },
  "never healthy": { ...healthy, healthyAfterMs: null },
  "exits at once": { ...healthy, healthyAfterMs: null, exitsAfterMs: 400 },
  "killed for memory": { ...healthy, exitsAfterMs: 2_500, oom: true },
  "crash loop": { ...healthy, exitsAfterMs: 5_500 },
  "crashes once in the bake": { ...healthy, exitsAfterMs: 7_000, exits: "once" },
  flapping: { ...healthy, flapsEveryMs: 5_000 },
  "fails 1 %": { ...healthy, errorRate: 0.01 },
  "dies after the switch": { ...healthy, afterSwitch: { afterMs: 2_000, does: "exits" } },
  "hangs after the switch": { ...healthy, afterSwitch: { afterMs: 1_500, does: "hangs" } },
  "answers 500 after the switch": { ...healthy, afterSwitch: { afterMs: 1_000, does: "answers-500" } },
  "answers 500 with a fine health check": {
    ...healthy,
    afterSwitch: { afterMs: 1_000, does: "answers-500-but-healthy" },
  },
  "fails its health check only": { ...healthy, afterSwitch: { afterMs: 1_000, does: "health-fails" } },
  "vetoed at once": { ...healthy, promotionGate: { afterMs: 0, says: "veto" } },
  "vetoed after the bake": { ...healthy, promotionGate: { afterMs: 7_000, says: "veto" } },
  "agreed to after the bake": { ...healthy, promotionGate: { afterMs: 7_000, says: "promote" } },
  "never decided on": { ...healthy, promotionGate: { afterMs: null, says: "promote" } },
  "dies a minute later": { ...healthy, afterSwitch: { afterMs: 60_000, does: "exits" } },
} satisfies Record<string, Behaviour>;

export type BehaviourName = keyof typeof BEHAVIOURS;

export interface FaultPlan {
  readonly at: number;
  readonly what:
    | "runner dies before"
    | "runner dies after"
    | "connection lost before"
    | "connection lost after"
    | "connection gone before"
    | "connection gone after"
    | "host reboots during"
    | "host reboots during, connection gone"
    | "disk full"
    | "runner pauses"
    | "guardian is removed"
    | "rival meanwhile";
  /** How long, how many, or how far in: seconds of a pause, steps of a full disk, parts of an act. */
  readonly size: number;
}

export type Act =
  | { readonly does: "deploy"; readonly release: BehaviourName; readonly faults: readonly FaultPlan[] }
  | { readonly does: "rollback"; readonly to: number | null; readonly faults: readonly FaultPlan[] }
  | { readonly does: "time passes"; readonly seconds: number }
  | { readonly does: "host reboots" }
  | { readonly does: "serving container dies" }
  | { readonly does: "idle container dies" }
  | { readonly does: "pointer is lost" }
  | { readonly does: "guardian is removed" };

export interface History {
  readonly bare: boolean;
  readonly serving: BehaviourName;
  readonly deadlineSeconds: number;
  readonly acts: readonly Act[];
}

const names = Object.keys(BEHAVIOURS) as BehaviourName[];

/** Half of them healthy: what is broken is dull without something to lose. */
const release = fc.oneof(fc.constant<BehaviourName>("healthy"), fc.constantFrom<BehaviourName>(...names));

const fault: fc.Arbitrary<FaultPlan> = fc.record({
  at: fc.integer({ min: 0, max: 36 }),
  what: fc.constantFrom<FaultPlan["what"]>(
    "runner dies before",
    "runner dies after",
    "connection lost before",
    "connection lost after",
    "connection gone before",
    "connection gone after",
    "host reboots during",
    "host reboots during, connection gone",
    "disk full",
    "runner pauses",
    "guardian is removed",
    "rival meanwhile",
  ),
  size: fc.integer({ min: 0, max: 5 }),
});

const act = (faults: fc.Arbitrary<readonly FaultPlan[]>): fc.Arbitrary<Act> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ does: fc.constant("deploy" as const), release, faults }) },
    {
      weight: 3,
      arbitrary: fc.record({
        does: fc.constant("rollback" as const),
        to: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.integer({ min: 1, max: 4 })),
        faults,
      }),
    },
    fc.record({
      does: fc.constant("time passes" as const),
      seconds: fc.constantFrom(1, 20, 40, 90),
    }),
    fc.constant<Act>({ does: "host reboots" }),
    fc.constant<Act>({ does: "serving container dies" }),
    fc.constant<Act>({ does: "idle container dies" }),
    fc.constant<Act>({ does: "pointer is lost" }),
    fc.constant<Act>({ does: "guardian is removed" }),
  );

/** Up to `most` faults in every run of a history. */
export function histories(most: number): fc.Arbitrary<History> {
  return fc.record({
    bare: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    serving: fc.oneof({ weight: 4, arbitrary: fc.constant<BehaviourName>("healthy") }, release),
    deadlineSeconds: fc.oneof({ weight: 4, arbitrary: fc.constant(600) }, fc.constantFrom(4, 8, 14)),
    acts: fc.array(act(fc.array(fault, { maxLength: most })), { minLength: 1, maxLength: 5 }),
  });
}

export interface Replay {
  readonly violations: readonly Violation[];
  readonly tale: readonly string[];
  readonly host: SimulatedHost;
}

/** Lets a history happen, with the oracle looking on. */
export function replay(history: History): Replay {
  const behaviours: Record<string, Behaviour> = {};
  for (const name of names) behaviours[anImage(name)] = BEHAVIOURS[name];
  const tale: string[] = [];
  const host = history.bare
    ? new SimulatedHost(behaviours)
    : aSimulatedHost(releaseOf(history.serving, 0), behaviours);
  const oracle = watchHost(host);
  host.onlookers.push((happening) => {
    if (happening.kind === "pointed") tale.push(`      ${happening.by} points to ${words(happening.to)}`);
    if (happening.kind === "removing")
      tale.push(`      ${happening.by} removes revision ${happening.container.revision}`);
    if (happening.kind === "refused") tale.push(`      refused: ${happening.step.kind}: ${happening.why}`);
    if (happening.kind === "wrote")
      tale.push(
        `      ledger: ${happening.entry.event} ${happening.entry.revision} (${happening.entry.reason})`,
      );
  });
  const context: Context = { history, host, oracle, tale, runs: { count: 0 } };
  for (const act of history.acts) {
    tale.push(`- ${describeAct(act)}`);
    happen(context, act);
    if (oracle.violations.length > 0) break;
  }
  return { violations: oracle.violations, tale, host };
}

interface Context {
  readonly history: History;
  readonly host: SimulatedHost;
  readonly oracle: Oracle;
  readonly tale: string[];
  readonly runs: { count: number };
}

function happen(context: Context, act: Act): void {
  const { host, oracle } = context;
  switch (act.does) {
    case "deploy":
    case "rollback": {
      tellRun(context, act);
      // Long enough for the guardian, or nobody, to decide; then the next run finds what is left.
      host.advance(70_000);
      oracle.hostIsLeftAlone();
      recover(context);
      return;
    }
    case "time passes":
      host.advance(act.seconds * 1_000);
      return;
    case "host reboots":
      host.goDown();
      host.advance(15_000);
      return;
    case "serving container dies":
      dieForGood(host.live());
      return;
    case "idle container dies":
      dieForGood(host.containers.find((container) => container !== host.live()) ?? null);
      return;
    case "pointer is lost":
      host.pointer = null;
      return;
    case "guardian is removed":
      removeGuardian(host);
      return;
  }
}

function tellRun(context: Context, act: Extract<Act, { does: "deploy" | "rollback" }>): void {
  const { history, host, oracle, tale } = context;
  context.runs.count += 1;
  const number = context.runs.count;
  const holder = `run-${number}`;
  const deadlineMs = history.deadlineSeconds * 1_000;
  const script =
    act.does === "deploy"
      ? deploy(
          aRequest({
            release: releaseOf(act.release, number),
            // A healthy release may have no gate; what the gate says of others is theirs.
            promotionGate: act.release === "healthy" && number % 2 === 0 ? null : { timeoutMs: 5_000 },
            holder,
            deadlineMs,
          }),
        )
      : rollback(aRollbackRequest({ to: act.to, holder, deadlineMs }));
  const watch = oracle.runBegins(act.does, holder);
  const told = runScript(
    script,
    host,
    act.faults.map((plan) => faultOf(context, plan)),
    (step, reply) => {
      if (step.kind !== "wait") {
        const said = reply === "dead" ? "the runner dies" : reply.kind === "answer" ? "" : reply.kind;
        tale.push(`    ${seconds(host)} ${step.kind}${said === "" ? "" : `: ${said}`}`);
      }
      watch.answered(step, reply);
    },
  );
  const { outcome } = told;
  tale.push(
    `    ${seconds(host)} ends: ${
      outcome === null
        ? "the runner died"
        : `${outcome.phase}${"code" in outcome ? `, ${outcome.code}, serving ${outcome.serving}` : ""}: ${outcome.reason}`
    }`,
  );
  watch.ends(outcome, told.tookMs, deadlineMs + GRACE_MS + told.faultMs);
}

/** What making safe may take once a run's time is over: probes, logs and a removal. */
const GRACE_MS = 30_000;

/** The next run settles what it finds; a second one has nothing left to do. */
function recover({ host, oracle, tale }: Context): void {
  host.advance(31_000);
  tale.push("    the next run recovers");
  runScript(recovery("recovery-1"), host);
  oracle.hostWasRecovered();
  const once = snapshot(host);
  const before = stages(host);
  runScript(recovery("recovery-2"), host);
  const twice = snapshot(host);
  // What crashes and starts again by itself is another host each time one looks.
  if (once !== twice && before === stages(host))
    oracle.violations.push({
      invariant: 3,
      atMs: host.nowMs,
      what: `recovering twice differs from once:\n  ${once}\n  ${twice}`,
    });
}

function* recovery(holder: string): Script<Outcome | null> {
  const run = beginRun(600_000);
  const held = yield* acquire(run, holder, "recovery");
  if (held !== null) return held;
  yield* settled(run, holder, null);
  yield* ask(run, { kind: "unlock", fence: run.fence });
  return null;
}

function stages(host: SimulatedHost): string {
  return host.containers.map((container) => `${container.stage} ${host.isHealthy(container)}`).join();
}

function snapshot(host: SimulatedHost): string {
  return JSON.stringify({
    pointer: host.pointer,
    guard: host.guard,
    outcome: host.outcome,
    containers: host.containers.map((container) => container.id),
    ledger: host.ledger.length,
  });
}

function removeGuardian(host: SimulatedHost): void {
  if (host.proxy.guardian === "running") host.proxy = { ...host.proxy, guardian: "absent" };
}

function dieForGood(container: SimulatedHost["containers"][number] | null): void {
  if (container === null || container.stage !== "running") return;
  container.stage = "exited";
  container.exitCode = 137;
  container.restartPolicy = "no";
  container.restartsAtMs = null;
}

function faultOf(context: Context, plan: FaultPlan): Fault {
  const { at, size } = plan;
  switch (plan.what) {
    case "runner dies before":
    case "runner dies after":
      return {
        at,
        what: { kind: "runner-dies", when: plan.what === "runner dies before" ? "before" : "after" },
      };
    case "connection lost before":
    case "connection lost after":
    case "connection gone before":
    case "connection gone after":
      return {
        at,
        what: {
          kind: "connection-lost",
          when: plan.what.endsWith("before") ? "before" : "after",
          reconnects: plan.what.startsWith("connection lost"),
        },
      };
    case "host reboots during":
    case "host reboots during, connection gone":
      return {
        at,
        what: { kind: "host-reboots", parts: size, reconnects: plan.what === "host reboots during" },
      };
    case "disk full":
      return { at, what: { kind: "disk-full", steps: size + 1 } };
    case "runner pauses":
      return { at, what: { kind: "runner-pauses", ms: 1_000 + size * 8_000, meanwhile: null } };
    case "guardian is removed":
      return { at, what: { kind: "runner-pauses", ms: 0, meanwhile: () => removeGuardian(context.host) } };
    case "rival meanwhile":
      return { at, what: { kind: "runner-pauses", ms: 0, meanwhile: () => rival(context, size) } };
  }
}

/** Another run comes after the paused one's lease is over, with a release of its own. */
function rival(context: Context, size: number): void {
  context.host.advance(size >= 3 ? 32_000 : 1_000);
  const release: BehaviourName = size % 2 === 0 ? "healthy" : "dies after the switch";
  context.tale.push("    a rival run:");
  tellRun(context, { does: "deploy", release, faults: [] });
  context.tale.push("    the rival is done");
}

function releaseOf(name: BehaviourName, number: number) {
  const runtime = aRuntime({
    port: number % 3 === 2 ? 4000 : 3000,
    health: aHealth({ passes: 2, intervalMs: 500, deadlineMs: 15_000 }),
    bake: aBake({ durationMs: 5_000, intervalMs: 1_000, minimumSamples: 5, deadlineMs: 12_000 }),
    hotMs: 120_000,
  });
  return aRelease({ image: anImage(name), configHash: `config-${number}`, runtime });
}

export function describeHistory(history: History): string {
  const start = history.bare ? "A bare host." : `Revision 1 serves from blue; it is: ${history.serving}.`;
  return [
    start,
    `Each run has ${history.deadlineSeconds} s.`,
    ...history.acts.map((act) => `- ${describeAct(act)}`),
  ].join("\n");
}

function describeAct(act: Act): string {
  const faults = (plans: readonly FaultPlan[]) =>
    plans.map((plan) => `; at step ${plan.at}: ${plan.what} (${plan.size})`).join("");
  if (act.does === "deploy") return `deploy a release that is: ${act.release}${faults(act.faults)}`;
  if (act.does === "rollback")
    return `rollback to ${act.to === null ? "the newest stable" : `revision ${act.to}`}${faults(act.faults)}`;
  return act.does === "time passes" ? `${act.seconds} s pass` : act.does;
}

function words(pointer: NonNullable<SimulatedHost["pointer"]>): string {
  return pointer.mode === "solo" ? pointer.live : `${pointer.live}+${pointer.standby}`;
}

function seconds(host: SimulatedHost): string {
  return `${((host.nowMs - 1_000_000) / 1_000).toFixed(1)} s`;
}
