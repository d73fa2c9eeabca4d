import { expect, test } from "vitest";
import {
  describeHeld,
  GUARD_LEASE_MS,
  heldLock,
  LOCK_LEASE_MS,
  PROOF_LIMIT_MS,
} from "../../src/core/lock.js";
import { aView } from "../support/builders.js";

test("who has the lock, why, and when it ends by itself", () => {
  const lock = { holder: "ci-42", reason: "deploy 1a2b3c", fence: 7, remainingMs: 12_300 };
  expect(describeHeld(lock)).toBe(
    "locked by ci-42 (deploy 1a2b3c); unless renewed, the lock ends by itself in 13 s",
  );
});

test("the guardian decides before anybody else may take the lock, and a proof is younger than both", () => {
  expect(GUARD_LEASE_MS).toBeLessThan(LOCK_LEASE_MS);
  expect(PROOF_LIMIT_MS).toBeLessThan(GUARD_LEASE_MS);
});

test("a lock whose lease is over is held by nobody", () => {
  const lock = { holder: "ci-42", reason: "deploy", fence: 7, remainingMs: 1 };
  expect(heldLock({ ...aView(), lock })).toBe(lock);
  expect(heldLock({ ...aView(), lock: { ...lock, remainingMs: 0 } })).toBeNull();
  expect(heldLock({ ...aView(), lock: null })).toBeNull();
});
