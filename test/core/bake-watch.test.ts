import { expect, test } from "vitest";
import { deploy } from "../../src/core/deploy.js";
import type {
  Answers,
  DeployRequest,
  Failure,
  Notice,
  Step,
  StepKind,
  StepOf,
  WatchReport,
} from "../../src/core/model.js";
import { answering } from "../support/answering.js";
import { aBake, aHealth, anImage, aRelease, aRequest, aRuntime } from "../support/builders.js";
import { type Fault, runScript } from "../support/run-script.js";
import { type Behaviour, healthy } from "../support/simulated-container.js";
import { aSimulatedHost, SimulatedHost } from "../support/simulated-host.js";

const bake = aBake({
  durationMs: 5_000,
  intervalMs: 1_000,
  minimumSamples: 3,
  deadlineMs: 9_000,
  slowMs: 700,
});
const health = (path: string) => aHealth({ path, passes: 2, intervalMs: 500 });
const one = aRuntime({
  port: 3001,
  bake: { ...bake, intervalMs: 400 },
  health: health("/one"),
  drainMs: 1_001,
});
const two = aRuntime({ port: 3002, bake, health: health("/two"), drainMs: 1_002 });
const request = aRequest({ release: aRelease({ image: anImage("v2"), runtime: two, commit: "c0ffee" }) });

/** Revision 1 serves; v1 and v2 behave as told. */
function hostWith(v2: Partial<Behaviour> = {}, v1: Partial<Behaviour> = {}): SimulatedHost {
  return aSimulatedHost(aRelease({ runtime: one }), {
    [anImage("v1")]: { ...healthy, ...v1 },
    [anImage("v2")]: { ...healthy, ...v2 },
  });
}

function story(host: SimulatedHost, differs: Partial<DeployRequest> = {}, faults: readonly Fault[] = []) {
  const watches: WatchReport[] = [];
  const told = runScript(deploy({ ...request, ...differs }), host, faults, (step, reply) => {
    if (step.kind === "watch" && reply !== "dead" && reply.kind === "answer")
      watches.push(reply.answer as Answers["watch"]);
  });
  const since = told.steps.findIndex(({ kind }) => kind === "switch") + 1;
  return { ...told, watches, kinds: told.steps.slice(since).map(({ kind }) => kind) };
}

const all = <K extends StepKind>(steps: readonly Step[], kind: K) =>
  steps.filter((step): step is StepOf<K> => step.kind === kind);
const warnings = (notices: readonly Notice[]) =>
  notices.flatMap((notice) => (notice.kind === "note" && notice.level === "warning" ? [notice.text] : []));
const indexOf = (host: SimulatedHost, kind: StepKind, differs: Partial<DeployRequest> = {}) =>
  story(host, differs).steps.findIndex((step) => step.kind === kind);
const meanwhile = (at: number, does: () => void, ms = 0): Fault => ({
  at,
  what: { kind: "runner-pauses", ms, meanwhile: does },
});
const fullAt = (at: number, steps = 1): Fault => ({ at, what: { kind: "disk-full", steps } });
const failed: Failure = { verdict: "failed", code: "step-failed", message: "it could not" };
const rejected = { afterMs: 500, does: "answers-500-but-healthy" } as const;

test("each look asks both slots and goes on in the log where the last one stopped", () => {
  const { steps, watches, outcome, notices } = story(hostWith());
  expect(outcome).toMatchObject({ phase: "promoted", revision: 2, slot: "green" });
  const [first, second] = all(steps, "watch");
  expect(first).toMatchObject({
    fence: 2,
    token: "run-1",
    leaseMs: 15_000,
    live: { slot: "green", containerId: "container-1-r2", port: 3002, health: two.health, commit: null },
    standby: { slot: "blue", containerId: "container-0-r1", port: 3001, health: one.health, commit: null },
    slowMs: 700,
  });
  expect(second?.since).toEqual(watches[0]?.traffic?.position);
  expect(all(steps, "wait").at(-1)).toEqual({ kind: "wait", ms: 1_000 });
  expect(all(steps, "confirm")).toMatchObject([{ token: "run-1", live: "green" }]);
  expect(notices).toContainEqual({
    kind: "phase",
    at: { phase: "baking", revision: 2, reason: "watched for 5 s" },
  });
  expect(warnings(notices)).toEqual([]);
});

test("while the log cannot be read, its place is kept", () => {
  const host = answering(hostWith(), "watch", (answer, time) =>
    time === 2 ? { ...answer, traffic: null } : answer,
  );
  const { steps, watches } = story(host);
  expect(all(steps, "watch")[2]?.since).toEqual(watches[0]?.traffic?.position);
});

test("the commit is asked for in the bake, too, where it is in the gate", () => {
  const runtime = { ...two, health: { ...two.health, expectCommit: true } };
  const { steps } = story(hostWith(), { release: { ...request.release, runtime } });
  expect(all(steps, "watch")[0]).toMatchObject({ live: { commit: "c0ffee" }, standby: { commit: null } });
});

test("alone there is no guard to renew, and none to confirm", () => {
  const { steps, outcome } = story(new SimulatedHost());
  expect(all(steps, "watch")[0]).toMatchObject({ token: null, standby: null });
  expect(all(steps, "confirm")).toMatchObject([{ token: null, live: "blue" }]);
  expect(outcome).toMatchObject({ phase: "promoted", slot: "blue" });
});

test("a guard that is not there is no loss where there was none", () => {
  for (const guard of ["gone", "unsaved"] as const) {
    const host = answering(new SimulatedHost(), "watch", (answer) => ({ ...answer, guard }));
    expect(story(host).outcome).toMatchObject({ phase: "promoted" });
  }
});

test.each([
  [200, "info", "https://shop.example answers 200 from here"],
  [499, "info", "https://shop.example answers 499 from here"],
  [500, "warning", "https://shop.example answers 500 from here: refused"],
  [null, "warning", "https://shop.example answers nothing from here: refused"],
] as const)("a public address that answers %s is told, and decides nothing", (status, level, text) => {
  const host = answering(hostWith(), "visit", () => ({ status, detail: "refused" }));
  const { steps, notices, outcome } = story(host, { publicUrl: "https://shop.example" });
  expect(all(steps, "visit")).toEqual([{ kind: "visit", url: "https://shop.example" }]);
  // An address that does not answer must not keep anybody from looking at the release.
  const kinds = steps.map(({ kind }) => kind);
  expect(kinds.indexOf("watch")).toBeLessThan(kinds.indexOf("visit"));
  expect(notices).toContainEqual({ kind: "note", level, text });
  expect(outcome?.phase).toBe("promoted");
});

test("without a public address none is asked", () => {
  expect(all(story(hostWith()).steps, "visit")).toEqual([]);
});

test("when the guard is gone the guardian has decided, and that is told", () => {
  const host = hostWith();
  const at = indexOf(hostWith(), "watch");
  const { outcome, kinds } = story(host, {}, [meanwhile(at, () => {}, 22_000)]);
  expect(outcome).toMatchObject({
    phase: "rolled-back",
    code: "guard-gone",
    serving: 1,
    reason:
      "the bake was not confirmed in time, so the guardian on the host decided by itself, unless somebody removed it",
  });
  expect(kinds.slice(0, 3)).toEqual(["wait", "watch", "logs"]);
});

test("when its lease cannot be made longer, it goes back while it can", () => {
  const host = hostWith();
  const { outcome, kinds } = story(host, {}, [fullAt(indexOf(hostWith(), "watch"))]);
  expect(kinds.slice(0, 4)).toEqual(["wait", "watch", "observe", "point-back"]);
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed", serving: 1 });
  expect(outcome?.reason).toContain("its disk may be full");
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
});

test.each<[string, (standby: NonNullable<WatchReport["standby"]>) => WatchReport["standby"]]>([
  ["is not told of", () => null],
  ["is gone", (standby) => ({ ...standby, container: null })],
  [
    "is another",
    (standby) =>
      standby.container === null
        ? standby
        : { ...standby, container: { ...standby.container, id: "another" } },
  ],
  [
    "has exited",
    (standby) =>
      standby.container === null
        ? standby
        : { ...standby, container: { ...standby.container, stage: "exited" } },
  ],
])("a standby that %s is left at once", (_, change) => {
  const host = answering(hostWith(), "watch", (answer, time) =>
    answer.standby === null || time > 1 ? answer : { ...answer, standby: change(answer.standby) },
  );
  const { steps, watches, notices, outcome, kinds } = story(host);
  expect(kinds.slice(0, 3)).toEqual(["wait", "watch", "switch"]);
  expect(all(steps, "switch")[1]).toEqual({
    kind: "switch",
    fence: 2,
    containerId: "container-1-r2",
    to: { mode: "solo", live: "green" },
    // What died may be started again, and be the better one when the runner is gone.
    guard: { token: "run-1", revision: 2, live: "green", previous: "blue", leaseMs: 15_000 },
    port: 3002,
    health: two.health,
    previousPort: 3001,
    previousHealth: one.health,
    provenUntilMs: (watches[0]?.live.atMs ?? 0) + 10_000,
    entry: {
      event: "switched",
      revision: 2,
      image: anImage("v2"),
      commit: "c0ffee",
      by: "run-1",
      reason: "alone: the release standing by died",
    },
  });
  expect(warnings(notices)).toEqual(["revision 1, standing by, died: revision 2 serves alone now"]);
  expect(outcome?.phase).toBe("promoted");
  expect(all(steps, "watch").at(-1)).toMatchObject({ token: "run-1", standby: null });
});

test("a host that goes down while a pair is left has left it, or its guardian still decides", () => {
  const dead = () => {
    const host = hostWith();
    return answering(host, "watch", (answer) => {
      const blue = host.inSlot("blue");
      if (blue !== null) Object.assign(blue, { stage: "exited", restartPolicy: "no" });
      return answer.standby === null
        ? answer
        : { ...answer, standby: { ...answer.standby, container: null } };
    });
  };
  const at = story(dead()).steps.findLastIndex(({ kind }) => kind === "switch");
  for (let parts = 0; parts < 5; parts++) {
    const host = dead();
    story(host, {}, [{ at, what: { kind: "host-reboots", parts, reconnects: false } }]);
    if (host.pointer?.mode === "pair") expect(host.guard, `after ${parts} parts`).not.toBeNull();
    else expect(host.pointer, `after ${parts} parts`).toEqual({ mode: "solo", live: "green" });
  }
});

const silent = (answer: WatchReport, which: "live" | "standby") => {
  const report = answer[which];
  return report === null
    ? answer
    : {
        ...answer,
        [which]: {
          ...report,
          samples: report.samples.map((sample) => ({ ...sample, status: 503 })),
        },
      };
};

test("a standby that fails three probes in a row is left, not before", () => {
  const host = answering(hostWith(), "watch", (answer) => silent(answer, "standby"));
  const { kinds, outcome } = story(host);
  expect(kinds.slice(0, 7)).toEqual(["wait", "watch", "wait", "watch", "wait", "watch", "switch"]);
  expect(outcome?.phase).toBe("promoted");
});

test("one that was never stable is no way back once it has died", () => {
  const host = hostWith();
  host.ledger = [];
  answering(host, "watch", (answer) => ({ ...answer, standby: null }));
  const { steps, outcome } = story(host);
  expect(all(steps, "switch").map(({ guard }) => guard?.previous ?? null)).toEqual(["blue", null]);
  expect(all(steps, "watch").at(-1)).toMatchObject({ token: null });
  expect(all(steps, "confirm")).toMatchObject([{ token: null }]);
  expect(outcome?.phase).toBe("promoted");
});

test("a standby that fails with the live slot is not, since that may be the machine", () => {
  const host = answering(hostWith(), "watch", (answer) => silent(silent(answer, "standby"), "live"));
  const { steps } = story(host);
  expect(all(steps, "switch")).toHaveLength(1);
});

test("a pair that cannot be left is settled, and what serves then is told", () => {
  const died = (answer: WatchReport, time: number) => (time > 1 ? answer : { ...answer, standby: null });
  const host = answering(hostWith(), "watch", died);
  answering(host, "switch", (answer, time) => (time === 2 ? failed : answer));
  const { outcome } = story(host);
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "step-failed", serving: 1 });
});

test("a confirmation that the host could not do is settled, and what serves then is told", () => {
  const host = hostWith();
  const { outcome, kinds } = story(host, {}, [fullAt(indexOf(hostWith(), "confirm"))]);
  expect(outcome).toMatchObject({
    phase: "rolled-back",
    code: "disk-full",
    serving: 1,
    logs: "the container's last words",
  });
  expect(kinds.at(-1)).toBe("unlock");
});

test("a rejected release is gone back from at once, on the proof that the standby gave", () => {
  const host = hostWith({ afterSwitch: rejected });
  const { steps, kinds, outcome } = story(host);
  expect(kinds.slice(-6)).toEqual(["observe", "point-back", "logs", "retire", "wait", "unlock"]);
  expect(outcome).toMatchObject({
    phase: "rolled-back",
    code: "bake-failed",
    serving: 1,
    logs: "the container's last words",
  });
  expect(all(steps, "point-back")).toMatchObject([
    { live: "blue", entry: { event: "rolled-back", revision: 2, reason: outcome?.reason } },
  ]);
  expect(all(steps, "retire")).toEqual([
    {
      kind: "retire",
      fence: 2,
      containerId: "container-1-r2",
      slot: "green",
      drainMs: 1_002,
      afterMs: 0,
    },
  ]);
});

test("a release that breaks at its first look is gone back from on the proof of the gate", () => {
  const { kinds, outcome } = story(hostWith({ afterSwitch: { afterMs: 0, does: "exits" } }));
  expect(kinds.slice(0, 4)).toEqual(["wait", "watch", "observe", "point-back"]);
  expect(outcome).toMatchObject({ phase: "rolled-back", serving: 1 });
});

test("a proof that is older than ten seconds is made again before going back on it", () => {
  for (const [pauseMs, kind] of [
    // The look at the host takes 20 ms itself.
    [9_980, "point-back"],
    [9_981, "probe"],
  ] as const) {
    const host = hostWith({ afterSwitch: rejected });
    const at = story(hostWith({ afterSwitch: rejected })).steps.findLastIndex(
      (step) => step.kind === "observe",
    );
    const { kinds, outcome } = story(host, {}, [meanwhile(at, () => {}, pauseMs)]);
    expect(kinds[kinds.indexOf("observe") + 1]).toBe(kind);
    expect(outcome).toMatchObject({ phase: "rolled-back", serving: 1 });
  }
});

test("a run that stood still just before going back does not go back on what was true then", () => {
  const at = story(hostWith({ afterSwitch: rejected })).steps.findIndex(({ kind }) => kind === "point-back");
  const host = hostWith({ afterSwitch: rejected });
  const dies = () => Object.assign(host.inSlot("blue") ?? {}, { stage: "exited" });
  const { outcome, kinds } = story(host, {}, [meanwhile(at, dies, 10_001)]);
  expect(kinds.filter((kind) => kind === "point-back")).toHaveLength(2);
  expect(outcome).toMatchObject({ phase: "halted", code: "bake-failed", serving: 2 });
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
});

test("a rejected container that could not be taken away is told, and no success is made of it", () => {
  const host = answering(hostWith({ afterSwitch: rejected }), "retire", () => failed);
  const { notices, kinds, outcome } = story(host);
  expect(warnings(notices)).toContain("the rejected container was left in place: it could not");
  expect(kinds.slice(-2)).toEqual(["retire", "unlock"]);
  expect(outcome).toMatchObject({ phase: "rolled-back" });
});

test("a standby that has just failed a probe is asked again, with patience, before it loses", () => {
  const host = hostWith({ afterSwitch: rejected });
  answering(host, "watch", (answer) => silent(answer, "standby"));
  answering(host, "probe", (answer, time) =>
    // The gate looks twice; then the standby misses once.
    time === 3
      ? { ...answer, reports: answer.reports.map((report) => ({ ...report, samples: [] })) }
      : answer,
  );
  const { kinds, steps, outcome } = story(host);
  expect(kinds.slice(kinds.indexOf("observe"))).toEqual([
    ...["observe", "probe", "wait", "probe"],
    ...["point-back", "logs", "retire", "wait", "unlock"],
  ]);
  expect(all(steps, "wait").some(({ ms }) => ms === 400)).toBe(true);
  expect(outcome).toMatchObject({ phase: "rolled-back", serving: 1 });
});

/** Both answer requests with errors; the one that stands by does not answer its probes any more. */
function bothBroken(): SimulatedHost {
  const host = hostWith({ afterSwitch: rejected });
  answering(host, "watch", (answer) => silent(answer, "standby"));
  return host;
}

test("where only the rejected release answers, it keeps the traffic, and that is no success", () => {
  const host = bothBroken();
  answering(host, "switch", (answer) => {
    const blue = host.inSlot("blue");
    if (blue !== null) Object.assign(blue, { behaviour: { ...healthy, healthyAfterMs: null } });
    return answer;
  });
  const { kinds, outcome, steps } = story(host);
  expect(kinds.slice(kinds.indexOf("observe"))).toEqual([
    ...["observe", "probe", "wait", "probe", "wait", "probe", "probe"],
    ...["point-back", "logs", "unlock"],
  ]);
  expect(outcome).toMatchObject({ phase: "halted", code: "bake-failed", serving: 2 });
  expect(outcome?.reason).toContain("; revision 2 answers its health probes");
  expect(all(steps, "point-back")).toMatchObject([{ live: "green", entry: { event: "halted" } }]);
  expect(host.live()?.revision).toBe(2);
});

test("where neither answers, the standby that runs gets the traffic, and that is called halted", () => {
  const host = bothBroken();
  answering(host, "switch", (answer) => {
    for (const container of host.containers)
      Object.assign(container, { behaviour: { ...healthy, healthyAfterMs: null } });
    return answer;
  });
  const { outcome } = story(host);
  expect(outcome).toMatchObject({ phase: "halted", code: "bake-failed", serving: 1 });
  expect(outcome?.reason).toContain("no release answers its health probes; revision 1 at least runs");
  expect(host.containers.map(({ revision }) => revision)).toEqual([1]);
});

test("where the host cannot be asked, the guardian decides, and the host is read again", () => {
  const host = bothBroken();
  const at = story(bothBroken()).steps.findLastIndex(({ kind }) => kind === "observe") + 1;
  const { outcome, kinds } = story(host, {}, [fullAt(at, 7)]);
  expect(outcome).toMatchObject({ code: "bake-failed" });
  expect(outcome?.reason).toContain("; the host could not ask which one answers");
  const since = kinds.slice(kinds.indexOf("observe"));
  expect(since.slice(0, 10)).toEqual([
    ...["observe", "probe", "install-proxy", "wait", "probe", "wait", "probe", "probe"],
    ...["logs", "observe"],
  ]);
});

test("where the pointer cannot be written, the host is read again", () => {
  const at = story(hostWith({ afterSwitch: rejected })).steps.findIndex(({ kind }) => kind === "point-back");
  const host = hostWith({ afterSwitch: rejected });
  const { outcome } = story(host, {}, [fullAt(at)]);
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed", serving: 1 });
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
});

test("where the guardian was quicker with going back, that is told", () => {
  const host = hostWith({ afterSwitch: rejected });
  const at = story(hostWith({ afterSwitch: rejected })).steps.findLastIndex(({ kind }) => kind === "observe");
  const { outcome } = story(host, {}, [meanwhile(at, () => {}, 25_000)]);
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "guard-gone", serving: 1 });
});

test("the run's time over, it goes back, and says so", () => {
  const { outcome, kinds } = story(hostWith(), { deadlineMs: 7_000 });
  expect(kinds.slice(-6)).toEqual(["wait", "observe", "point-back", "logs", "retire", "unlock"]);
  expect(outcome).toMatchObject({
    phase: "rolled-back",
    code: "bake-failed",
    reason: "the deploy's own deadline is over",
  });
});

test("so it does before the first look, on the proof of the gate alone", () => {
  const host: SimulatedHost = answering(hostWith(), "switch", (answer) => {
    host.advance(14_000);
    return answer;
  });
  const { outcome, kinds } = story(host, { deadlineMs: 12_000 });
  expect(kinds.slice(0, 2)).toEqual(["observe", "point-back"]);
  expect(outcome).toMatchObject({ phase: "rolled-back", serving: 1 });
});

test("there is no patience with a standby when the run's time is over", () => {
  const host = answering(hostWith(), "watch", (answer) => silent(answer, "standby"));
  const { outcome, kinds } = story(host, { deadlineMs: 5_000 });
  expect(kinds.slice(kinds.indexOf("observe"))).toEqual([
    ...["observe", "probe", "point-back"],
    ...["logs", "retire", "unlock"],
  ]);
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed", serving: 1 });
});

test("nor with one that does not answer: whichever does, serves", () => {
  const host = answering(hostWith(), "watch", (answer) => silent(answer, "standby"));
  answering(host, "switch", (answer) => {
    Object.assign(host.inSlot("blue") ?? {}, { behaviour: { ...healthy, healthyAfterMs: null } });
    return answer;
  });
  const { outcome, kinds } = story(host, { deadlineMs: 5_000 });
  expect(kinds.slice(kinds.indexOf("observe"))).toEqual([
    ...["observe", "probe", "probe", "point-back"],
    ...["logs", "unlock"],
  ]);
  expect(outcome).toMatchObject({ phase: "halted", serving: 2 });
});

test("the run's time over just when the pair is to be left: the switch is settled, not undone", () => {
  const host: SimulatedHost = answering(hostWith(), "watch", (answer) => {
    host.advance(6_000);
    return { ...answer, standby: null };
  });
  const { outcome } = story(host, { deadlineMs: 8_000 });
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "deadline", serving: 1 });
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
});

test("a first release that fails its bake keeps the traffic, with its last words told", () => {
  const host = new SimulatedHost({
    [anImage("v2")]: { ...healthy, afterSwitch: { afterMs: 100, does: "health-fails" } },
  });
  const { kinds, outcome } = story(host);
  expect(kinds.slice(-4)).toEqual(["observe", "point-back", "logs", "unlock"]);
  expect(outcome).toMatchObject({
    phase: "halted",
    code: "bake-failed",
    serving: 1,
    logs: "the container's last words",
  });
  expect(host.ledger.at(-1)).toMatchObject({ event: "halted", revision: 1 });
});

/** The previous release did not answer in the gate, and so does not stand by; it answers again after a while. */
function aloneUntil(healthyAfterMs: number | null): SimulatedHost {
  const host = hostWith({ afterSwitch: { afterMs: 500, does: "health-fails" } }, { healthyAfterMs });
  Object.assign(host.inSlot("blue") ?? {}, { startedMs: host.nowMs });
  return host;
}

test("what was only starting when its host switched alone is gone back to when the runner is gone", () => {
  const host = aloneUntil(9_000);
  const at = story(aloneUntil(9_000)).steps.findIndex(({ kind }) => kind === "watch");
  story(host, {}, [{ at, what: { kind: "runner-dies", when: "before" } }]);
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
  host.advance(20_000);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(host.outcome).toMatchObject({ verdict: "reverted", serving: "blue" });
});

test("what did not stand by may be the way back all the same, once it answers", () => {
  const host = aloneUntil(9_000);
  const { outcome, kinds } = story(host);
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed", serving: 1 });
  expect(kinds.filter((kind) => kind === "probe").length).toBeGreaterThan(1);
  expect(kinds.slice(kinds.lastIndexOf("probe"))).toEqual([
    ...["probe", "point-back", "logs", "retire", "wait", "unlock"],
  ]);
  expect(host.live()?.revision).toBe(1);
});

test("what was never stable is not waited for by the guardian, which is not armed", () => {
  const host = aloneUntil(null);
  host.ledger = [];
  const { outcome, kinds } = story(host);
  expect(outcome).toMatchObject({ phase: "halted", code: "bake-failed", serving: 2 });
  expect(outcome?.reason).toContain("there is no release to go back to");
  expect(kinds.slice(-3)).toEqual(["point-back", "logs", "unlock"]);
});

test("nor is one whose container is gone", () => {
  const host = aloneUntil(null);
  answering(host, "switch", (answer) => {
    host.containers = host.containers.filter(({ slot }) => slot !== "blue");
    return answer;
  });
  const { outcome, kinds } = story(host);
  expect(outcome).toMatchObject({ phase: "halted", code: "bake-failed", serving: 2 });
  expect(kinds.slice(-3)).toEqual(["point-back", "logs", "unlock"]);
});

test("it is waited for as long as the bake may take, and no longer", () => {
  const host = aloneUntil(null);
  const { outcome, steps, tookMs } = story(host);
  expect(outcome).toMatchObject({ phase: "halted", serving: 2 });
  expect(outcome?.reason).toContain("revision 1, which served before, does not answer");
  expect(all(steps, "point-back")).toEqual([]);
  expect(host.guard).not.toBeNull();
  expect(all(steps, "wait").at(-1)).toEqual({ kind: "wait", ms: 1_000 });
  expect(tookMs).toBeGreaterThan(12_000);
  expect(tookMs).toBeLessThan(16_000);
});

test("nor longer than the run may take", () => {
  const { tookMs, outcome } = story(aloneUntil(null), { deadlineMs: 7_000 });
  expect(outcome).toMatchObject({ phase: "halted", code: "bake-failed", serving: 2 });
  expect(tookMs).toBeLessThan(10_000);
});

test("when the run may take no longer, the guardian goes on waiting for it", () => {
  const host = aloneUntil(20_000);
  const { outcome } = story(host, { deadlineMs: 7_000 });
  expect(outcome).toMatchObject({ phase: "halted", serving: 2 });
  host.advance(40_000);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(host.outcome).toMatchObject({ verdict: "reverted" });
});

test.each([-2, -1])("when the guardian has decided meanwhile, that is what is told (look %i)", (nth) => {
  const host = aloneUntil(null);
  const { steps } = story(aloneUntil(null));
  const at = steps.flatMap(({ kind }, index) => (kind === "observe" ? [index] : [])).at(nth) ?? 0;
  const acts = () => Object.assign(host.inSlot("blue")?.behaviour ?? {}, { healthyAfterMs: 0 });
  const { outcome } = story(host, {}, [meanwhile(at, acts, 20_000)]);
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "guard-gone", serving: 1 });
});

test("so it is where the host could not be asked, and the guardian has decided before that was told", () => {
  const begin = () => hostWith();
  const confirms = story(begin()).steps.findIndex(({ kind }) => kind === "confirm");
  const full = fullAt(confirms, 5);
  const last = story(begin(), {}, [full]).steps.findLastIndex(({ kind }) => kind === "unlock");
  const { outcome } = story(begin(), {}, [full, meanwhile(last, () => {}, 30_000)]);
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "disk-full", serving: 1 });
});

test("one that does not run is not waited for", () => {
  const host = aloneUntil(null);
  answering(host, "switch", (answer) => {
    Object.assign(host.inSlot("blue") ?? {}, { stage: "exited" });
    return answer;
  });
  const { kinds, outcome } = story(host);
  expect(outcome).toMatchObject({ phase: "halted", serving: 2 });
  expect(kinds).not.toContain("probe");
});
