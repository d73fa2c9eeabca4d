import type { HostView, LockView } from "./model.js";

/** Lease of the lock, renewed by every act. Longer than the guardian's, so that a lock outlives the switch it guards. */
export const LOCK_LEASE_MS = 30_000;

/** Lease of the dead man's switch, renewed by every observation of the bake. */
export const GUARD_LEASE_MS = 15_000;

/** A proof older than this says nothing about now; it is made again before traffic is moved on its word. */
export const PROOF_LIMIT_MS = 10_000;

/** The lock that somebody has; null where there is none, or its lease is over. */
export function heldLock({ lock }: HostView): LockView | null {
  return lock !== null && lock.remainingMs > 0 ? lock : null;
}

export function describeHeld(lock: LockView): string {
  const seconds = Math.ceil(lock.remainingMs / 1000);
  return `locked by ${lock.holder} (${lock.reason}); unless renewed, the lock ends by itself in ${seconds} s`;
}
