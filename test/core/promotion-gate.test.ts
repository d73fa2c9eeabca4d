import { expect, test } from "vitest";
import { deploy } from "../../src/core/deploy.js";
import type { Answers, DeployRequest, Notice, StepKind } from "../../src/core/model.js";
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

const runtime = aRuntime({
  health: aHealth({ passes: 2, intervalMs: 500 }),
  bake: aBake({ durationMs: 5_000, intervalMs: 1_000, minimumSamples: 3, deadlineMs: 9_000 }),
});
const request = aRequest({
  release: aRelease({ image: anImage("v2"), runtime, commit: "c0ffee" }),
  promotionGate: { timeoutMs: 4_000 },
});

type Gate = Behaviour["promotionGate"];

function hostWith(promotionGate: Gate, differs: Partial<Behaviour> = {}): SimulatedHost {
  const v2 = { ...healthy, ...differs, promotionGate };
  return aSimulatedHost(aRelease({ runtime }), { [anImage("v2")]: v2 });
}

function story(host: SimulatedHost, differs: Partial<DeployRequest> = {}, faults: readonly Fault[] = []) {
  const told = runScript(deploy({ ...request, ...differs }), host, faults);
  const since = told.steps.findIndex(({ kind }) => kind === "switch") + 1;
  return { ...told, kinds: told.steps.slice(since).map(({ kind }) => kind) };
}

const notes = (notices: readonly Notice[]) =>
  notices.flatMap((notice) => (notice.kind === "note" ? [notice.text] : []));
const count = (kinds: readonly StepKind[], kind: StepKind) => kinds.filter((one) => one === kind).length;

test("it is told which release it is about, after every look of the bake, and its word is in the ledger", () => {
  const host = answering(hostWith({ afterMs: 0, says: "promote" }), "consult", (answer) => ({
    ...answer,
    reason: "the checkout works",
  }));
  const { kinds, steps, outcome } = story(host);
  expect(kinds.slice(0, 6)).toEqual(["wait", "watch", "consult", "wait", "watch", "consult"]);
  expect(steps.find(({ kind }) => kind === "consult")).toEqual({
    kind: "consult",
    candidate: {
      containerId: "container-1-r2",
      slot: "green",
      revision: 2,
      image: anImage("v2"),
      commit: "c0ffee",
    },
  });
  expect(outcome?.phase).toBe("promoted");
  expect(outcome?.reason).toMatch(/requests .*; the promotion gate agreed: the checkout works$/);
  expect(host.ledger.at(-1)?.reason).toBe(outcome?.reason);
});

test("agreement without a reason is told as that", () => {
  expect(story(hostWith({ afterMs: 0, says: "promote" })).outcome?.reason).toMatch(
    /; the promotion gate agreed$/,
  );
});

test("its agreement makes no bake shorter", () => {
  const without = story(hostWith({ afterMs: 0, says: "promote" }), { promotionGate: null });
  const { kinds } = story(hostWith({ afterMs: 0, says: "promote" }));
  expect(count(kinds, "watch")).toBe(count(without.kinds, "watch"));
  expect(count(without.kinds, "consult")).toBe(0);
  expect(without.outcome?.reason).toMatch(/^\d+ requests \(0 failed\) and \d+ probes$/);
});

test("a veto takes the release back at once, as a failed bake does, with its reason", () => {
  const host = hostWith({ afterMs: 2_000, says: "veto" });
  const { kinds, outcome } = story(host);
  expect(count(kinds, "watch")).toBeLessThan(4);
  expect(kinds.slice(kinds.lastIndexOf("consult") + 1)).toEqual([
    ...["observe", "point-back", "logs", "retire", "wait", "unlock"],
  ]);
  expect(outcome).toMatchObject({
    phase: "rolled-back",
    code: "vetoed",
    serving: 1,
    reason: "the promotion gate vetoed it: it looks wrong",
  });
  expect(host.ledger.at(-1)).toMatchObject({ event: "rolled-back", reason: outcome?.reason });
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(host.live()?.revision).toBe(1);
});

test("a promotion waits for it, the guardian and the lock being kept meanwhile", () => {
  const host = hostWith({ afterMs: 8_000, says: "promote" });
  const { kinds, notices, outcome } = story(host, { promotionGate: { timeoutMs: 20_000 } });
  expect(outcome?.phase).toBe("promoted");
  expect(count(kinds, "watch")).toBeGreaterThan(6);
  expect(notes(notices).filter((text) => text.includes("waiting for the promotion gate"))).toHaveLength(1);
  expect(notices.filter(({ kind }) => kind === "note").at(-1)).toEqual({
    kind: "note",
    level: "info",
    text: expect.stringMatching(/^the bake passed \(.+ probes\); waiting for the promotion gate$/),
  });
});

test("it may even take longer than the guardian would wait, and than the bake may be extended", () => {
  const host = hostWith({ afterMs: 40_000, says: "promote" });
  expect(story(host, { promotionGate: { timeoutMs: 60_000 } }).outcome?.phase).toBe("promoted");
});

test.each<[string, number, "promoted" | "rolled-back"]>([
  ["just in time", 8_500, "promoted"],
  ["too late", 11_000, "rolled-back"],
])("an answer that comes %s", (_, afterMs, phase) => {
  const { outcome } = story(hostWith({ afterMs, says: "promote" }));
  expect(outcome?.phase).toBe(phase);
  if (phase === "rolled-back")
    expect(outcome).toMatchObject({
      code: "vetoed",
      serving: 1,
      reason: "the promotion gate did not decide within 4 s after the bake",
    });
});

test("a bake that fails does not wait for it, and keeps its own reason", () => {
  const host = hostWith(
    { afterMs: null, says: "promote" },
    { afterSwitch: { afterMs: 500, does: "answers-500-but-healthy" } },
  );
  const { outcome } = story(host);
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed" });
  expect(outcome?.reason).not.toContain("gate");
});

test("a release that breaks while it is waited for is taken back for that", () => {
  const host = hostWith(
    { afterMs: null, says: "promote" },
    { afterSwitch: { afterMs: 7_000, does: "health-fails" } },
  );
  const { outcome } = story(host, { promotionGate: { timeoutMs: 20_000 } });
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed" });
  expect(outcome?.reason).toContain("health probes failed in a row");
});

test("one probe that is missed while it is waited for, after all that a bake may take, fails nothing", () => {
  const missed = (watch: Answers["watch"], time: number): Answers["watch"] =>
    time !== 12
      ? watch
      : {
          ...watch,
          live: {
            ...watch.live,
            samples: [{ status: 503, durationMs: 1, detail: "", commitMatches: true }],
          },
        };
  const host = answering(hostWith({ afterMs: 14_000, says: "promote" }), "watch", missed);
  expect(story(host, { promotionGate: { timeoutMs: 12_000 } }).outcome?.phase).toBe("promoted");
});

test.each<[string, number, number, RegExp]>([
  ["in the bake", 0, 5, /^cannot tell after 9 s/],
  // Passed after 5 s and a little, then the gate's time, and once more what a bake has.
  ["while the gate is waited for", 7_000, 7, /^cannot tell after 17\.\d+ s/],
])("that both releases fail their probes %s comes to an end", (_, afterMs, from, reason) => {
  const failing = { samples: [{ status: 503, durationMs: 1, detail: "", commitMatches: true }] };
  const host = answering(hostWith({ afterMs, says: "promote" }), "watch", (watch, time) =>
    time < from || watch.standby === null
      ? watch
      : { ...watch, live: { ...watch.live, ...failing }, standby: { ...watch.standby, ...failing } },
  );
  const { outcome } = story(host, { promotionGate: { timeoutMs: 3_000 }, deadlineMs: 60_000 });
  expect(outcome?.reason).toMatch(reason);
});

test("its time is over when it is over, and not a look later", () => {
  const times: number[] = [];
  const silent = () => hostWith({ afterMs: null, says: "promote" });
  const waits = deploy({ ...request, promotionGate: { timeoutMs: 30_000 } });
  runScript(waits, silent(), [], (step, reply) => {
    if (step.kind === "consult" && reply !== "dead") times.push(reply.nowMs);
  });
  // The bake lasts 5 s: the fifth look is the first that may pass it.
  const passes = times.findIndex((time) => time - (times[0] ?? 0) >= 4_000);
  const timeoutMs = (times[passes + 1] ?? 0) - (times[passes] ?? 0);
  const { kinds } = story(silent(), { promotionGate: { timeoutMs } });
  expect(count(kinds, "consult")).toBe(passes + 2);
});

test("the run's own deadline ends the wait, too", () => {
  const host = hostWith({ afterMs: null, says: "promote" });
  const { outcome } = story(host, { promotionGate: { timeoutMs: 600_000 }, deadlineMs: 30_000 });
  expect(outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed", serving: 1 });
  expect(outcome?.reason).toContain("deadline");
});

test("where nothing can be gone back to, a vetoed release keeps serving and is not stable", () => {
  const host = new SimulatedHost({
    [anImage("v2")]: { ...healthy, promotionGate: { afterMs: 0, says: "veto" } },
  });
  const { outcome } = story(host);
  expect(outcome).toMatchObject({
    phase: "halted",
    code: "vetoed",
    serving: 1,
    reason: "the promotion gate vetoed it: it looks wrong; there is no release to go back to",
  });
  expect(host.ledger.some(({ event }) => event === "promoted")).toBe(false);
});

test("a connection that breaks on the way back from a vetoed release does not bring it again", () => {
  const at = story(hostWith({ afterMs: 0, says: "veto" })).steps.findIndex(
    ({ kind }) => kind === "point-back",
  );
  for (const when of ["before", "after"] as const) {
    const host = hostWith({ afterMs: 0, says: "veto" });
    const lost: Fault = { at, what: { kind: "connection-lost", when, reconnects: true } };
    const { outcome, steps } = story(host, {}, [lost]);
    expect(outcome).toMatchObject({ phase: "rolled-back", code: "vetoed", serving: 1 });
    expect(steps.filter(({ kind }) => kind === "start")).toHaveLength(1);
    expect(host.ledger.some(({ event, revision }) => event === "promoted" && revision === 2)).toBe(false);
  }
});

test("a release that a lost connection makes begin anew is decided on anew", () => {
  const at = story(hostWith({ afterMs: 0, says: "promote" })).steps.findIndex(({ kind }) => kind === "watch");
  const host = hostWith({ afterMs: 0, says: "promote" });
  const lost: Fault = { at, what: { kind: "connection-lost", when: "after", reconnects: true } };
  const { outcome, steps } = story(host, {}, [lost]);
  expect(outcome?.phase).toBe("promoted");
  const asked = new Set(steps.flatMap((step) => (step.kind === "consult" ? [step.candidate.revision] : [])));
  expect([...asked]).toEqual([3]);
});

test("the way back by hand asks nobody", () => {
  const host = hostWith({ afterMs: 0, says: "promote" });
  story(host);
  const told = runScript(rollback(aRollbackRequest()), host);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1 });
  expect(told.steps.map(({ kind }) => kind)).not.toContain("consult");
});

test("what serves already is not put to it", () => {
  const host = hostWith({ afterMs: 0, says: "promote" });
  story(host);
  const again = story(host);
  expect(again.outcome?.phase).toBe("nothing-to-do");
  expect(again.steps.map(({ kind }) => kind)).toEqual(["observe"]);
});
