import { describeHeld, LOCK_LEASE_MS } from "./lock.js";
import type { HostView, Outcome, OutcomeCode } from "./model.js";
import { ask, end, enter, type Run, type Script } from "./script.js";
import { servingContainer } from "./serving.js";

/** Takes the lock under a fence, or says who has it. */
export function* acquire(run: Run, holder: string, reason: string): Script<Outcome | null> {
  const held = yield* lockUnlessHeld(run, holder, reason);
  return held === null ? null : yield* refuse("locked", null, held);
}

/** The same for a run that may have done something already: what ends it is for the caller to say. */
export function* lockUnlessHeld(run: Run, holder: string, reason: string): Script<string | null> {
  const lock = yield* ask(run, { kind: "acquire", holder, reason, leaseMs: LOCK_LEASE_MS });
  if (lock.verdict === "held") return describeHeld(lock.lock);
  run.fence = lock.fence;
  yield* enter({ phase: "locked", fence: lock.fence });
  return null;
}

/** Gives the lock back where the run has it, as one may that begins anew after a lost connection. */
export function* giveBack(run: Run): Script<void> {
  if (run.fence > 0) yield* ask(run, { kind: "unlock", fence: run.fence });
}

export function* refuse(code: OutcomeCode, serving: number | null, reason: string): Script<Outcome> {
  return yield* end({ phase: "aborted", code, serving, reason, logs: "" });
}

/** Before a candidate runs: nothing to undo. What serves is told where the host was read under the lock. */
export function* giveUp(run: Run, view: HostView | null, code: OutcomeCode, reason: string): Script<Outcome> {
  yield* giveBack(run);
  const serving = view === null ? null : servingContainer(view);
  return yield* refuse(code, serving?.revision ?? null, reason);
}
