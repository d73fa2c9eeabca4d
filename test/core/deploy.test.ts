import { expect, test } from "vitest";
import { deploy } from "../../src/core/deploy.js";
import type { Outcome } from "../../src/core/model.js";
import { answering } from "../support/answering.js";
import { aBake, anImage, aRelease, aRequest, aRuntime, aSite } from "../support/builders.js";
import { type Fault, runScript, type Told } from "../support/run-script.js";
import { type Behaviour, healthy } from "../support/simulated-container.js";
import { aSimulatedHost, SimulatedHost } from "../support/simulated-host.js";

const runtime = aRuntime({ bake: aBake({ durationMs: 3_000, minimumSamples: 3 }) });
const request = aRequest({ release: aRelease({ image: anImage("v2"), runtime }) });

/** Revision 1 serves; v2 behaves as told. */
function hostWith(v2: Partial<Behaviour> = {}): SimulatedHost {
  return aSimulatedHost(aRelease(), { [anImage("v2")]: { ...healthy, ...v2 } });
}

const kinds = (told: Told<Outcome>) => told.steps.map((step) => step.kind).filter((kind) => kind !== "wait");
const stepOf = (kind: string, more = 0) =>
  kinds(runScript(deploy(request), hostWith())).indexOf(kind as never) + more;

test("the whole of a healthy deploy, step by step", () => {
  const told = runScript(deploy(request), hostWith());
  expect(kinds(told)).toEqual([
    ...["observe", "pull", "acquire", "observe", "stage", "start"],
    ...["probe", "probe", "switch"],
    ...["watch", "watch", "watch", "confirm", "retire", "retain", "unlock"],
  ]);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 2, slot: "green" });
  const phases = told.notices.flatMap((notice) => (notice.kind === "phase" ? [notice.at.phase] : []));
  expect(phases).toEqual(["pulled", "locked", "started", "gated", "switched", "baking", "promoted"]);
});

test("what served stays hot after the promotion, and is removed in its time", () => {
  const host = hostWith();
  runScript(deploy(request), host);
  expect(host.inSlot("blue")?.stage).toBe("running");
  host.advance(90_000);
  expect(host.inSlot("blue")).toBeNull();
  expect(host.live()?.revision).toBe(2);
});

test("a candidate that never answers is removed, and its logs are told; what serves is untouched", () => {
  const host = hostWith({ healthyAfterMs: null });
  const told = runScript(deploy(request), host);
  expect(told.outcome).toMatchObject({
    phase: "aborted",
    code: "gate-failed",
    serving: 1,
    logs: "the container's last words",
  });
  expect(kinds(told).slice(-4)).toEqual(["logs", "retire", "record", "unlock"]);
  expect(kinds(told)).not.toContain("switch");
  expect(host.containers.map((container) => container.revision)).toEqual([1]);
  expect(host.traffic.visitors.failures).toBe(0);
});

test("a candidate that exits is given up at once, long before the gate's deadline", () => {
  const told = runScript(deploy(request), hostWith({ healthyAfterMs: null, exitsAfterMs: 500 }));
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "gate-failed" });
  expect(told.tookMs).toBeLessThan(6_000);
});

test("a release that answers 500 after the switch is gone back from", () => {
  const host = hostWith({ afterSwitch: { afterMs: 500, does: "answers-500-but-healthy" } });
  const told = runScript(deploy(request), host);
  expect(told.outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed", serving: 1 });
  expect(kinds(told).slice(-5)).toEqual(["observe", "point-back", "logs", "retire", "unlock"]);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(host.containers.map((container) => container.revision)).toEqual([1]);
});

test("the first release that breaks in its bake goes on serving, and that is no success", () => {
  const host = new SimulatedHost({
    [anImage("v2")]: { ...healthy, afterSwitch: { afterMs: 100, does: "health-fails" } },
  });
  const told = runScript(deploy(request), host);
  expect(told.outcome).toMatchObject({ phase: "halted", serving: 1 });
  expect(told.outcome?.phase === "halted" && told.outcome.reason).toContain(
    "there is no release to go back to",
  );
  expect(host.live()?.stage).toBe("running");
});

test("when the release standing by dies, the pair is left and the bake goes on alone", () => {
  const host = aSimulatedHost(aRelease(), {});
  const fault: Fault = {
    at: stepsUntil("watch"),
    what: {
      kind: "runner-pauses",
      ms: 0,
      meanwhile: () => {
        const blue = host.inSlot("blue");
        if (blue !== null) Object.assign(blue, { stage: "exited", restartPolicy: "no" });
      },
    },
  };
  const told = runScript(deploy(request), host, [fault]);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 2 });
  expect(told.steps.flatMap((step) => (step.kind === "switch" ? [step.to.mode] : []))).toEqual([
    "pair",
    "solo",
  ]);
});

test("a release that hangs cannot stand by: it is replaced, alone, and is no obstacle", () => {
  const host = aSimulatedHost(aRelease(), { [anImage("v1")]: { ...healthy, healthyAfterMs: null } });
  const told = runScript(deploy(request), host);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 2 });
  expect(told.steps.flatMap((step) => (step.kind === "switch" ? [step.to.mode] : []))).toEqual(["solo"]);
});

test("the run's time is over in the gate: the candidate is removed", () => {
  const host = hostWith({ healthyAfterMs: 20_000 });
  const told = runScript(deploy({ ...request, deadlineMs: 6_000 }), host);
  expect(told.outcome).toMatchObject({
    phase: "aborted",
    code: "deadline",
    serving: 1,
    reason: "the deploy's own deadline of 6 s is over",
    logs: "the container's last words",
  });
  expect(host.ledger.at(-1)).toMatchObject({ event: "aborted", revision: 2, by: "run-1" });
  expect(host.containers.map((container) => container.revision)).toEqual([1]);
  expect(told.tookMs).toBeLessThan(10_000);
});

test("so it is where it would have been the first", () => {
  const host = new SimulatedHost({ [anImage("v2")]: { ...healthy, healthyAfterMs: 20_000 } });
  const told = runScript(deploy({ ...request, deadlineMs: 6_000 }), host);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "deadline", serving: null });
  expect(told.outcome).toMatchObject({ logs: "the container's last words" });
});

test("a connection that breaks in the gate and comes back leads to the same end", () => {
  const host = hostWith();
  const told = runScript(deploy(request), host, [lost(stepsUntil("probe"), true)]);
  expect(told.outcome).toMatchObject({ phase: "promoted" });
  expect(host.live()?.release.image).toBe(anImage("v2"));
});

test("the run's time is over in the bake: back", () => {
  const told = runScript(deploy({ ...request, deadlineMs: 7_000 }), hostWith());
  expect(told.outcome).toMatchObject({ phase: "rolled-back", serving: 1 });
});

test("a connection that breaks in the bake and comes back leads to the same end", () => {
  const host = hostWith();
  const told = runScript(deploy(request), host, [lost(stepsUntil("watch"), true)]);
  expect(told.outcome).toMatchObject({ phase: "promoted" });
  expect(host.live()?.release.image).toBe(anImage("v2"));
  expect(host.traffic.visitors.failures).toBe(0);
});

test("a release that the bake rejected is not tried again when the connection breaks over going back", () => {
  const host = hostWith({ afterSwitch: { afterMs: 500, does: "answers-500-but-healthy" } });
  const until = kinds(
    runScript(deploy(request), hostWith({ afterSwitch: { afterMs: 500, does: "answers-500-but-healthy" } })),
  );
  const told = runScript(deploy(request), host, [lost(allSteps("point-back"), true)]);
  expect(until).toContain("point-back");
  expect(told.outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed", serving: 1 });
  expect(told.steps.filter((step) => step.kind === "start")).toHaveLength(1);
});

test("a connection that is gone for good in the bake: the host goes back by itself", () => {
  const host = hostWith();
  const told = runScript(deploy(request), host, [lost(stepsUntil("watch"), false)]);
  expect(told.outcome).toMatchObject({ phase: "lost", code: "lost" });
  host.advance(31_000);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  const next = runScript(deploy({ ...request, holder: "run-2" }), host);
  expect(next.outcome).toMatchObject({ phase: "promoted", revision: 3 });
});

test("a confirmation whose answer was lost is a promotion, told and tidied up", () => {
  const host = hostWith();
  const told = runScript(deploy(request), host, [
    { at: stepsUntil("confirm"), what: { kind: "connection-lost", when: "after", reconnects: true } },
  ]);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 2 });
  expect(told.steps.filter((step) => step.kind === "start")).toHaveLength(1);
  expect(kinds(told).slice(-2)).toEqual(["retire", "unlock"]);
});

test("a runner that slept beyond the guard's lease finds that the guardian acted", () => {
  const host = hostWith();
  const at = stepsUntil("confirm");
  const told = runScript(deploy(request), host, [
    { at, what: { kind: "runner-pauses", ms: 22_000, meanwhile: null } },
  ]);
  expect(told.outcome).toMatchObject({
    phase: "rolled-back",
    code: "guard-gone",
    serving: 1,
    reason:
      "the bake was not confirmed in time, so the guardian on the host decided by itself, unless somebody removed it",
  });
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
});

test("a proof that grew old while the runner slept moves no traffic", () => {
  const host = hostWith();
  const at = stepsUntil("switch");
  const told = runScript(deploy(request), host, [
    { at, what: { kind: "runner-pauses", ms: 25_000, meanwhile: null } },
  ]);
  expect(told.outcome).toMatchObject({ phase: "aborted", serving: 1 });
  expect(host.live()?.revision).toBe(1);
});

test("a holder that slept beyond its lease is refused, and touches nothing more", () => {
  const host = hostWith();
  const rival = () => {
    host.advance(31_000);
    runScript(deploy({ ...request, holder: "rival" }), host);
  };
  const told = runScript(deploy(request), host, [
    { at: stepsUntil("start"), what: { kind: "runner-pauses", ms: 0, meanwhile: rival } },
  ]);
  expect(told.outcome).toMatchObject({ code: "fenced" });
  expect(kinds(told).slice(-2)).toEqual(["start", "observe"]);
  expect(host.ledger.at(-1)).toMatchObject({ event: "promoted", by: "rival" });
});

test("a host whose open switch cannot be settled is not deployed over", () => {
  const host = hostWith();
  runScript(deploy(request), host, [
    { at: stepsUntil("watch"), what: { kind: "runner-dies", when: "before" } },
  ]);
  host.lock = null;
  const told = runScript(deploy({ ...request, holder: "run-2" }), host, [
    { at: 3, what: { kind: "disk-full", steps: 50 } },
  ]);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "unconfirmed-switch" });
  expect(kinds(told)).not.toContain("start");
});

test("a lock that is held refuses before anything is touched", () => {
  const host = hostWith();
  host.lock = { holder: "ci-7", reason: "deploy", leaseMs: 30_000, expiresMs: host.nowMs + 30_000 };
  const told = runScript(deploy(request), host);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "locked" });
  expect(kinds(told)).toEqual(["observe", "pull", "acquire"]);
});

test("begun anew under its own lock and refused then, it gives the lock back", () => {
  const host = hostWith();
  const told = runScript(deploy(request), host, [lost(stepsUntil("start"), true)], () => {
    if (host.lock !== null) host.pullFails = "registry-unreachable";
  });
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "registry-unreachable" });
  expect(host.lock).toBeNull();
});

function lost(at: number, reconnects: boolean): Fault {
  return { at, what: { kind: "connection-lost", when: "before", reconnects } };
}

/** The number of the first step of a kind in a healthy run. */
function stepsUntil(kind: string): number {
  expect(stepOf(kind)).toBeGreaterThan(0);
  return runScript(deploy(request), hostWith()).steps.findIndex((step) => step.kind === kind);
}

function allSteps(kind: string): number {
  const host = hostWith({ afterSwitch: { afterMs: 500, does: "answers-500-but-healthy" } });
  return runScript(deploy(request), host).steps.findIndex((step) => step.kind === kind);
}

const migration = { command: ["npm", "run", "migrate"], timeoutMs: 60_000 };

/** A host on which every step of a deploy is taken: no proxy yet, another port, a pre-deploy command. */
function everyStep() {
  const host = new SimulatedHost();
  const release = aRelease({ image: anImage("v2"), runtime: { ...runtime, preDeploy: migration } });
  return { host, request: { ...request, release, publicUrl: "https://shop.example" } };
}

test("a bare host is prepared first, in this order", () => {
  const { host, request } = everyStep();
  const told = runScript(deploy(request), host);
  expect(kinds(told).slice(0, 8)).toEqual([
    ...["observe", "pull", "acquire", "observe", "install-proxy", "stage", "pre-deploy", "route"],
  ]);
  expect(told.steps).toContainEqual({ kind: "install-proxy", fence: 1, upgrade: false });
  for (const text of [
    "installing the proxy and its guardian",
    "pre-deploy: npm run migrate (must be compatible with the release that serves)",
  ])
    expect(told.notices).toContainEqual({ kind: "note", level: "info", text });
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1 });
});

test("where the proxy has lost the site of what serves, that is mended before anything that takes long", () => {
  const { request } = everyStep();
  const host = aSimulatedHost(aRelease());
  host.proxy = { ...host.proxy, state: "stopped", guardian: "stopped", site: null };
  const told = runScript(deploy(request), host);
  expect(kinds(told).slice(3, 8)).toEqual(["observe", "install-proxy", "route", "stage", "pre-deploy"]);
  expect(kinds(told).filter((kind) => kind === "route")).toHaveLength(1);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 2 });

  const refusing = aSimulatedHost(aRelease());
  refusing.proxy = host.proxy = { ...host.proxy, site: null };
  answering(refusing, "route", () => ({ verdict: "failed", code: "proxy-failed", message: "no" }));
  const refused = runScript(deploy(request), refusing);
  expect(refused.outcome).toMatchObject({ phase: "aborted", code: "proxy-failed", serving: 1 });
  expect(kinds(refused).slice(-2)).toEqual(["route", "unlock"]);
});

test.each(["install-proxy", "route", "stage", "pre-deploy", "start"] as const)(
  "where the host cannot do the %s, that is why it ends, and the lock is given back",
  (kind) => {
    const { host, request } = everyStep();
    answering(host, kind, () => ({ verdict: "failed", code: "step-failed", message: `no ${kind}` }));
    const told = runScript(deploy(request), host);
    expect(told.outcome).toEqual({
      phase: "aborted",
      code: "step-failed",
      serving: null,
      reason: `no ${kind}`,
      logs: "",
    });
    expect(kinds(told).slice(-2)).toEqual([kind, "unlock"]);
  },
);

test("an image that cannot be pulled is told before the lock is taken", () => {
  const host = hostWith();
  host.pullFails = "registry-denied";
  const told = runScript(deploy(request), host);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "registry-denied", serving: null });
  expect(kinds(told)).toEqual(["observe", "pull"]);
});

test("what stands in the way is told before anything is pulled, with the code of the first", () => {
  const told = runScript(deploy({ ...request, imageArchitecture: "arm64" }), hostWith());
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "wrong-architecture", serving: null });
  expect(kinds(told)).toEqual(["observe"]);
});

test("what stands in the way only by the time it has the lock is told as well, and the lock given back", () => {
  const host = answering(hostWith(), "observe", (view, time) =>
    time === 2 ? { ...view, diskFreeBytes: 0 } : view,
  );
  const told = runScript(deploy(request), host);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "disk-full", serving: 1 });
  expect(kinds(told)).toEqual(["observe", "pull", "acquire", "observe", "unlock"]);
});

test("where another run was quicker with the same release, there is nothing left to do", () => {
  const host = hostWith();
  const told = runScript(deploy(request), host, [
    {
      at: 2,
      what: {
        kind: "runner-pauses",
        ms: 0,
        meanwhile: () => runScript(deploy({ ...request, holder: "rival" }), host),
      },
    },
  ]);
  expect(told.outcome).toMatchObject({ phase: "nothing-to-do", revision: 2, slot: "green" });
  expect(kinds(told)).toEqual(["observe", "pull", "acquire", "observe", "unlock"]);
});

test("what serves already is told, without the lock", () => {
  const told = runScript(deploy(aRequest({ release: aRelease() })), aSimulatedHost(aRelease()));
  expect(told.outcome).toEqual({
    phase: "nothing-to-do",
    revision: 1,
    slot: "blue",
    reason: "revision 1 serves this image, configuration and secrets already",
  });
  expect(told.notices).toEqual([{ kind: "phase", at: told.outcome }]);
});

test("only the proxy's configuration differs: it is reloaded, and nothing is pulled or started", () => {
  const host = aSimulatedHost(aRelease());
  const asked = aRequest({ release: aRelease(), site: aSite({ domains: ["shop.example"] }) });
  const told = runScript(deploy(asked), host);
  expect(kinds(told)).toEqual(["observe", "acquire", "observe", "route", "unlock"]);
  expect(told.outcome).toEqual({
    phase: "promoted",
    revision: 1,
    slot: "blue",
    reason: "only the proxy's configuration differs",
  });
  expect(host.proxy.site?.domains).toEqual(["shop.example"]);
});

test("a proxy that refuses its configuration keeps the one it has", () => {
  const host = aSimulatedHost(aRelease());
  const asked = aRequest({ release: aRelease(), site: aSite({ domains: ["shop.example"] }) });
  const told = runScript(deploy(asked), host, [{ at: 3, what: { kind: "disk-full", steps: 1 } }]);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "disk-full", serving: 1 });
  expect(kinds(told).slice(-2)).toEqual(["route", "unlock"]);
});

test("what is staged and started is the release with the host's own mark of its secrets", () => {
  const told = runScript(deploy(request), hostWith());
  for (const kind of ["stage", "start"])
    expect(told.steps).toContainEqual(
      expect.objectContaining({
        kind,
        revision: 2,
        release: { ...request.release, secretsHash: "secrets-1" },
      }),
    );
});

test("whoever deploys is in the ledger, with what was asked for", () => {
  const host = hostWith();
  const told = runScript(deploy({ ...request, keepReleases: 1 }), host);
  expect(host.ledger.slice(-2)).toMatchObject([
    { event: "switched", by: "run-1" },
    { event: "promoted", by: "run-1" },
  ]);
  expect(told.steps).toContainEqual(
    expect.objectContaining({ kind: "acquire", holder: "run-1", reason: "deploy v2", leaseMs: 30_000 }),
  );
  expect(told.steps).toContainEqual(expect.objectContaining({ kind: "retain", revisions: [1, 2] }));
});

test("the run's time is over between the switch and the bake: it is no candidate any more", () => {
  const host = hostWith();
  const at = stepsUntil("switch");
  answering(host, "switch", (answer) => {
    host.advance(600_000);
    return answer;
  });
  const told = runScript(deploy(request), host);
  expect(kinds(told).slice(at)).toContain("observe");
  expect(told.outcome).toMatchObject({ serving: 1 });
  expect(told.outcome?.phase).not.toBe("aborted");
});
