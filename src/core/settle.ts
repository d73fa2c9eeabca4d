import { isProven, watched } from "./gate.js";
import { recordOf, stableRevisions } from "./ledger.js";
import {
  type ContainerView,
  type HostView,
  type LedgerDraft,
  type LedgerEvent,
  otherSlot,
  type RuntimeSpec,
  type Slot,
} from "./model.js";
import { ask, isFailure, note, type Run, remainingMs, type Script } from "./script.js";
import { inSlot, isUp } from "./serving.js";

/** Something an earlier run, or the guardian, left that must be put in order before anything else is done. */
export type Unsettled =
  | { readonly kind: "guardian-acted"; readonly reason: string }
  | {
      readonly kind: "unconfirmed";
      readonly revision: number;
      readonly live: Slot;
      readonly previous: Slot;
      readonly token: string | null;
      readonly reason: string;
    }
  | { readonly kind: "pointer-lost"; readonly reason: string }
  | { readonly kind: "serving-broken"; readonly container: ContainerView; readonly reason: string }
  | {
      readonly kind: "leftover";
      readonly container: ContainerView;
      /** Left by a rollback and still to finish its requests: the host itself takes it away. */
      readonly draining: boolean;
      readonly reason: string;
    };

/** True where either slot may be serving, so that none may be taken for a candidate. */
function namesNoIdleSlot(unsettled: Unsettled): boolean {
  return unsettled.kind !== "leftover" && unsettled.kind !== "serving-broken";
}

export function findUnsettled(view: HostView): Unsettled | null {
  if (view.outcome !== null) {
    return {
      kind: "guardian-acted",
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
  const reason = events.includes("rolled-back")
    ? `revision ${revision} was rolled back, and its container is still there`
    : events.includes("switched")
      ? `revision ${revision} served, but was never promoted`
      : `revision ${revision} was started by an earlier run and never served`;
  return { kind, container, draining: false, reason };
}

export interface Settled {
  readonly view: HostView;
  /** Why no slot may be taken for a candidate; null where one may. */
  readonly blocked: string | null;
}

/** Observes under the lock and settles until nothing is left that settling changes. */
export function* settled(run: Run, holder: string, fallback: RuntimeSpec | null): Script<Settled> {
  let view = yield* ask(run, { kind: "observe" });
  let open = findUnsettled(view);
  let able = true;
  for (let round = 0, before = ""; round < 4 && open !== null && open.reason !== before; round++) {
    before = open.reason;
    able = yield* settle(run, view, open, holder, fallback);
    view = yield* ask(run, { kind: "observe" });
    open = findUnsettled(view);
  }
  // What cannot be settled (a full disk) may still serve from either slot, or be the way back.
  return { view, blocked: open !== null && (!able || namesNoIdleSlot(open)) ? open.reason : null };
}

/**
 * Puts an unsettled host in order, under the lock: confirmed releases stay, everything else goes back,
 * with fresh proof. Doing it twice does no more than doing it once. False where the host could not do what
 * that needs, so that it says nothing about what was left.
 */
function* settle(
  run: Run,
  view: HostView,
  unsettled: Unsettled,
  holder: string,
  fallback: RuntimeSpec | null,
): Script<boolean> {
  yield* note("warning", unsettled.reason);
  switch (unsettled.kind) {
    case "guardian-acted":
      yield* acknowledge(run, view, holder);
      return true;
    case "unconfirmed":
      return yield* goBack(run, view, unsettled, holder, fallback);
    case "pointer-lost":
      return yield* restorePointer(run, view, holder, fallback);
    case "serving-broken":
      return yield* takeOver(run, view, unsettled.container, holder, fallback);
    case "leftover":
      // No request came to it of late, so the proxy has nothing to forget.
      yield* retire(run, unsettled.container);
      return true;
  }
}

function* acknowledge(run: Run, view: HostView, holder: string): Script<void> {
  const outcome = view.outcome;
  if (outcome === null) return;
  const event: LedgerEvent = outcome.verdict === "reverted" ? "rolled-back" : "halted";
  const rejected = view.containers.find((container) => container.revision === outcome.revision) ?? null;
  yield* ask(run, {
    kind: "point-back",
    fence: run.fence,
    live: outcome.serving,
    entry: draft(event, outcome.revision, rejected, holder, "never confirmed; decided by the guardian"),
  });
  if (rejected !== null && rejected.slot !== outcome.serving) yield* retireRejected(run, rejected);
}

function* goBack(
  run: Run,
  view: HostView,
  unconfirmed: { readonly revision: number; readonly live: Slot; readonly previous: Slot },
  holder: string,
  fallback: RuntimeSpec | null,
): Script<boolean> {
  const candidate = inSlot(view, unconfirmed.live);
  const previous = inSlot(view, unconfirmed.previous);
  if (previous !== null && isUp(previous)) yield* letStart(run, view, previous, fallback);
  const decision = yield* healthier(run, view, previous, candidate, fallback);
  if (!decision.known) return false;
  const back = decision.slot === unconfirmed.previous;
  yield* ask(run, {
    kind: "point-back",
    fence: run.fence,
    live: decision.slot ?? unconfirmed.previous,
    entry: draft(
      back && decision.proven ? "rolled-back" : "halted",
      unconfirmed.revision,
      candidate,
      holder,
      `unconfirmed switch settled: ${decision.reason}`,
    ),
  });
  if (back && candidate !== null) yield* retireRejected(run, candidate);
  return true;
}

/**
 * After a reboot the way back may be slow to start, and an untried release must not win by being quicker. The
 * pair serves meanwhile.
 */
function* letStart(
  run: Run,
  view: HostView,
  previous: ContainerView,
  fallback: RuntimeSpec | null,
): Script<void> {
  const untilMs = run.nowMs + PATIENCE_MS;
  for (;;) {
    const health = yield* askHealth(run, view, previous, fallback);
    if (health.proven || !health.known) return;
    if (run.nowMs >= untilMs || remainingMs(run) <= 0) return;
    yield* ask(run, { kind: "wait", ms: 1_000 });
  }
}

/** As long as the guardian would try it. */
const PATIENCE_MS = 30_000;

function* restorePointer(
  run: Run,
  view: HostView,
  holder: string,
  fallback: RuntimeSpec | null,
): Script<boolean> {
  const stable = stableRevisions(view.ledger);
  const rank = (container: ContainerView) =>
    stable.indexOf(container.revision) * 1_000_000 + container.revision;
  const [first, second] = [...view.containers].filter(isUp).sort((a, b) => rank(b) - rank(a));
  if (first === undefined) return true;
  const decision = yield* healthier(run, view, first, second ?? null, fallback);
  if (!decision.known) return false;
  const slot = decision.slot ?? first.slot;
  const chosen = slot === first.slot ? first : (second ?? first);
  const entry = draft("halted", chosen.revision, chosen, holder, `the pointer was lost: ${decision.reason}`);
  yield* ask(run, { kind: "point-back", fence: run.fence, live: slot, entry });
  return true;
}

/** What should serve is dead, or broken and never promoted: with proof, the other slot serves. Without, nothing is gained. */
function* takeOver(
  run: Run,
  view: HostView,
  container: ContainerView,
  holder: string,
  fallback: RuntimeSpec | null,
): Script<boolean> {
  const live = view.pointer === null ? null : inSlot(view, view.pointer.live);
  if (live !== null && isUp(live)) {
    const health = yield* askHealth(run, view, live, fallback);
    if (health.proven || !health.known) return health.known;
  }
  const health = yield* askHealth(run, view, container, fallback);
  if (!health.proven) return health.known;
  const reason = `took over: ${describeBroken(live)}`;
  const entry = draft("rolled-back", live?.revision ?? 0, live, holder, reason);
  return !isFailure(yield* ask(run, { kind: "point-back", fence: run.fence, live: container.slot, entry }));
}

function describeBroken(live: ContainerView | null): string {
  if (live === null) return "nothing runs where requests are sent";
  return isUp(live)
    ? `revision ${live.revision}, which serves, was never promoted`
    : `revision ${live.revision}, which should serve, does not run`;
}

/**
 * The first of two containers that proves itself; where neither does, one that at least runs, or else the
 * preferred one. Both are asked now, whatever the view showed: what was starting again then may answer by now.
 * Nothing is chosen where the host could not ask.
 */
export function* healthier(
  run: Run,
  view: HostView,
  preferred: ContainerView | null,
  other: ContainerView | null,
  fallback: RuntimeSpec | null,
): Script<{
  readonly slot: Slot | null;
  readonly proven: boolean;
  readonly known: boolean;
  readonly reason: string;
}> {
  let known = true;
  for (const container of [preferred, other]) {
    if (container === null) continue;
    const health = yield* askHealth(run, view, container, fallback);
    if (health.proven) {
      return {
        slot: container.slot,
        proven: true,
        known: true,
        reason: `revision ${container.revision} answers its health probes`,
      };
    }
    known &&= health.known;
  }
  if (!known) return { slot: null, proven: false, known, reason: "the host could not ask which one answers" };
  const { containers } = yield* ask(run, { kind: "observe" });
  const running = [preferred, other]
    .map((container) => containers.find((now) => now.id === container?.id && isUp(now)))
    .find((now) => now !== undefined);
  return {
    slot: (running ?? preferred)?.slot ?? null,
    proven: false,
    known,
    reason:
      running === undefined
        ? "neither release runs"
        : `no release answers its health probes; revision ${running.revision} at least runs`,
  };
}

/** Fresh proof of a container: its own number of consecutive passes, now. */
export function* proves(
  run: Run,
  view: HostView,
  container: ContainerView,
  fallback: RuntimeSpec | null,
): Script<boolean> {
  return (yield* askHealth(run, view, container, fallback)).proven;
}

function* askHealth(
  run: Run,
  view: HostView,
  container: ContainerView,
  fallback: RuntimeSpec | null,
): Script<{ readonly proven: boolean; readonly known: boolean }> {
  const runtime = recordOf(view, container.revision)?.release.runtime ?? fallback;
  if (runtime === null) return { proven: false, known: true };
  const { reports } = yield* ask(run, {
    kind: "probe",
    fence: run.fence,
    slots: [watched(container, runtime)],
    count: runtime.health.passes,
    intervalMs: runtime.health.intervalMs,
    compare: null,
  });
  return {
    proven: reports.every((report) => isProven(report, container, runtime.health)),
    // An act that could not even begin, on a full disk, has no time.
    known: reports.every((report) => report.atMs > 0),
  };
}

function* retireRejected(run: Run, container: ContainerView): Script<void> {
  yield* retire(run, container);
  yield* letProxyForget(run);
}

function* retire(run: Run, container: ContainerView): Script<void> {
  yield* ask(run, {
    kind: "retire",
    fence: run.fence,
    containerId: container.id,
    slot: container.slot,
    drainMs: 5_000,
    afterMs: 0,
  });
}

/**
 * The proxy holds a failure against a slot, whoever is in it, for as long as the site's `fail_duration`. Without
 * the rest, the next release would be skipped for the sins of the one before it, and judged by that.
 */
export function* letProxyForget(run: Run): Script<void> {
  if (remainingMs(run) > PROXY_FORGETS_MS) yield* ask(run, { kind: "wait", ms: PROXY_FORGETS_MS });
}

const PROXY_FORGETS_MS = 5_000;

function draft(
  event: LedgerEvent,
  revision: number,
  container: ContainerView | null,
  by: string,
  reason: string,
): LedgerDraft {
  return { event, revision, image: container?.image ?? "", commit: null, by, reason };
}
