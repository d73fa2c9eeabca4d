import { stableRevisions } from "./ledger.js";
import { type ContainerView, type GuardOutcome, type HostView, otherSlot, type Slot } from "./model.js";
import { inSlot, isUp } from "./serving.js";

/** Something an earlier run, or the guardian, left that must be put in order before anything else is done. */
export type Unsettled =
  | { readonly kind: "guardian-acted"; readonly outcome: GuardOutcome; readonly reason: string }
  | {
      readonly kind: "unconfirmed";
      readonly revision: number;
      readonly live: Slot;
      readonly previous: Slot;
      readonly token: string | null;
      readonly reason: string;
    }
  | { readonly kind: "pointer-lost"; readonly reason: string }
  | {
      readonly kind: "serving-broken";
      /** What requests are sent to. */
      readonly live: ContainerView | null;
      /** What may take over. */
      readonly container: ContainerView;
      readonly reason: string;
    }
  | {
      readonly kind: "leftover";
      readonly container: ContainerView;
      /** Left by a rollback and still to finish its requests: the host itself takes it away. */
      readonly draining: boolean;
      readonly reason: string;
    };

/** True where either slot may be serving, so that none may be taken for a candidate. */
export function namesNoIdleSlot(unsettled: Unsettled): boolean {
  return unsettled.kind !== "leftover" && unsettled.kind !== "serving-broken";
}

export function findUnsettled(view: HostView): Unsettled | null {
  if (view.outcome !== null) {
    return {
      kind: "guardian-acted",
      outcome: view.outcome,
      reason:
        view.outcome.verdict === "reverted"
          ? `revision ${view.outcome.revision} was switched to and never confirmed; the guardian went back to slot ${view.outcome.serving}`
          : `revision ${view.outcome.revision} was switched to and never confirmed; nothing to go back to answered, and the guardian left slot ${view.outcome.serving} serving`,
    };
  }
  if (view.guard !== null) {
    const { revision, live, previous, token } = view.guard;
    return {
      kind: "unconfirmed",
      revision,
      live,
      previous,
      token,
      reason: `an earlier run switched to revision ${revision} and did not confirm it`,
    };
  }
  if (view.pointer?.mode === "pair") {
    const { live, standby } = view.pointer;
    const revision = inSlot(view, live)?.revision ?? 0;
    return {
      kind: "unconfirmed",
      revision,
      live,
      previous: standby,
      token: null,
      reason: `the switch to revision ${revision} was never confirmed`,
    };
  }
  if (view.pointer === null) {
    return view.containers.some(isUp)
      ? { kind: "pointer-lost", reason: "containers run, but the pointer that says which one serves is lost" }
      : null;
  }
  const live = inSlot(view, view.pointer.live);
  const idle = inSlot(view, otherSlot(view.pointer.live));
  const stable = stableRevisions(view.ledger);
  const isStable = (container: ContainerView | null) =>
    container !== null && stable.includes(container.revision);
  const runs = live !== null && isUp(live);
  // The way back is no leftover, nor a place for a candidate, as long as it may be the better one.
  if (
    idle !== null &&
    isUp(idle) &&
    !(runs && isStable(live)) &&
    (isStable(idle) || (!runs && !isStable(live)))
  ) {
    return {
      kind: "serving-broken",
      live,
      container: idle,
      reason: `${describeBroken(live)}, and revision ${idle.revision} runs in the other slot`,
    };
  }
  return idle !== null && !isStable(idle) ? leftover(view, idle) : null;
}

/** A release that is no way back; the ledger tells whether it ever served. */
function leftover(view: HostView, container: ContainerView): Unsettled {
  const { revision } = container;
  const kind = "leftover";
  const rollback = view.ledger.findLast((entry) => entry.left === revision);
  if (rollback !== undefined) {
    const draining = isUp(container) && container.restartPolicy === "no";
    const reason = `revision ${revision} was left by the rollback to revision ${rollback.revision}`;
    return { kind, container, draining, reason };
  }
  const events = view.ledger.filter((entry) => entry.revision === revision).map((entry) => entry.event);
  const reason = events.some((event) => event === "rolled-back" || event === "reverted")
    ? `revision ${revision} was rolled back, and its container is still there`
    : events.includes("switched")
      ? `revision ${revision} served, but was never promoted`
      : `revision ${revision} was started by an earlier run and never served`;
  return { kind, container, draining: false, reason };
}

export function describeBroken(live: ContainerView | null): string {
  if (live === null) return "nothing runs where requests are sent";
  return isUp(live)
    ? `revision ${live.revision}, which serves, was never promoted`
    : `revision ${live.revision}, which should serve, does not run`;
}
