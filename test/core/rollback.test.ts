import { describe, expect, test } from "vitest";
import { deploy } from "../../src/core/deploy.js";
import { chooseRollback, rollback } from "../../src/core/rollback.js";
import { answering } from "../support/answering.js";
import {
  aContainer,
  anEntry,
  anImage,
  aRelease,
  aRequest,
  aRollbackRequest,
  aRuntime,
  aView,
} from "../support/builders.js";
import { type Fault, runScript } from "../support/run-script.js";
import { aSimulatedHost, type SimulatedHost } from "../support/simulated-host.js";

const record = (revision: number) => ({ revision, release: aRelease(), imagePresent: true });
const threeStable = aView({
  containers: [aContainer({ revision: 3 })],
  ledger: [1, 2, 3].map((revision) => anEntry({ revision })),
  releases: [1, 2, 3].map(record),
});

test("it goes to the newest stable release other than the one it leaves", () => {
  expect(chooseRollback(threeStable, null)).toEqual({
    verdict: "go",
    record: record(2),
    reason: "revision 2 is the newest stable release other than what serves",
  });
  expect(chooseRollback(threeStable, 1)).toEqual({
    verdict: "go",
    record: record(1),
    reason: "revision 1 was asked for",
  });
});

test("what it leaves may be dead, and is left all the same", () => {
  const dead = { ...threeStable, containers: [aContainer({ revision: 3, stage: "exited" })] };
  expect(chooseRollback(dead, null)).toMatchObject({ verdict: "go", record: { revision: 2 } });
  expect(chooseRollback(dead, 3).verdict).toBe("none");
});

test("where nothing is served, none is left", () => {
  expect(chooseRollback({ ...threeStable, pointer: null }, null)).toMatchObject({ record: { revision: 3 } });
  expect(chooseRollback({ ...threeStable, containers: [] }, null)).toMatchObject({ record: { revision: 3 } });
});

test.each([
  ["what serves", 3, "revision 3 is what serves; can go back to: 1, 2"],
  ["what is not stable", 4, "revision 4 is not a stable release of this host; can go back to: 1, 2"],
])("it never goes to %s, and says where it could", (_, to, reason) => {
  expect(chooseRollback(threeStable, to)).toEqual({ verdict: "none", reason });
});

test("a stable release whose folder is gone is no choice", () => {
  const alone = { ...threeStable, releases: [record(3)] };
  expect(chooseRollback(alone, null)).toEqual({
    verdict: "none",
    reason: "there is nothing to go back to; no earlier stable release is on the host",
  });
  expect(chooseRollback(alone, 2)).toMatchObject({ verdict: "none" });
});

function twice() {
  const host = aSimulatedHost(aRelease());
  release(host, 2);
  return host;
}

/** Deploys the next release, with the faults that are told. */
function release(host: SimulatedHost, number: number, faults: readonly Fault[] = [], runtime = aRuntime()) {
  const request = aRequest({
    release: aRelease({ image: anImage(`v${number}`), runtime }),
    holder: `run-${number}`,
  });
  return runScript(deploy(request), host, faults);
}

/** The runner of the next release dies in its bake, and its lock is given up: what it switched to is open. */
function cutOff(host: SimulatedHost, number: number): void {
  const { steps } = release(twice(), 3);
  const at = steps.findIndex(({ kind }) => kind === "watch");
  release(host, number, [{ at, what: { kind: "runner-dies", when: "before" } }]);
  host.lock = null;
}

const back = (host: SimulatedHost, to: number | null = null, faults: readonly Fault[] = []) =>
  runScript(rollback(aRollbackRequest({ to })), host, faults);

const fullAt = (at: number): Fault => ({ at, what: { kind: "disk-full", steps: 1 } });

test("hot it is a switch with fresh proof, guarded and baked, and nothing is started", () => {
  const host = twice();
  const told = runScript(rollback(aRollbackRequest()), host);
  const kinds = told.steps.map((step) => step.kind);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1, slot: "blue" });
  // Every step more is time that visitors spend with the release that is left.
  expect(kinds.slice(0, 4)).toEqual(["acquire", "observe", "probe", "switch"]);
  expect(kinds).not.toContain("start");
  // The proof needs its passes, not the pauses that a release needs which may still fall over.
  const { passes } = aRelease().runtime.health;
  expect(told.steps[2]).toMatchObject({ kind: "probe", count: passes, intervalMs: 0 });
  // The proxy has asked it all along.
  expect(told.steps[3]).not.toHaveProperty("believedFromMs");
  expect(host.ledger.at(-1)).toMatchObject({ event: "promoted", revision: 1, left: 2, by: "run-back" });
  expect(host.ledger.at(-2)).not.toHaveProperty("left");
  expect(told.steps).toContainEqual(
    expect.objectContaining({ kind: "switch", guard: expect.objectContaining({ token: "run-back" }) }),
  );
  expect(told.notices).toContainEqual({
    kind: "note",
    level: "info",
    text: "revision 1 is the newest stable release other than what serves; a database's schema is not taken back",
  });
});

test("cold it is started from its own release and gated", () => {
  const host = twice();
  host.advance(120_000);
  const told = runScript(rollback(aRollbackRequest()), host);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1 });
  expect(told.steps.map((step) => step.kind)).not.toContain("pull");
  const start = told.steps.find((step) => step.kind === "start");
  expect(start).toMatchObject({ revision: 1, release: { image: anImage("v1") } });
  const { passes, intervalMs } = aRelease().runtime.health;
  const probe = told.steps.find((step) => step.kind === "probe");
  expect(probe).toMatchObject({ count: passes, intervalMs });
  expect(told.steps.find((step) => step.kind === "switch")).toHaveProperty("believedFromMs");
});

test("its image pruned, it is pulled again; when that fails, the message says which", () => {
  const host = twice();
  host.advance(120_000);
  host.images.delete(anImage("v1"));
  host.pullFails = "registry-unreachable";
  const told = runScript(rollback(aRollbackRequest()), host);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "registry-unreachable", serving: 2 });
  expect(told.outcome?.reason).toContain("the image of revision 1 is not on the host any more");
});

test("where the host went back by itself, it is done: not a second rollback further back", () => {
  const host = twice();
  const third = aRequest({ release: aRelease({ image: anImage("v3") }), holder: "run-3" });
  const watch = runScript(deploy({ ...third, holder: "dry" }), twice()).steps.findIndex(
    (step) => step.kind === "watch",
  );
  runScript(deploy(third), host, [{ at: watch, what: { kind: "runner-dies", when: "before" } }]);
  host.advance(40_000);
  const told = runScript(rollback(aRollbackRequest()), host);
  expect(told.outcome).toMatchObject({ phase: "nothing-to-do", revision: 2, slot: "green" });
  expect(told.outcome?.reason).toContain("the guardian went back to slot green; so the host is back");
  expect(host.live()?.revision).toBe(2);
  expect(host.lock).toBeNull();
});

test.each([null, 2])("the same where it settles an open switch itself (asked for: %s)", (to) => {
  const host = twice();
  cutOff(host, 3);
  expect(back(host, to).outcome).toMatchObject({ phase: "nothing-to-do", revision: 2 });
});

test("an open switch is settled first, and then it goes to the release that was asked for", () => {
  const host = twice();
  cutOff(host, 3);
  expect(back(host, 1).outcome).toMatchObject({ phase: "promoted", revision: 1 });
  expect(host.live()?.revision).toBe(1);
});

test("an open switch whose pointer is lost is no obstacle", () => {
  const host = twice();
  cutOff(host, 3);
  host.pointer = null;
  expect(back(host).outcome).toMatchObject({ phase: "nothing-to-do", revision: 2 });
});

test("where an open switch cannot be settled, nothing is started", () => {
  const host = twice();
  cutOff(host, 3);
  const told = back(host, null, [{ at: 2, what: { kind: "disk-full", steps: 50 } }]);
  expect(told.outcome).toMatchObject({
    phase: "aborted",
    code: "unconfirmed-switch",
    reason: "an earlier run switched to revision 3 and did not confirm it",
  });
  expect(told.steps.map(({ kind }) => kind)).not.toContain("start");
});

test("nor where the pointer is lost and cannot be written", () => {
  const host = twice();
  host.pointer = null;
  const told = back(host, null, [{ at: 2, what: { kind: "disk-full", steps: 50 } }]);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "unconfirmed-switch" });
});

test("where the guardian kept what serves, that is left like anything else", () => {
  const host = twice();
  host.outcome = { token: "run-2", revision: 2, verdict: "halted", serving: "green" };
  expect(back(host).outcome).toMatchObject({ phase: "promoted", revision: 1 });
});

test("where the pointer was lost, finding it again is no rollback", () => {
  const host = twice();
  host.pointer = null;
  expect(back(host).outcome).toMatchObject({ phase: "promoted", revision: 1 });
});

test("where the host went back to what was never promoted, there is no place to go", () => {
  const host = aSimulatedHost(aRelease());
  host.ledger = host.ledger.filter(({ event }) => event !== "promoted");
  cutOff(host, 2);
  expect(back(host).outcome).toMatchObject({ phase: "aborted", code: "no-stable-release", serving: 1 });
});

test("where the host went back and that died since, the next stable release is started", () => {
  const host = twice();
  cutOff(host, 3);
  host.advance(40_000);
  Object.assign(host.live() ?? {}, { stage: "exited", restartPolicy: "no" });
  expect(back(host).outcome).toMatchObject({ phase: "promoted", revision: 1 });
});

test("where every container is gone, the newest stable release is started, and nothing is left", () => {
  const host = twice();
  host.containers = [];
  expect(back(host).outcome).toMatchObject({ phase: "promoted", revision: 2 });
  expect(host.ledger.at(-1)).not.toHaveProperty("left");
});

test("where something serves, what a rollback started and could not use is taken away", () => {
  const host = twice();
  host.containers = host.containers.filter((container) => container === host.live());
  const late: Fault = { at: 3, what: { kind: "runner-pauses", ms: 20_000, meanwhile: null } };
  const told = runScript(rollback({ ...aRollbackRequest(), deadlineMs: 9_000 }), host, [late]);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "deadline", serving: 2 });
  expect(told.steps.map(({ kind }) => kind)).toContain("retire");
  expect(host.inSlot("blue")).toBeNull();
});

test("where nothing serves, a rollback whose time is over leaves the release it started for the next run", () => {
  const dead = () => {
    const host = twice();
    Object.assign(host.live() ?? {}, { stage: "exited", restartPolicy: "no" });
    host.containers = host.containers.filter((container) => container === host.live());
    return host;
  };
  const at = back(dead()).steps.findIndex(({ kind }) => kind === "switch");
  const host = dead();
  const late: Fault = { at: at - 1, what: { kind: "runner-pauses", ms: 20_000, meanwhile: null } };
  const told = runScript(rollback({ ...aRollbackRequest(), deadlineMs: 9_000 }), host, [late]);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "deadline", serving: null });
  expect(told.steps.map(({ kind }) => kind)).not.toContain("retire");
  expect(told.notices).toContainEqual({
    kind: "note",
    level: "warning",
    text: "nothing serves: revision 1 stays for the next run to take",
  });
  expect(host.inSlot("blue")).toMatchObject({ revision: 1, stage: "running" });

  expect(back(host).outcome).toMatchObject({ phase: "nothing-to-do", revision: 1 });
  expect(host.live()?.revision).toBe(1);
});

test("a hot release that has exited is started again", () => {
  const host = twice();
  Object.assign(host.inSlot("blue") ?? {}, { stage: "exited", restartPolicy: "no" });
  const told = back(host);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1 });
  expect(told.steps).toContainEqual(expect.objectContaining({ kind: "start", revision: 1, slot: "blue" }));
});

/** Revision 3 serves from blue, 2 is hot in green; each has a port of its own. */
function thrice() {
  const host = aSimulatedHost(aRelease());
  release(host, 2, [], aRuntime({ port: 3002 }));
  release(host, 3, [], aRuntime({ port: 3003 }));
  return host;
}

test("a release further back is started in place of the hot one, and the proxy is told its port", () => {
  const host = thrice();
  const told = back(host, 1);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1, slot: "green" });
  expect(told.steps).toContainEqual(expect.objectContaining({ kind: "start", revision: 1, slot: "green" }));
  expect(host.proxy.site?.slots).toMatchObject({ blue: { port: 3003 }, green: { port: 3000 } });
});

test("where the port is the one that the proxy has, its configuration is left alone", () => {
  const host = twice();
  host.advance(120_000);
  expect(back(host).steps.map(({ kind }) => kind)).not.toContain("route");
});

test("a hot release that a deploy which was cut off has taken the port from is given it back, before the switch", () => {
  const host = twice();
  const site = host.proxy.site;
  if (site === null) throw new Error("the proxy has a site");
  host.proxy = {
    ...host.proxy,
    site: { ...site, slots: { ...site.slots, blue: { port: 4000, healthPath: "/up" } } },
  };
  const told = back(host);
  expect(told.steps.map(({ kind }) => kind).slice(0, 5)).toEqual([
    ...["acquire", "observe", "route", "probe", "switch"],
  ]);
  expect(host.proxy.site).toEqual(site);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1 });
});

test("a host whose proxy has no site yet is given none by a rollback", () => {
  const host = twice();
  host.advance(120_000);
  host.proxy = { ...host.proxy, site: null };
  expect(back(host).outcome).toMatchObject({ phase: "promoted", revision: 1 });
});

test.each(["route", "start"] as const)("where the host cannot do the %s, what serves goes on", (kind) => {
  const at = back(thrice(), 1).steps.findIndex((step) => step.kind === kind);
  const host = thrice();
  const told = back(host, 1, [fullAt(at)]);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "disk-full", serving: 3 });
  expect(told.steps.at(-1)?.kind).toBe("unlock");
  expect(host.live()?.revision).toBe(3);
});

test("its image pruned, it is pulled again and started", () => {
  const host = twice();
  host.advance(120_000);
  host.images.delete(anImage("v1"));
  const told = back(host);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1 });
  // A pull may outlast the lock's lease, so the lock is not held meanwhile.
  expect(told.steps.map(({ kind }) => kind).slice(0, 7)).toEqual([
    ...["acquire", "observe", "unlock", "pull", "acquire", "observe", "start"],
  ]);
  expect(told.steps).toContainEqual({ kind: "pull", image: anImage("v1") });
});

test("an image that is gone again after it was pulled is not pulled for ever", () => {
  const host = twice();
  host.advance(120_000);
  host.images.delete(anImage("v1"));
  const pruned = answering(host, "pull", (answer) => {
    host.images.delete(anImage("v1"));
    return answer;
  });
  const told = back(pruned);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "image-missing", serving: 2 });
  expect(told.steps.filter(({ kind }) => kind === "pull")).toHaveLength(1);
});

test("a lock that is held refuses before anything is looked at", () => {
  const host = twice();
  host.lock = { holder: "ci-7", reason: "deploy", leaseMs: 30_000, expiresMs: host.nowMs + 30_000 };
  const told = back(host);
  expect(told.outcome).toEqual({
    phase: "aborted",
    code: "locked",
    serving: null,
    reason: "locked by ci-7 (deploy); unless renewed, the lock ends by itself in 30 s",
    logs: "",
  });
  expect(told.steps.map(({ kind }) => kind)).toEqual(["acquire"]);
});

describe("a rollback that was cut off after its switch goes where it meant to, not further back", () => {
  const thrice = () => {
    const host = twice();
    runScript(deploy(aRequest({ release: aRelease({ image: anImage("v3") }), holder: "run-3" })), host);
    return host;
  };
  const watch = runScript(rollback(aRollbackRequest()), thrice()).steps.findIndex(
    (step) => step.kind === "watch",
  );

  test("by the next run, after the host took it back", () => {
    const host = thrice();
    runScript(rollback(aRollbackRequest({ holder: "cut off" })), host, [
      { at: watch, what: { kind: "runner-dies", when: "before" } },
    ]);
    host.advance(40_000);
    expect(host.live()?.revision).toBe(3);
    const told = runScript(rollback(aRollbackRequest()), host);
    expect(host.ledger.find((entry) => entry.event === "reverted")).toMatchObject({ revision: 2 });
    expect(told.outcome).toMatchObject({ phase: "promoted", revision: 2 });
    // It was not found broken, so it is still hot.
    expect(told.steps.map((step) => step.kind)).not.toContain("start");
  });

  test("by the same run, when its connection is back", () => {
    const told = runScript(rollback(aRollbackRequest()), thrice(), [
      { at: watch, what: { kind: "connection-lost", when: "before", reconnects: true } },
    ]);
    expect(told.outcome).toMatchObject({ phase: "promoted", revision: 2 });
  });
});

test("what still runs needs no image to be gone back to", () => {
  const host = aSimulatedHost(aRelease());
  runScript(deploy(aRequest({ release: aRelease({ image: anImage("v2") }) })), host);
  host.images.delete(aRelease().image);
  const { steps, outcome } = runScript(rollback(aRollbackRequest()), host);
  expect(steps.map(({ kind }) => kind)).not.toContain("pull");
  expect(outcome).toMatchObject({ phase: "promoted", revision: 1 });
});
