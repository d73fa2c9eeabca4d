import { expect, test } from "vitest";
import type { HostView } from "../../src/core/model.js";
import { findUnsettled, namesNoIdleSlot } from "../../src/core/unsettled.js";
import { aBareView, aContainer, anEntry, aView } from "../support/builders.js";

const green = (differs = {}) => aContainer({ id: "container-2", slot: "green", revision: 2, ...differs });
const both = [aContainer(), green()];
const dead = aContainer({ stage: "exited" });
const deadGreen = green({ stage: "exited" });
const stable = [anEntry({ revision: 1 }), anEntry({ revision: 2 })];
const guard = {
  token: "run-1",
  fence: 2,
  revision: 2,
  live: "green",
  previous: "blue",
  remainingMs: 5_000,
} as const;

test.each<[string, HostView, string | undefined]>([
  ["a bare host", aBareView(), undefined],
  ["one release, alone", aView(), undefined],
  [
    "a hot previous release",
    aView({ pointer: { mode: "solo", live: "green" }, containers: both, ledger: stable }),
    undefined,
  ],
  ["an armed guard", aView({ guard, containers: both }), "unconfirmed"],
  [
    "a pair that nobody guards",
    aView({ pointer: { mode: "pair", live: "green", standby: "blue" }, containers: both }),
    "unconfirmed",
  ],
  [
    "what the guardian did",
    aView({ outcome: { token: "run-1", revision: 2, verdict: "reverted", serving: "blue" } }),
    "guardian-acted",
  ],
  ["containers without a pointer", aView({ pointer: null }), "pointer-lost"],
  ["a candidate that never served", aView({ containers: both }), "leftover"],
  [
    "a dead live slot beside a stable one that runs",
    aView({ containers: [aContainer({ stage: "exited" }), green()], ledger: stable }),
    "serving-broken",
  ],
  [
    "a dead live slot beside a candidate",
    aView({ containers: [aContainer({ stage: "exited" }), green()] }),
    "leftover",
  ],
  [
    "an unproven live slot beside a stable one",
    aView({ pointer: { mode: "solo", live: "green" }, containers: both }),
    "serving-broken",
  ],
  ["no pointer, and nothing that runs", aView({ pointer: null, containers: [dead] }), undefined],
  [
    "a dead live slot beside a release that was never promoted either",
    aView({ containers: [dead, green()], ledger: [] }),
    "serving-broken",
  ],
  [
    "an empty live slot beside a release that was never promoted",
    aView({ containers: [green()] }),
    "serving-broken",
  ],
  ["an empty live slot beside a candidate that has exited", aView({ containers: [deadGreen] }), "leftover"],
  [
    "a dead live slot beside a stable one that does not run either",
    aView({ containers: [dead, deadGreen], ledger: stable }),
    undefined,
  ],
  ["two releases that run and were never promoted", aView({ containers: both, ledger: [] }), "leftover"],
])("%s", (_, view, kind) => {
  expect(findUnsettled(view)?.kind).toBe(kind);
});

test("an open switch is told with all that is needed to settle it", () => {
  expect(findUnsettled(aView({ guard, containers: both }))).toEqual({
    kind: "unconfirmed",
    revision: 2,
    live: "green",
    previous: "blue",
    token: "run-1",
    reason: "an earlier run switched to revision 2 and did not confirm it",
  });
  const pair = aView({ pointer: { mode: "pair", live: "green", standby: "blue" }, containers: both });
  expect(findUnsettled(pair)).toEqual({
    kind: "unconfirmed",
    revision: 2,
    live: "green",
    previous: "blue",
    token: null,
    reason: "the switch to revision 2 was never confirmed",
  });
  expect(findUnsettled({ ...pair, containers: [] })).toMatchObject({ revision: 0 });
});

test.each([
  ["reverted", "the guardian went back to slot blue"],
  ["halted", "nothing to go back to answered, and the guardian left slot blue serving"],
] as const)("that the guardian %s is told as what it did", (verdict, told) => {
  const outcome = { token: "run-1", revision: 2, verdict, serving: "blue" } as const;
  expect(findUnsettled(aView({ outcome }))?.reason).toBe(
    `revision 2 was switched to and never confirmed; ${told}`,
  );
});

test.each([
  ["nothing runs where requests are sent", [green()]],
  ["revision 1, which serves, was never promoted", both],
  ["revision 1, which should serve, does not run", [dead, green()]],
])("what is broken is told: %s", (told, containers) => {
  const view = aView({ containers, ledger: [anEntry({ revision: 2 })] });
  expect(findUnsettled(view)).toMatchObject({
    kind: "serving-broken",
    container: { revision: 2 },
    reason: `${told}, and revision 2 runs in the other slot`,
  });
});

test("only where either slot may be serving may neither be taken", () => {
  const kindsOf = (view: HostView) => {
    const found = findUnsettled(view);
    return found === null ? null : namesNoIdleSlot(found);
  };
  expect(kindsOf(aView({ guard, containers: both }))).toBe(true);
  expect(kindsOf(aView({ pointer: null }))).toBe(true);
  expect(kindsOf(aView({ containers: both }))).toBe(false);
  expect(kindsOf(aView({ containers: [dead, green()], ledger: stable }))).toBe(false);
});

const left = anEntry({ revision: 1, left: 2 });

test.each<[string, HostView["ledger"], string]>([
  ["was only started", [], "was started by an earlier run and never served"],
  [
    "failed its gate",
    [anEntry({ event: "aborted", revision: 2 })],
    "was started by an earlier run and never served",
  ],
  ["had the traffic", [anEntry({ event: "switched", revision: 2 })], "served, but was never promoted"],
  [
    "failed its bake",
    [anEntry({ event: "switched", revision: 2 }), anEntry({ event: "rolled-back", revision: 2 })],
    "was rolled back, and its container is still there",
  ],
  [
    "was not confirmed",
    [anEntry({ event: "switched", revision: 2 }), anEntry({ event: "reverted", revision: 2 })],
    "was rolled back, and its container is still there",
  ],
  [
    "never served, though others were rolled back",
    [anEntry({ event: "switched", revision: 9 }), anEntry({ event: "rolled-back", revision: 9 })],
    "was started by an earlier run and never served",
  ],
  [
    "was stable until a rollback by hand",
    [anEntry({ event: "switched", revision: 2 }), anEntry({ revision: 2 }), left],
    "was left by the rollback to revision 1",
  ],
])("of a leftover that %s, the ledger tells so", (_, ledger, what) => {
  const view = aView({ containers: both, ledger: [anEntry(), ...ledger] });
  expect(findUnsettled(view)).toMatchObject({ kind: "leftover", reason: `revision 2 ${what}` });
});

test("a candidate is not draining", () => {
  expect(findUnsettled(aView({ containers: both }))).toMatchObject({ draining: false });
});

test.each([
  ["while the host waits to stop it", {}, true],
  ["not where it was never told to stop", { restartPolicy: "always" }, false],
  ["not where a reboot has stopped it", { stage: "exited" }, false],
] as const)("a release left by a rollback is draining, %s", (_, differs, draining) => {
  const containers = [aContainer(), green({ restartPolicy: "no", ...differs })];
  const view = aView({ containers, ledger: [...stable, left] });
  expect(findUnsettled(view)).toMatchObject({ kind: "leftover", draining });
});
