import type { Errand } from "./candidate.js";
import { type Cause, outcomeFrom, ownEnd, ownSwitch, retireHot } from "./ending.js";
import { giveBack, lockUnlessHeld, refuse } from "./locking.js";
import type { Outcome, RuntimeSpec } from "./model.js";
import { ask, end, Interruption, note, type Run, type Script } from "./script.js";
import { settled } from "./settle.js";
import { findUnsettled } from "./unsettled.js";

/** How often a run reads the host again after a lost connection before it leaves the rest to the host. */
const ATTEMPTS = 4;

/**
 * Runs a story to its end over lost connections: whether a step was done is unknown then, so the host is
 * read again and the story told from the start, which plans only what is still missing. What the run has
 * brought to an end already (promoted, gone back, its time over) is not begun anew.
 */
export function* resilient(
  run: Run,
  errand: Errand,
  fallback: RuntimeSpec | null,
  story: () => Script<Outcome>,
): Script<Outcome> {
  let lost: string | null = null;
  let late: Cause | null = null;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      if (lost !== null) {
        yield* note("warning", `the host was lost (${lost}) and is back: reading it again`);
        const cause = late ?? (yield* alreadyOver(run, errand, lost));
        lost = null;
        if (cause !== null) return yield* close(run, errand, fallback, cause);
        const held = yield* takeBack(run, errand, fallback);
        if (held !== null) return held;
      }
      if (late !== null) return yield* close(run, errand, fallback, late);
      return yield* story();
    } catch (cause) {
      if (!(cause instanceof Interruption)) throw cause;
      if (cause.why === "fenced") return yield* stop(run, errand);
      if (cause.why === "deadline") late = { code: "deadline", reason: cause.message };
      else if (!cause.reconnected) return yield* gone(cause.message);
      else lost = cause.message;
    }
  }
  return yield* gone(lost ?? "the connection was lost again and again");
}

/** Whether this run has nothing left to try, and why: what it did, or meant to do when it was interrupted. */
function* alreadyOver(run: Run, errand: Errand, lost: string): Script<Cause | null> {
  const view = yield* ask(run, { kind: "observe" });
  // A release that the bake has found broken is not deployed a second time.
  if (run.rejected !== null) return run.rejected;
  const acted = view.outcome !== null && view.outcome.token === errand.token;
  return acted || ownEnd(view, errand.holder) !== null ? { code: "lost", reason: lost } : null;
}

/** A switch that was not confirmed is settled before the story begins anew: it may end before it comes to that. */
function* takeBack(run: Run, errand: Errand, fallback: RuntimeSpec | null): Script<Outcome | null> {
  if (run.fence === 0) return null;
  const seen = yield* ask(run, { kind: "observe" });
  if (ownSwitch(seen, errand.holder) === null) return null;
  const held = yield* lockUnlessHeld(
    run,
    errand.holder,
    "settling a switch that a lost connection left open",
  );
  if (held !== null) return yield* tell(run, errand, { code: "locked", reason: held });
  const { view } = yield* settled(run, errand.holder, fallback);
  if (findUnsettled(view)?.kind !== "unconfirmed") return null;
  yield* giveBack(run);
  return yield* end(
    outcomeFrom(view, errand.holder, { code: "unconfirmed-switch", reason: "it could not be settled" }),
  );
}

/** Settles what is open, whatever the time, and says what the host shows. */
function* close(run: Run, errand: Errand, fallback: RuntimeSpec | null, cause: Cause): Script<Outcome> {
  if (run.fence === 0) return yield* refuse(cause.code, null, cause.reason);
  run.closing = true;
  const held = yield* lockUnlessHeld(run, errand.holder, "bringing an interrupted run to its end");
  if (held !== null)
    return yield* tell(run, errand, { code: cause.code, reason: `${cause.reason}; ${held}` });
  const { view } = yield* settled(run, errand.holder, fallback);
  const outcome = outcomeFrom(view, errand.holder, cause);
  if (outcome.phase === "promoted") yield* retireHot(run, view);
  yield* giveBack(run);
  return yield* end(outcome);
}

/** Another run has the host now, and settles what is open; what this one had finished before stays finished. */
function* stop(run: Run, errand: Errand): Script<Outcome> {
  const reason = "another run took the lock; this one has stopped and touched nothing since";
  try {
    return yield* tell(run, errand, { code: "fenced", reason });
  } catch (cause) {
    if (!(cause instanceof Interruption)) throw cause;
    return yield* refuse("fenced", null, reason);
  }
}

/** Without the lock nothing is settled any more; how the run ended, the host knows. */
function* tell(run: Run, errand: Errand, cause: Cause): Script<Outcome> {
  const view = yield* ask(run, { kind: "observe" });
  return yield* end(outcomeFrom(view, errand.holder, cause));
}

function* gone(reason: string): Script<Outcome> {
  return yield* end({
    phase: "lost",
    code: "lost",
    serving: null,
    reason: `${reason}; what served keeps serving, and a switch that was not confirmed is taken back by the host itself within seconds`,
    logs: "",
  });
}
