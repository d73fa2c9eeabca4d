import { expect, test } from "vitest";
import { deploy } from "../../src/core/deploy.js";
import { LOCK_LEASE_MS } from "../../src/core/lock.js";
import type { Answers, Failure, Notice, Step, StepKind, StepOf } from "../../src/core/model.js";
import { rollback } from "../../src/core/rollback.js";
import { answering } from "../support/answering.js";
import {
  aBake,
  aHealth,
  anImage,
  aRelease,
  aRequest,
  aRollbackRequest,
  aRuntime,
} from "../support/builders.js";
import { type Fault, runScript } from "../support/run-script.js";
import { type Behaviour, healthy } from "../support/simulated-container.js";
import { aSimulatedHost, SimulatedHost } from "../support/simulated-host.js";

const bake = aBake({ durationMs: 3_000, minimumSamples: 3, slowMs: 700 });
const one = aRuntime({ port: 3001, bake, health: aHealth({ path: "/one", passes: 2, intervalMs: 2_000 }) });
const two = aRuntime({ port: 3002, bake, health: aHealth({ path: "/two", passes: 4, intervalMs: 500 }) });
const request = aRequest({ release: aRelease({ image: anImage("v2"), runtime: two, commit: "c0ffee" }) });

/** Revision 1 serves with a policy of its own; v2 behaves as told. */
function hostWith(v2: Partial<Behaviour> = {}, v1: Partial<Behaviour> = {}): SimulatedHost {
  return aSimulatedHost(aRelease({ runtime: one }), {
    [anImage("v1")]: { ...healthy, ...v1 },
    [anImage("v2")]: { ...healthy, ...v2 },
  });
}

function story(host: SimulatedHost, asked = request, faults: readonly Fault[] = []) {
  const probes: Answers["probe"][] = [];
  const told = runScript(deploy(asked), host, faults, (step, reply) => {
    if (step.kind === "probe" && reply !== "dead" && reply.kind === "answer")
      probes.push(reply.answer as Answers["probe"]);
  });
  return { ...told, probes, first: firstOf(told.steps) };
}

function firstOf(steps: readonly Step[]) {
  return <K extends StepKind>(kind: K) => steps.find((step): step is StepOf<K> => step.kind === kind);
}

const warnings = (notices: readonly Notice[]) =>
  notices.flatMap((notice) => (notice.kind === "note" && notice.level === "warning" ? [notice.text] : []));
const noted = (notices: readonly Notice[]) =>
  notices.flatMap((notice) => (notice.kind === "note" && notice.level === "info" ? [notice.text] : []));

test("candidate and previous release are asked side by side, as often and as slowly as either wants", () => {
  const host = hostWith();
  const since = host.observe().containers[0]?.startedAtSeconds;
  const { first, outcome, notices } = story(host);
  expect(outcome?.phase).toBe("promoted");
  expect(warnings(notices)).toEqual([]);
  expect(first("probe")).toEqual({
    kind: "probe",
    fence: 2,
    slots: [
      { slot: "green", containerId: "container-1-r2", port: 3002, health: two.health, commit: null },
      { slot: "blue", containerId: "container-0-r1", port: 3001, health: one.health, commit: null },
    ],
    count: 4,
    intervalMs: 2_000,
    compare: { notBeforeSeconds: since, slowMs: 700 },
  });
});

test("the switch names both, arms the guardian, and holds only as long as the proof", () => {
  const { first, probes } = story(hostWith());
  const atMs = probes.at(-1)?.reports[0]?.atMs ?? 0;
  expect(first("switch")).toEqual({
    kind: "switch",
    fence: 2,
    containerId: "container-1-r2",
    to: { mode: "pair", live: "green", standby: "blue" },
    guard: { token: "run-1", revision: 2, live: "green", previous: "blue", leaseMs: 15_000 },
    port: 3002,
    health: two.health,
    previousPort: 3001,
    previousHealth: one.health,
    provenUntilMs: atMs + 10_000,
    // Passed for the first time three intervals ago; the proxy believes in it a moment later.
    believedFromMs: atMs - 3 * 2_000 + 300,
    entry: {
      event: "switched",
      revision: 2,
      image: anImage("v2"),
      commit: "c0ffee",
      by: "run-1",
      reason: "deploy v2; slot blue stands by",
    },
  });
});

test("the first release is asked at its own pace and switched to alone, without a guardian or a warning", () => {
  const { first, notices, outcome } = story(new SimulatedHost());
  expect(first("probe")).toMatchObject({
    slots: [{ slot: "blue" }],
    count: 4,
    intervalMs: 500,
    compare: { notBeforeSeconds: 0 },
  });
  const step = first("switch");
  expect(step).toMatchObject({ to: { mode: "solo", live: "blue" }, guard: null });
  expect(step).toMatchObject({ previousPort: null, previousHealth: null });
  expect(step).not.toHaveProperty("believedFromMs");
  expect(notices).toContainEqual({ kind: "phase", at: { phase: "switched", revision: 1, guarded: false } });
  expect(warnings(notices)).toEqual([]);
  expect(outcome?.phase).toBe("promoted");
});

test("where the previous release does not answer, that is told, and the switch is alone", () => {
  const { first, notices } = story(hostWith({}, { healthyAfterMs: null }));
  expect(warnings(notices)[0]).toContain("revision 1, which serves now, does not answer its health probes");
  expect(first("switch")).toMatchObject({
    to: { mode: "solo", live: "green" },
    // It may only be starting, and answer when the runner is gone.
    guard: { token: "run-1", previous: "blue" },
  });

  // What was never stable and answers nothing is no way back.
  const untried = hostWith({}, { healthyAfterMs: null });
  untried.ledger = [];
  expect(story(untried).first("switch")).toMatchObject({ to: { mode: "solo" }, guard: null });
});

test("a probe that the previous release misses once is not yet a reason to switch alone", () => {
  const missing = (times: number) =>
    answering(hostWith(), "probe", (answer, time) => {
      const [candidate, previous] = answer.reports;
      if (candidate === undefined || previous === undefined || time > times) return answer;
      return { ...answer, reports: [candidate, { ...previous, samples: [] }] };
    });
  expect(story(missing(2)).first("switch")).toMatchObject({ to: { mode: "pair" } });
  expect(story(missing(99)).first("switch")).toMatchObject({ to: { mode: "solo" } });
});

test("it is not asked again once the candidate's time is over, nor in a rollback, which leaves what may be broken", () => {
  const missing = (host: SimulatedHost) =>
    answering(host, "probe", (answer) => {
      const [candidate, previous] = answer.reports;
      if (candidate === undefined || previous === undefined) return answer;
      return { ...answer, reports: [candidate, { ...previous, samples: [] }] };
    });
  const brief = { ...two, health: { ...two.health, deadlineMs: 1 } };
  const late = { ...request, release: { ...request.release, runtime: brief } };
  expect(story(missing(hostWith()), late).probes).toHaveLength(story(hostWith(), late).probes.length);
  const hot = hotAfterARestart();
  const { steps, outcome } = runScript(rollback(aRollbackRequest()), missing(hot));
  expect(steps.filter(({ kind }) => kind === "probe")).toHaveLength(1);
  expect(outcome).toMatchObject({ phase: "promoted", revision: 1 });
});

test("between two looks of the gate the lock does not end, however slow the pace", () => {
  const health = { ...two.health, intervalMs: 60_000, deadlineMs: 600_000 };
  const host = hostWith({ healthyAfterMs: 200_000 });
  const { steps } = story(host, {
    ...request,
    deadlineMs: 3_600_000,
    release: { ...request.release, runtime: { ...two, health } },
  });
  const waits = steps.flatMap((step) => (step.kind === "wait" ? [step.ms] : []));
  expect(Math.max(...waits)).toBe(LOCK_LEASE_MS / 2);
});

test("a previous release whose folder is gone is asked as the candidate is", () => {
  const host = hostWith();
  host.releases = [];
  expect(story(host).first("switch")).toMatchObject({ to: { mode: "pair" }, previousPort: 3002 });
});

test("the commit is compared only where that is asked for, and of the candidate only", () => {
  const health = { ...two.health, expectCommit: true };
  const runtime = { ...two, health };
  const { first } = story(hostWith(), { ...request, release: { ...request.release, runtime } });
  expect(first("probe")?.slots.map(({ commit }) => commit)).toEqual(["c0ffee", null]);
});

test("what the candidate answers is told when it changes, and the way to its phases", () => {
  const { notices } = story(hostWith({ healthyAfterMs: 4_000 }));
  expect(noted(notices).filter((text) => text.startsWith("waiting"))).toEqual([
    "waiting for /two: no answer (refused)",
  ]);
  const phases = notices.flatMap((notice) => (notice.kind === "phase" ? [notice.at] : []));
  expect(phases.slice(2, 5)).toEqual([
    { phase: "started", slot: "green", revision: 2 },
    { phase: "gated", revision: 2, reason: "4 consecutive passes on /two" },
    { phase: "switched", revision: 2, guarded: true },
  ]);
});

test("the bake goes on in the log where the gate stopped reading, and compares with the previous release", () => {
  const { first, probes, outcome } = story(hostWith({ errorRate: 0.05 }, { errorRate: 0.05 }));
  expect(first("watch")?.since).toEqual(probes.at(-1)?.traffic?.position);
  expect(outcome?.phase).toBe("promoted");
});

test("without a log to read the bake begins at its beginning, and nothing before counts", () => {
  const host = answering(hostWith(), "probe", (answer) => ({ ...answer, traffic: null }));
  const { first, outcome } = story(host);
  expect(first("watch")?.since).toEqual({ inode: 0, offset: 0 });
  expect(outcome?.phase).toBe("promoted");
});

test("a candidate that was restarted before the first look has failed", () => {
  const host = hostWith({ healthyAfterMs: 2_000 });
  const at = runScript(deploy(request), hostWith()).steps.findIndex(({ kind }) => kind === "probe");
  const { outcome } = story(host, request, [meanwhile(at, () => restart(host, "green"))]);
  expect(outcome).toMatchObject({ phase: "aborted", code: "gate-failed" });
  expect(outcome?.reason).toContain("restarted 1 times");
});

function meanwhile(at: number, does: () => void): Fault {
  return { at, what: { kind: "runner-pauses", ms: 0, meanwhile: does } };
}

function restart(host: SimulatedHost, slot: "blue" | "green"): void {
  const container = host.inSlot(slot);
  if (container !== null) Object.assign(container, { restarts: container.restarts + 1 });
}

/** Revision 2 serves from green, 1 is hot in blue and was restarted once, long ago. */
function hotAfterARestart(): SimulatedHost {
  const host = hostWith();
  runScript(deploy(request), host);
  restart(host, "blue");
  return host;
}

test("of a hot release, what it went through before the rollback does not count", () => {
  const told = runScript(rollback(aRollbackRequest()), hotAfterARestart());
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1 });
});

test("of a hot release, a restart during the rollback's gate does count", () => {
  const host = hotAfterARestart();
  const steps = runScript(rollback(aRollbackRequest()), hotAfterARestart()).steps;
  const at = steps.findIndex(({ kind }) => kind === "probe");
  answering(host, "probe", (answer, time) => {
    const [report, ...rest] = answer.reports;
    return time === 1 && report !== undefined
      ? { ...answer, reports: [{ ...report, samples: [] }, ...rest] }
      : answer;
  });
  const told = runScript(rollback(aRollbackRequest()), host, [
    meanwhile(at + 2, () => restart(host, "blue")),
  ]);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "gate-failed", serving: 2 });
});

const failed: Failure = { verdict: "failed", code: "step-failed", message: "half of it" };

test("a switch that was refused leaves a candidate, which is undone, with its last words", () => {
  for (const [host, serving] of [
    [hostWith(), 1],
    [new SimulatedHost(), null],
  ] as const) {
    const twin = serving === null ? new SimulatedHost() : hostWith();
    const at = runScript(deploy(request), twin).steps.findIndex(({ kind }) => kind === "switch");
    const { outcome, steps } = story(host, request, [{ at, what: { kind: "disk-full", steps: 1 } }]);
    expect(outcome).toEqual({
      phase: "aborted",
      code: "disk-full",
      serving,
      reason: "the host says: disk-full",
      logs: "the container's last words",
    });
    expect(steps.slice(-5).map(({ kind }) => kind)).toEqual([
      "observe",
      "logs",
      "retire",
      "record",
      "unlock",
    ]);
    expect(host.ledger.at(-1)).toMatchObject({ event: "aborted", by: "run-1" });
  }
});

test("a switch of which only the guard was done is settled, not undone", () => {
  const host = hostWith();
  answering(host, "switch", () => {
    host.pointer = { mode: "solo", live: "blue" };
    return failed;
  });
  expect(story(host).outcome).toMatchObject({
    phase: "rolled-back",
    code: "step-failed",
    serving: 1,
    reason: "half of it",
  });
  expect(host.ledger.at(-1)).toMatchObject({ event: "reverted", revision: 2 });
});

test("a switch that the guardian has taken back before it was told is settled, not undone", () => {
  const host = hostWith();
  answering(host, "switch", () => {
    host.pointer = { mode: "solo", live: "blue" };
    host.guard = null;
    host.outcome = { token: "run-1", revision: 2, verdict: "reverted", serving: "blue" };
    return failed;
  });
  expect(story(host).outcome).toMatchObject({ phase: "rolled-back", code: "step-failed", serving: 1 });
  expect(host.outcome).toBeNull();
});

test("a first release that has the traffic keeps it, though the host says that the switch failed", () => {
  const host = answering(new SimulatedHost(), "switch", () => failed);
  expect(story(host).outcome).toMatchObject({ phase: "halted", code: "step-failed", serving: 1 });
  expect(host.live()?.stage).toBe("running");
});

test("a host that tells nothing of the candidate has proven nothing", () => {
  const host = answering(hostWith(), "probe", (answer) => ({ ...answer, reports: [] }));
  const { outcome } = story(host);
  expect(outcome).toMatchObject({ phase: "aborted", code: "gate-failed", serving: 1 });
});

test("a host that tells nothing of the previous release has proven only the candidate", () => {
  const host = answering(hostWith(), "probe", (answer) => ({
    ...answer,
    reports: answer.reports.slice(0, 1),
  }));
  expect(story(host).first("switch")).toMatchObject({ to: { mode: "solo", live: "green" } });
});

test("what a host tells beyond what it was asked proves nothing", () => {
  const host = answering(new SimulatedHost(), "probe", (answer) => ({
    ...answer,
    reports: [...answer.reports, ...answer.reports],
  }));
  expect(story(host).first("switch")).toMatchObject({ to: { mode: "solo", live: "blue" } });
});
