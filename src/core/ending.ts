import type { Candidate, Errand } from "./candidate.js";
import { runtimeOf } from "./ledger.js";
import { giveBack } from "./locking.js";
import { type HostView, type LedgerEntry, type Outcome, type OutcomeCode, otherSlot } from "./model.js";
import { ask, end, type Run, type Script } from "./script.js";
import { inSlot, servingContainer } from "./serving.js";
import { settled } from "./settle.js";
import { findUnsettled } from "./unsettled.js";

/** Why a run stops where it is. */
export interface Cause {
  readonly code: OutcomeCode;
  readonly reason: string;
}

/**
 * After the switch, when the host did not do as asked (its guardian acted first, a full disk): whatever is
 * open is settled, and what then serves is what is told, never what was meant.
 */
export function* concede(run: Run, errand: Errand, candidate: Candidate, cause: Cause): Script<Outcome> {
  const { id } = candidate.container;
  const logs = yield* ask(run, { kind: "logs", fence: run.fence, containerId: id, lines: 50 });
  const { view } = yield* settled(run, errand.holder, candidate.release.runtime);
  yield* giveBack(run);
  // What is left to the guardian it may have decided since: what is told is read last.
  const last = findUnsettled(view)?.kind === "unconfirmed" ? yield* ask(run, { kind: "observe" }) : view;
  return yield* end(endingOf(last, candidate.revision, cause, logs.text));
}

/** How a run that has switched to a revision ended, by what the host shows. */
export function endingOf(view: HostView, revision: number, cause: Cause, logs = ""): Outcome {
  const serving = servingContainer(view)?.revision ?? null;
  const open = findUnsettled(view);
  const back = serving !== null && serving !== revision && open?.kind !== "unconfirmed";
  const reason =
    open?.kind === "unconfirmed"
      ? `${cause.reason}; ${open.reason}, which the host settles by itself`
      : cause.reason;
  const told = { code: cause.code, serving, reason, logs };
  return back ? { phase: "rolled-back", ...told } : { phase: "halted", ...told };
}

/** What a run has written into the ledger about its own switch; settling somebody else's is not its end. */
export function ownEnd(view: HostView, holder: string): LedgerEntry | null {
  const own = view.ledger.filter((entry) => entry.by === holder);
  const last = own.findLast((entry) => entry.event === "promoted" || entry.event === "aborted");
  const switched = own.findLast((entry) => entry.event === "switched");
  if (switched === undefined) return last ?? null;
  const after = own.slice(own.lastIndexOf(switched) + 1);
  return after.findLast((entry) => entry.revision === switched.revision) ?? null;
}

/**
 * The revision that a run has switched to last, confirmed or not; null when it has not. The guard is armed before
 * the pointer moves and the ledger tells of it.
 */
export function ownSwitch(view: HostView, holder: string): number | null {
  if (view.guard?.token === holder) return view.guard.revision;
  return view.ledger.findLast((entry) => entry.by === holder && entry.event === "switched")?.revision ?? null;
}

/** The outcome of a run that was interrupted, read from the host alone. */
export function outcomeFrom(view: HostView, holder: string, cause: Cause): Outcome {
  const last = ownEnd(view, holder);
  const serving = servingContainer(view);
  if (last?.event === "promoted" && serving?.revision === last.revision) {
    return { phase: "promoted", revision: last.revision, slot: serving.slot, reason: last.reason };
  }
  const switched = ownSwitch(view, holder);
  const why = last === null ? cause : { ...cause, reason: last.reason };
  if (switched !== null && last?.event !== "aborted") return endingOf(view, switched, why);
  return { phase: "aborted", ...why, serving: serving?.revision ?? null, logs: "" };
}

/** After a confirmation whose answer was lost: what served before is still to be taken away in its time. */
export function* retireHot(run: Run, view: HostView): Script<void> {
  if (view.pointer?.mode !== "solo") return;
  const hot = inSlot(view, otherSlot(view.pointer.live));
  if (hot === null) return;
  const runtime = runtimeOf(view, hot);
  if (runtime === null) return;
  yield* ask(run, {
    kind: "retire",
    fence: run.fence,
    containerId: hot.id,
    slot: hot.slot,
    drainMs: runtime.drainMs,
    afterMs: runtime.hotMs,
  });
}
