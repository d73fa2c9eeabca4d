import { expect, test } from "vitest";
import type { HostView } from "../../src/core/model.js";
import { findUnsettled } from "../../src/core/unsettled.js";
import { aBareView, aContainer, anEntry, aView } from "../support/builders.js";

const green = (differs = {}) => aContainer({ id: "container-2", slot: "green", revision: 2, ...differs });
const both = [aContainer(), green()];
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
])("%s", (_, view, kind) => {
  expect(findUnsettled(view)?.kind).toBe(kind);
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
    "was stable until a rollback by hand",
    [anEntry({ event: "switched", revision: 2 }), anEntry({ revision: 2 }), left],
    "was left by the rollback to revision 1",
  ],
])("of a leftover that %s, the ledger tells so", (_, ledger, what) => {
  const view = aView({ containers: both, ledger: [anEntry(), ...ledger] });
  expect(findUnsettled(view)).toMatchObject({ kind: "leftover", reason: `revision 2 ${what}` });
});

test.each([
  ["while the host waits to stop it", {}, true],
  ["not where it was never told to stop", { restartPolicy: "unless-stopped" }, false],
  ["not where a reboot has stopped it", { stage: "exited" }, false],
] as const)("a release left by a rollback is draining, %s", (_, differs, draining) => {
  const containers = [aContainer(), green({ restartPolicy: "no", ...differs })];
  const view = aView({ containers, ledger: [...stable, left] });
  expect(findUnsettled(view)).toMatchObject({ kind: "leftover", draining });
});
