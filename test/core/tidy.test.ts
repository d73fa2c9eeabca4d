import { expect, test } from "vitest";
import type { Candidate } from "../../src/core/candidate.js";
import type { HostView } from "../../src/core/model.js";
import { beginRun } from "../../src/core/script.js";
import { tidy } from "../../src/core/tidy.js";
import { aContainer, anEntry, aRelease, aRuntime, aView } from "../support/builders.js";

const errand = {
  token: "run-1",
  holder: "run-1",
  reason: "why",
  keepReleases: 2,
  publicUrl: null,
  promotionGate: null,
};
const runtime = aRuntime({ drainMs: 5_000, hotMs: 60_000 });
const candidate: Candidate = {
  container: { id: "container-9", slot: "green" },
  revision: 9,
  release: aRelease(),
  left: null,
  hot: false,
};
/** Before the switch: revision 8 serves from blue, something old is in green, 5 to 8 were promoted. */
const before = aView({
  containers: [
    aContainer({ revision: 8 }),
    aContainer({ id: "container-3", slot: "green", revision: 3, stage: "exited" }),
  ],
  ledger: [5, 6, 7, 8].map((revision) => anEntry({ revision })),
});
const standby = { container: aContainer({ revision: 8 }), runtime };

function steps(who: Candidate, view: HostView, beside: typeof standby | null) {
  const script = tidy({ ...beginRun(1_000), fence: 4 }, errand, view, who, beside);
  const asked = [];
  for (let turn = script.next(); !turn.done; ) {
    asked.push(turn.value);
    turn = script.next({ kind: "answer", nowMs: 1, answer: { verdict: "done" } });
  }
  return asked;
}

test("what served stays hot, the newest are kept, and the lock is given back", () => {
  expect(steps(candidate, before, standby)).toEqual([
    {
      kind: "retire",
      fence: 4,
      containerId: "container-1",
      slot: "blue",
      drainMs: 5_000,
      afterMs: 60_000,
    },
    { kind: "retain", fence: 4, revisions: [8, 9] },
    { kind: "unlock", fence: 4 },
  ]);
});

test("a release that a rollback leaves goes as soon as its requests are done, and its folder stays till then", () => {
  const back = { ...candidate, revision: 7, left: 8 };
  expect(steps(back, before, standby)).toMatchObject([
    { kind: "retire", afterMs: 5_001 },
    { kind: "retain", revisions: [6, 7, 8] },
    { kind: "unlock" },
  ]);
});

test("a release that was never promoted is no way back, and goes at once", () => {
  const view = { ...before, ledger: [anEntry({ revision: 5 })] };
  expect(steps(candidate, view, standby)[0]).toMatchObject({ kind: "retire", afterMs: 0 });
});

test("alone, nothing is taken away but the releases beyond those kept and those that are in a slot", () => {
  const view = { ...before, containers: before.containers.slice(1) };
  expect(steps(candidate, view, null)).toEqual([
    { kind: "retain", fence: 4, revisions: [8, 9] },
    { kind: "unlock", fence: 4 },
  ]);
  const two = aContainer({ revision: 2, stage: "exited" });
  expect(steps(candidate, { ...before, containers: [two] }, null)[0]).toMatchObject({ revisions: [2, 8, 9] });
});
