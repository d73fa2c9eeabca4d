import { describeHeld } from "./lock.js";
import { acquire, refuse } from "./locking.js";
import type { HostView } from "./model.js";
import { ask, beginRun, note, type Script } from "./script.js";

/**
 * Takes the lock away from whoever has it, by hand. The fence moves on in the same breath, so that a
 * holder that was only slow is refused from then on.
 */
export function* unlock(holder: string, reason: string, deadlineMs: number): Script<HostView> {
  const run = beginRun(deadlineMs);
  const view = yield* ask(run, { kind: "observe" });
  if (view.lock === null) {
    yield* note("info", "nobody holds the lock");
    return view;
  }
  yield* note("warning", `taking away: ${describeHeld(view.lock)}`);
  yield* ask(run, { kind: "unlock", fence: view.lock.fence });
  const taken = yield* acquire(run, holder, reason);
  if (taken !== null) {
    yield* refuse("locked", null, "somebody else took the lock at the same moment");
    return yield* ask(run, { kind: "observe" });
  }
  yield* ask(run, {
    kind: "record",
    fence: run.fence,
    entry: { event: "unlocked", revision: 0, image: "", commit: null, by: holder, reason },
  });
  yield* ask(run, { kind: "unlock", fence: run.fence });
  return yield* ask(run, { kind: "observe" });
}
