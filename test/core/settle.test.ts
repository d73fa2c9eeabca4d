import { expect, test } from "vitest";
import type { HostView } from "../../src/core/model.js";
import { findUnsettled } from "../../src/core/settle.js";
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
