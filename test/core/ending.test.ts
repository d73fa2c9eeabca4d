import { expect, test } from "vitest";
import { endingOf, outcomeFrom, ownEnd, ownSwitch, retireHot } from "../../src/core/ending.js";
import type { HostView, LedgerEvent } from "../../src/core/model.js";
import { beginRun } from "../../src/core/script.js";
import { aContainer, anEntry, aRelease, aRuntime, aView } from "../support/builders.js";

const cause = { code: "lost", reason: "connection reset" } as const;
const mine = (event: LedgerEvent, revision: number, reason = event as string) =>
  anEntry({ event, revision, by: "run-1", reason });
const foreign = (event: LedgerEvent, revision: number) => anEntry({ event, revision, by: "run-9" });
const green = aContainer({ id: "container-2", slot: "green", revision: 2 });

/** Revision 1 in blue, 2 in green; this serves. */
function viewOf(live: "blue" | "green", ledger: HostView["ledger"], differs: Partial<HostView> = {}) {
  return aView({
    pointer: { mode: "solo", live },
    containers: [aContainer(), green],
    ledger: [anEntry(), ...ledger],
    ...differs,
  });
}

test.each<[string, HostView["ledger"], string | null]>([
  ["nothing at all", [], null],
  ["only what others wrote", [foreign("switched", 2), foreign("promoted", 2)], null],
  ["a switch without an end", [mine("switched", 2)], null],
  ["its promotion", [mine("switched", 2), mine("promoted", 2)], "promoted"],
  ["an abort before any switch", [mine("aborted", 2)], "aborted"],
  ["a promotion whose switch is beyond the tail that was read", [mine("promoted", 2)], "promoted"],
  ["the end of somebody else's switch that it settled", [mine("rolled-back", 7)], null],
  ["that one, before its own switch", [mine("rolled-back", 7), mine("switched", 2)], null],
  ["the last of two switches", [mine("switched", 2), mine("rolled-back", 2), mine("switched", 3)], null],
  ["an end that came before its switch", [mine("rolled-back", 2), mine("switched", 2)], null],
  ["a pair that it left", [mine("switched", 2), mine("switched", 2), mine("promoted", 2)], "promoted"],
  [
    "a later line about another release",
    [mine("switched", 2), mine("rolled-back", 2), mine("aborted", 3)],
    "rolled-back",
  ],
])("of a run whose ledger tells %s, the end is known", (_, ledger, event) => {
  expect(ownEnd(viewOf("blue", ledger), "run-1")?.event ?? null).toBe(event);
});

test("the switch of a run is the last of its own", () => {
  const ledger = [mine("switched", 2), mine("rolled-back", 2), mine("switched", 3), foreign("switched", 4)];
  expect(ownSwitch(viewOf("blue", ledger), "run-1")).toBe(3);
  expect(ownSwitch(viewOf("blue", [mine("aborted", 2)]), "run-1")).toBeNull();
});

test("back on another release is rolled back; still on its own, or on nothing, is halted", () => {
  const told = { code: "lost", reason: "connection reset", logs: "last words" };
  const stable = [anEntry({ revision: 2 })];
  expect(endingOf(viewOf("blue", stable), 2, cause, "last words")).toEqual({
    phase: "rolled-back",
    serving: 1,
    ...told,
  });
  expect(endingOf(viewOf("green", stable), 2, cause, "last words")).toMatchObject({
    phase: "halted",
    serving: 2,
  });
  expect(endingOf(viewOf("blue", stable, { containers: [green] }), 2, cause)).toEqual({
    phase: "halted",
    serving: null,
    ...told,
    logs: "",
  });
});

test("what is still open is told as open, whatever serves", () => {
  const guard = {
    token: "run-1",
    fence: 2,
    revision: 2,
    live: "green",
    previous: "blue",
    remainingMs: 1,
  } as const;
  expect(endingOf(viewOf("blue", [], { guard }), 2, cause)).toMatchObject({
    phase: "halted",
    serving: 1,
    reason:
      "connection reset; an earlier run switched to revision 2 and did not confirm it, which the host settles by itself",
  });
});

test("a container that was only left over does not make a rollback unfinished", () => {
  expect(endingOf(viewOf("blue", []), 2, cause)).toMatchObject({
    phase: "rolled-back",
    reason: "connection reset",
  });
});

test("a promotion that the host shows is one", () => {
  const ledger = [mine("switched", 2), mine("promoted", 2, "12 requests")];
  expect(outcomeFrom(viewOf("green", ledger), "run-1", cause)).toEqual({
    phase: "promoted",
    revision: 2,
    slot: "green",
    reason: "12 requests",
  });
});

test.each([
  ["another release serves since", viewOf("blue", [mine("switched", 2), mine("promoted", 2)]), 1],
  [
    "the pointer was lost since",
    viewOf("green", [mine("switched", 2), mine("promoted", 2)], { pointer: null }),
    null,
  ],
])("a promotion is not told as one where %s", (_, view, serving) => {
  expect(outcomeFrom(view, "run-1", cause)).toMatchObject({ serving, reason: "promoted" });
});

test("a switch that ended otherwise is told with the reason that the ledger has", () => {
  const ledger = [mine("switched", 2), mine("rolled-back", 2, "5 % failed")];
  expect(outcomeFrom(viewOf("blue", ledger), "run-1", cause)).toMatchObject({
    phase: "rolled-back",
    code: "lost",
    serving: 1,
    reason: "5 % failed",
  });
});

test("an abort, or nothing written, is an abort", () => {
  expect(outcomeFrom(viewOf("blue", [mine("aborted", 2, "404")]), "run-1", cause)).toEqual({
    phase: "aborted",
    code: "lost",
    reason: "404",
    serving: 1,
    logs: "",
  });
  const undone = [mine("switched", 2), mine("aborted", 2)];
  expect(outcomeFrom(viewOf("blue", undone), "run-1", cause)).toMatchObject({ phase: "aborted" });
  expect(outcomeFrom(viewOf("blue", [], { containers: [] }), "run-1", cause)).toEqual({
    phase: "aborted",
    ...cause,
    serving: null,
    logs: "",
  });
});

function hot(view: HostView) {
  const asked = retireHot({ ...beginRun(1_000), fence: 4 }, view).next();
  return asked.done ? null : asked.value;
}

test("what was hot beside a promotion goes in its time", () => {
  const releases = [
    { revision: 1, release: aRelease({ runtime: aRuntime({ drainMs: 7, hotMs: 9 }) }), imagePresent: true },
  ];
  expect(hot(viewOf("green", [], { releases }))).toEqual({
    kind: "retire",
    fence: 4,
    containerId: "container-1",
    slot: "blue",
    drainMs: 7,
    afterMs: 9,
  });
});

test.each([
  ["there is no pointer", viewOf("green", [], { pointer: null })],
  ["both are named", viewOf("green", [], { pointer: { mode: "pair", live: "green", standby: "blue" } })],
  ["nothing is in the other slot", viewOf("green", [], { containers: [green] })],
  ["its release is forgotten", viewOf("green", [], { releases: [] })],
])("nothing is taken away where %s", (_, view) => {
  expect(hot(view)).toBeNull();
});
