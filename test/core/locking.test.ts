import { expect, test } from "vitest";
import { acquire, giveBack, giveUp } from "../../src/core/locking.js";
import { beginRun } from "../../src/core/script.js";
import { aRelease, aView } from "../support/builders.js";
import { runScript } from "../support/run-script.js";
import { aSimulatedHost } from "../support/simulated-host.js";

test("a run acts under the fence that it was granted, and says so", () => {
  const run = beginRun(60_000);
  const told = runScript(acquire(run, "run-1", "deploy v2"), aSimulatedHost(aRelease()));
  expect(told.steps).toEqual([{ kind: "acquire", holder: "run-1", reason: "deploy v2", leaseMs: 30_000 }]);
  expect(told.outcome).toBeNull();
  expect(run.fence).toBe(2);
  expect(told.notices).toEqual([{ kind: "phase", at: { phase: "locked", fence: 2 } }]);
});

test("a lock is given back by a run that has it, and by no other", () => {
  const host = aSimulatedHost(aRelease());
  expect(runScript(giveBack({ ...beginRun(60_000), fence: 1 }), host).steps).toEqual([
    { kind: "unlock", fence: 1 },
  ]);
  expect(runScript(giveBack(beginRun(60_000)), host).steps).toEqual([]);
});

test("a run that gives up says what serves, where it knows that", () => {
  const up = (view: ReturnType<typeof aView> | null) =>
    runScript(giveUp(beginRun(60_000), view, "preflight", "no room"), aSimulatedHost(aRelease())).outcome;
  const told = { phase: "aborted", code: "preflight", reason: "no room", logs: "" };
  expect(up(aView())).toEqual({ ...told, serving: 1 });
  expect(up(aView({ containers: [] }))).toEqual({ ...told, serving: null });
  expect(up(null)).toEqual({ ...told, serving: null });
});
