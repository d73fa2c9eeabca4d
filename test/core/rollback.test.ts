import { describe, expect, test } from "vitest";
import { deploy } from "../../src/core/deploy.js";
import { chooseRollback, rollback } from "../../src/core/rollback.js";
import {
  aContainer,
  anEntry,
  anImage,
  aRelease,
  aRequest,
  aRollbackRequest,
  aView,
} from "../support/builders.js";
import { runScript } from "../support/run-script.js";
import { aSimulatedHost } from "../support/simulated-host.js";

const record = (revision: number) => ({ revision, release: aRelease(), imagePresent: true });
const threeStable = aView({
  containers: [aContainer({ revision: 3 })],
  ledger: [1, 2, 3].map((revision) => anEntry({ revision })),
  releases: [1, 2, 3].map(record),
});

test("it goes to the newest stable release other than the one it leaves", () => {
  expect(chooseRollback(threeStable, null)).toMatchObject({ verdict: "go", record: { revision: 2 } });
  expect(chooseRollback(threeStable, 1)).toMatchObject({ verdict: "go", record: { revision: 1 } });
});

test("what it leaves may be dead, and is left all the same", () => {
  const dead = { ...threeStable, containers: [aContainer({ revision: 3, stage: "exited" })] };
  expect(chooseRollback(dead, null)).toMatchObject({ verdict: "go", record: { revision: 2 } });
  expect(chooseRollback(dead, 3).verdict).toBe("none");
});

test.each([
  ["what serves", 3, "revision 3 is what serves; can go back to: 1, 2"],
  ["what is not stable", 4, "revision 4 is not a stable release of this host; can go back to: 1, 2"],
])("it never goes to %s, and says where it could", (_, to, reason) => {
  expect(chooseRollback(threeStable, to)).toEqual({ verdict: "none", reason });
});

test("a stable release whose folder is gone is no choice", () => {
  expect(chooseRollback({ ...threeStable, releases: [record(3)] }, null)).toEqual({
    verdict: "none",
    reason: "there is nothing to go back to; no earlier stable release is on the host",
  });
});

function twice() {
  const host = aSimulatedHost(aRelease());
  runScript(deploy(aRequest({ release: aRelease({ image: anImage("v2") }) })), host);
  return host;
}

test("hot it is a switch with fresh proof, guarded and baked, and nothing is started", () => {
  const host = twice();
  const told = runScript(rollback(aRollbackRequest()), host);
  const kinds = told.steps.map((step) => step.kind);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1, slot: "blue" });
  expect(kinds).not.toContain("start");
  expect(kinds.indexOf("probe")).toBeLessThan(kinds.indexOf("switch"));
  expect(host.ledger.at(-1)).toMatchObject({ event: "promoted", revision: 1, left: 2 });
});

test("cold it is started from its own release and gated", () => {
  const host = twice();
  host.advance(120_000);
  const told = runScript(rollback(aRollbackRequest()), host);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1 });
  const start = told.steps.find((step) => step.kind === "start");
  expect(start).toMatchObject({ revision: 1, release: { image: anImage("v1") } });
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
  expect(told.outcome).toMatchObject({ phase: "nothing-to-do", revision: 2 });
  expect(host.live()?.revision).toBe(2);
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
  });

  test("by the same run, when its connection is back", () => {
    const told = runScript(rollback(aRollbackRequest()), thrice(), [
      { at: watch, what: { kind: "connection-lost", when: "before", reconnects: true } },
    ]);
    expect(told.outcome).toMatchObject({ phase: "promoted", revision: 2 });
  });
});
