import * as fc from "fast-check";
import { expect, test } from "vitest";
import { deploy } from "../../src/core/deploy.js";
import { stableRevisions } from "../../src/core/ledger.js";
import type { Release } from "../../src/core/model.js";
import { rollback } from "../../src/core/rollback.js";
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
import { scaled } from "../support/scale.js";
import { healthy } from "../support/simulated-container.js";
import { aSimulatedHost } from "../support/simulated-host.js";

const runtime = aRuntime({
  health: aHealth({ passes: 2, intervalMs: 500 }),
  bake: aBake({ durationMs: 5_000, minimumSamples: 5 }),
});

function release(name: string): Release {
  return aRelease({ image: anImage(name), configHash: name, runtime });
}

/** Cut anywhere, before or after the act, with or without a way back to the host. */
const cuts: fc.Arbitrary<Fault> = fc.record({
  at: fc.integer({ min: 0, max: 40 }),
  what: fc.oneof(
    fc.record({
      kind: fc.constant("runner-dies" as const),
      when: fc.constantFrom("before" as const, "after" as const),
    }),
    fc.record({
      kind: fc.constant("connection-lost" as const),
      when: fc.constantFrom("before" as const, "after" as const),
      reconnects: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant("host-reboots" as const),
      parts: fc.integer({ min: 0, max: 4 }),
      reconnects: fc.boolean(),
    }),
  ),
});

test("invariant 5: deploying what serves plans no steps", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 5 }), (names) => {
      const host = aSimulatedHost(release("first"));
      for (const [index, name] of names.entries())
        runScript(deploy(aRequest({ release: release(name), holder: `run-${index}` })), host);
      const again = deploy(aRequest({ release: release(names.at(-1) ?? ""), holder: "again" }));
      const told = runScript(again, host);
      expect(told.steps.map((step) => step.kind)).toEqual(["observe"]);
      expect(told.outcome?.phase).toBe("nothing-to-do");
    }),
    { numRuns: scaled(60) },
  );
});

test("no request fails over any row of healthy deploys and rollbacks", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "back"), { minLength: 1, maxLength: 6 }), (acts) => {
      const host = aSimulatedHost(release("first"));
      for (const [index, act] of acts.entries())
        runScript(
          act === "back"
            ? rollback(aRollbackRequest({ holder: `run-${index}` }))
            : deploy(aRequest({ release: release(act), holder: `run-${index}` })),
          host,
        );
      host.advance(120_000);
      expect(host.traffic.visitors.requests).toBeGreaterThan(1_000);
      expect(host.traffic.visitors.failures).toBe(0);
    }),
    { numRuns: scaled(60) },
  );
});

test("invariant 3: a healthy release is deployed by the run after any cut, and by no more than that", () => {
  fc.assert(
    fc.property(cuts, (cut) => {
      const host = aSimulatedHost(release("first"));
      runScript(deploy(aRequest({ release: release("next"), holder: "run-1" })), host, [cut]);
      host.advance(60_000);
      expect(host.live()?.stage).toBe("running");
      const told = runScript(deploy(aRequest({ release: release("next"), holder: "run-2" })), host);
      expect(["promoted", "nothing-to-do"]).toContain(told.outcome?.phase);
      expect(host.live()?.release.image).toBe(anImage("next"));
      const after = runScript(deploy(aRequest({ release: release("next"), holder: "run-3" })), host);
      expect(after.steps.map((step) => step.kind)).toEqual(["observe"]);
    }),
    // Once in some thousand histories: the ledger's line is what a reboot cut off.
    {
      numRuns: scaled(300),
      examples: [[{ at: 23, what: { kind: "host-reboots", parts: 2, reconnects: false } }]],
    },
  );
});

test("invariant 3: a release that dies after the switch is never kept, wherever the run is cut", () => {
  const broken = { ...healthy, afterSwitch: { afterMs: 500, does: "answers-500" } } as const;
  fc.assert(
    fc.property(cuts, (cut) => {
      const host = aSimulatedHost(release("first"), { [anImage("broken")]: broken });
      const told = runScript(deploy(aRequest({ release: release("broken") })), host, [cut]);
      host.advance(60_000);
      expect(told.outcome?.phase).not.toBe("promoted");
      expect(host.live()?.revision).toBe(1);
      expect(host.live()?.stage).toBe("running");
      expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
    }),
    { numRuns: scaled(300) },
  );
});

test("invariant 6: two rollbacks go further back, not to and fro", () => {
  const host = aSimulatedHost(release("first"));
  for (const name of ["second", "third"])
    runScript(deploy(aRequest({ release: release(name), holder: name })), host);
  const served = ["back-1", "back-2", "back-3"].map((holder) => {
    const told = runScript(rollback(aRollbackRequest({ holder })), host);
    return `${told.outcome?.phase} ${host.live()?.revision}`;
  });
  expect(served).toEqual(["promoted 2", "promoted 1", "aborted 1"]);
  expect(stableRevisions(host.ledger)).toEqual([1]);
});
