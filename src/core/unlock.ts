import { describeHeld } from "./lock.js";
import { acquire, giveBack, refuse } from "./locking.js";
import type { HostView, LockView } from "./model.js";
import { ask, beginRun, note, type Script } from "./script.js";

export interface Unlocked {
  /** `contested`: somebody else took it at the same moment, and has it. */
  readonly verdict: "taken" | "free" | "contested";
  /** Who held it before. */
  readonly held: LockView | null;
  readonly view: HostView;
}

/**
 * Takes the lock away from whoever has it, by hand. The fence moves on in the same breath, so that a
 * holder that was only slow is refused from then on.
 */
export function* unlock(holder: string, reason: string, deadlineMs: number): Script<Unlocked> {
  const run = beginRun(deadlineMs);
  const view = yield* ask(run, { kind: "observe" });
  if (view.lock === null) {
    yield* note("info", "nobody holds the lock");
    return { verdict: "free", held: null, view };
  }
  yield* note("warning", `taking away: ${describeHeld(view.lock)}`);
  yield* ask(run, { kind: "unlock", fence: view.lock.fence });
  const taken = yield* acquire(run, holder, reason);
  if (taken !== null) {
    yield* refuse("locked", null, "somebody else took the lock at the same moment");
    return { verdict: "contested", held: view.lock, view: yield* ask(run, { kind: "observe" }) };
  }
  yield* ask(run, {
    kind: "record",
    fence: run.fence,
    entry: { event: "unlocked", revision: 0, image: "", commit: null, by: holder, reason },
  });
  yield* giveBack(run);
  return { verdict: "taken", held: view.lock, view: yield* ask(run, { kind: "observe" }) };
}
