import { expect, test } from "vitest";
import { deploy } from "../../src/core/deploy.js";
import { ask, beginRun } from "../../src/core/script.js";
import { unlock } from "../../src/core/unlock.js";
import { answering } from "../support/answering.js";
import { anImage, aRelease, aRequest } from "../support/builders.js";
import { runScript } from "../support/run-script.js";
import { aSimulatedHost } from "../support/simulated-host.js";

function held() {
  const host = aSimulatedHost(aRelease());
  function* take() {
    return yield* ask(beginRun(60_000), {
      kind: "acquire",
      holder: "other#9",
      reason: "a deploy",
      leaseMs: 30_000,
    });
  }
  runScript(take(), host);
  return host;
}

test("somebody else's lock is taken away, the fence moves on, and the next deploy goes ahead", () => {
  const host = held();
  const request = aRequest({ release: aRelease({ image: anImage("v2") }) });
  expect(runScript(deploy(request), host).outcome).toMatchObject({ phase: "aborted", code: "locked" });

  const told = runScript(unlock("me#1", "they went home", 60_000), host);
  expect(told.outcome).toMatchObject({ verdict: "taken", held: { holder: "other#9" } });
  expect(told.outcome?.view.lock).toBeNull();
  expect(told.outcome?.view.ledger.at(-1)).toMatchObject({
    event: "unlocked",
    by: "me#1",
    reason: "they went home",
  });
  expect(runScript(deploy(request), host).outcome?.phase).toBe("promoted");
});

test("where nobody holds the lock, nothing is done", () => {
  const told = runScript(unlock("me#1", "just in case", 60_000), aSimulatedHost(aRelease()));
  expect(told.steps.map((step) => step.kind)).toEqual(["observe"]);
  expect(told.outcome).toMatchObject({ verdict: "free", held: null, view: { lock: null } });
  expect(told.notices).toEqual([{ kind: "note", level: "info", text: "nobody holds the lock" }]);
});

test("who it is taken from is told, and what was taken away is written down", () => {
  const host = held();
  const told = runScript(unlock("me#1", "they went home", 60_000), host);
  expect(told.notices[0]).toMatchObject({
    level: "warning",
    text: expect.stringMatching(/^taking away: locked by other#9/),
  });
  expect(told.steps.map((step) => step.kind)).toEqual([
    ...["observe", "unlock", "acquire", "record", "unlock", "observe"],
  ]);
  expect(host.ledger.at(-1)).toMatchObject({ event: "unlocked", revision: 0, image: "", commit: null });
});

test("where somebody else is quicker, nothing is written, and that is told", () => {
  const lock = { holder: "rival", reason: "", fence: 9, remainingMs: 9 };
  const host = answering(held(), "acquire", () => ({ verdict: "held", lock }));
  const told = runScript(unlock("me#1", "they went home", 60_000), host);
  expect(told.steps.map((step) => step.kind)).toEqual(["observe", "unlock", "acquire", "observe"]);
  expect(told.outcome?.verdict).toBe("contested");
  expect(told.notices.at(-1)).toMatchObject({
    at: {
      phase: "aborted",
      code: "locked",
      reason: "somebody else took the lock at the same moment",
    },
  });
});
