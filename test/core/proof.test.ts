import { expect, test } from "vitest";
import type { ContainerView, HostView, RuntimeSpec } from "../../src/core/model.js";
import { askHealth, healthier, isProven, probe, provenUntil } from "../../src/core/proof.js";
import { beginRun, type Run } from "../../src/core/script.js";
import { answering } from "../support/answering.js";
import { aContainer, aHealth, anImage, aProbe, aRelease, aRuntime, aSample } from "../support/builders.js";
import { type Fault, runScript } from "../support/run-script.js";
import { type Behaviour, createContainer, healthy } from "../support/simulated-container.js";
import { aSimulatedHost } from "../support/simulated-host.js";

const health = aHealth({ passes: 3 });

test("a container that runs and passed as often as it should is proven", () => {
  expect(isProven(aProbe(), aContainer(), health)).toBe(true);
});

test.each([
  ["no container", aProbe({ container: null })],
  ["another container", aProbe({ container: aContainer({ id: "other" }) })],
  ["a container that has exited", aProbe({ container: aContainer({ stage: "exited" }) })],
  ["too few passes", aProbe({ samples: [aSample(), aSample()] })],
  ["one failure among passes", aProbe({ samples: [aSample(), aSample({ status: 500 }), aSample()] })],
])("%s is no proof", (_, report) => {
  expect(isProven(report, aContainer(), health)).toBe(false);
});

const mute: Behaviour = { ...healthy, healthyAfterMs: null };

/** Revision 1 in blue, which is preferred, and 2 in green: each as told, and how the host chooses between them. */
function choose(
  one: Behaviour,
  other: Behaviour,
  faults: readonly Fault[] = [],
  change = (_: HostView) => {},
) {
  const host = aSimulatedHost(aRelease(), { [anImage("v1")]: one });
  const release = aRelease({ image: anImage("v2") });
  host.containers.push(createContainer("container-2", "green", 2, release, other, 0));
  host.releases.push({ revision: 2, release, imagePresent: true });
  const view = host.observe();
  change(view);
  for (const container of host.containers) {
    const seen = view.containers.find(({ id }) => id === container.id);
    if (seen !== undefined) Object.assign(container, { stage: seen.stage });
  }
  const [blue = null, green = null] = view.containers;
  const looks: number[] = [];
  const told = runScript(healthier(underFence(1), view, blue, green, null), host, faults, (_, reply) => {
    if (reply !== "dead" && reply.kind === "answer" && "reports" in reply.answer)
      looks.push(...reply.answer.reports.map(({ atMs }) => atMs));
  });
  return { ...told, looks };
}

function underFence(fence: number): Run {
  return { ...beginRun(600_000), fence };
}

const exited = (index: number) => (view: HostView) =>
  Object.assign(view.containers[index] as ContainerView, { stage: "exited" });

test("the preferred one is taken when it answers, without a look at the other", () => {
  const told = choose(healthy, healthy);
  expect(told.outcome).toEqual({
    slot: "blue",
    proven: true,
    known: true,
    atMs: told.looks.at(-1),
    reason: "revision 1 answers its health probes",
  });
  expect(told.steps).toHaveLength(1);
});

test("the other one is taken when only that answers", () => {
  expect(choose(mute, healthy).outcome).toMatchObject({
    slot: "green",
    proven: true,
    known: true,
    reason: "revision 2 answers its health probes",
  });
});

test("where neither answers, one that runs is taken, the preferred one first, and called unproven", () => {
  const neither = choose(mute, mute);
  expect(neither.looks).toHaveLength(2);
  expect(neither.outcome).toEqual({
    slot: "blue",
    proven: false,
    known: true,
    atMs: neither.looks[1],
    reason: "no release answers its health probes; revision 1 at least runs",
  });
  expect(choose(mute, mute, [], exited(0)).outcome).toMatchObject({ slot: "green", proven: false });
});

test("where nothing runs, it stays with the preferred one", () => {
  const nothing = choose(mute, mute, [], (view) => {
    exited(0)(view);
    exited(1)(view);
  });
  expect(nothing.outcome).toEqual({
    slot: "blue",
    proven: false,
    known: true,
    atMs: nothing.looks[1],
    reason: "neither release runs",
  });
});

test("what was seen holds for ten seconds by the host's clock, and what was not seen has no limit", () => {
  expect(provenUntil(5_000)).toEqual({ provenUntilMs: 15_000 });
  expect(provenUntil(null)).toEqual({});
});

test("where there is none, none is chosen", () => {
  const host = aSimulatedHost(aRelease());
  const told = runScript(healthier(underFence(1), host.observe(), null, null, null), host);
  expect(told.outcome).toMatchObject({ slot: null, proven: false, known: true, atMs: null });
});

test.each([0, 1])("nothing is chosen where the host could not ask one of them (number %i)", (at) => {
  const told = choose(mute, mute, [{ at, what: { kind: "disk-full", steps: 2 } }]);
  expect(told.outcome).toMatchObject({ slot: null, proven: false, known: false });
  expect(told.steps.filter(({ kind }) => kind === "probe")).toHaveLength(2);
});

test("nobody is left because the host could not ask for a moment: where the other answers, both were asked", () => {
  const full: Fault[] = [{ at: 0, what: { kind: "disk-full", steps: 2 } }];
  const told = choose(healthy, healthy, full);
  expect(told.outcome).toMatchObject({ slot: "blue", proven: true, known: true, atMs: told.looks.at(-1) });
  const other = choose(mute, healthy, full);
  expect(other.outcome).toMatchObject({ slot: "green", proven: true, known: true, atMs: other.looks[1] });
  expect(other.looks).toHaveLength(3);
});

/** Revision 9, of which no folder is left on the host. */
function forgotten(fallback: RuntimeSpec | null) {
  const host = aSimulatedHost(aRelease());
  Object.assign(host.containers[0] ?? {}, { revision: 9 });
  const [container] = host.observe().containers;
  return runScript(askHealth(underFence(1), host.observe(), container as ContainerView, fallback), host);
}

test("a container whose release is forgotten is asked as the release at hand would be, or not at all", () => {
  const told = forgotten(aRuntime({ port: 81, health: aHealth({ path: "/up", passes: 2 }) }));
  expect(told.outcome).toEqual({ proven: true, known: true, atMs: expect.any(Number) });
  expect(told.steps).toMatchObject([
    { kind: "probe", count: 2, slots: [{ port: 81, health: { path: "/up" } }], compare: null },
  ]);
  expect(forgotten(null)).toMatchObject({ outcome: { proven: false, known: true, atMs: null }, steps: [] });
});

test("a host that tells nothing has proven nothing", () => {
  const host = aSimulatedHost(aRelease());
  const view = host.observe();
  const run = { ...underFence(1), guardianLost: true };
  const script = askHealth(run, view, view.containers[0] as ContainerView, null);
  script.next();
  const end = script.next({ kind: "answer", nowMs: 1, answer: { reports: [], traffic: null } });
  expect(end).toEqual({ done: true, value: { proven: false, known: false, atMs: null } });
});

function askWithout(guardian: "absent" | "stopped", change: { diskFull?: boolean; run?: Partial<Run> } = {}) {
  const host = aSimulatedHost(aRelease());
  host.proxy = { ...host.proxy, guardian };
  const [container] = host.observe().containers;
  if (container === undefined) throw new Error("nothing runs");
  const run = { ...underFence(1), ...change.run };
  const faults: Fault[] = change.diskFull ? [{ at: 0, what: { kind: "disk-full", steps: 9 } }] : [];
  const told = runScript(askHealth(run, host.observe(), container, null), host, faults);
  return { ...told, run, kinds: told.steps.map(({ kind }) => kind) };
}

test.each(["absent", "stopped"] as const)(
  "a guardian that is %s is brought back before anything is said of a release",
  (state) => {
    const { outcome, kinds, run, notices, steps } = askWithout(state);
    expect(outcome).toMatchObject({ proven: true, known: true });
    expect(kinds).toEqual(["probe", "install-proxy", "probe"]);
    expect(steps[1]).toEqual({ kind: "install-proxy", fence: 1, upgrade: false });
    expect(run.guardianLost).toBe(false);
    expect(notices).toEqual([
      {
        kind: "note",
        level: "warning",
        text: "the guardian on the host could not be asked: it is installed anew",
      },
    ]);
  },
);

test("where it cannot be brought back nothing is known, and that is tried once", () => {
  const { outcome, kinds, run } = askWithout("absent", { diskFull: true });
  expect(outcome).toEqual({ proven: false, known: false, atMs: null });
  expect(kinds).toEqual(["probe", "install-proxy"]);
  expect(run.guardianLost).toBe(true);
  const again = askWithout("absent", { run: { guardianLost: true } });
  expect(again.kinds).toEqual(["probe"]);
  expect(again.outcome).toMatchObject({ known: false });
});

test("a run whose time is over installs nothing any more, unless it only puts things in order", () => {
  const over = { deadlineMs: 10, startedMs: 0, nowMs: 20 };
  expect(askWithout("absent", { run: over }).kinds).toEqual(["probe"]);
  expect(askWithout("absent", { run: { ...over, closing: true } }).kinds).toHaveLength(3);
});

test("brought back, it is there, also where it tells of one slot only", () => {
  const host = aSimulatedHost(aRelease());
  answering(host, "probe", (_, time) => ({
    reports: [aProbe({ atMs: 0 }), aProbe({ atMs: time === 1 ? 0 : 7 })],
    traffic: null,
  }));
  const run = underFence(1);
  runScript(probe(run, { count: 1, intervalMs: 0, compare: null, slots: [] }), host);
  expect(run.guardianLost).toBe(false);
});

test("one slot that was asked is enough to know that there is a guardian", () => {
  const host = aSimulatedHost(aRelease());
  const asked = { count: 1, intervalMs: 0, compare: null, slots: [] };
  const reports = [aProbe({ atMs: 0 }), aProbe({ atMs: 7 })];
  const act = host.act.bind(host);
  host.act = ((step: Parameters<typeof act>[0]) =>
    step.kind === "probe" ? { reports, traffic: null } : act(step)) as typeof host.act;
  expect(runScript(probe(underFence(1), asked), host).steps).toHaveLength(1);
});
