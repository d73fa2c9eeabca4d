import { runtimeOf, stableRevisions } from "./ledger.js";
import {
  type ContainerView,
  type GuardOutcome,
  type HostView,
  type LedgerDraft,
  type LedgerEvent,
  otherSlot,
  type RuntimeSpec,
  type Slot,
} from "./model.js";
import { askHealth, healthier, provenUntil } from "./proof.js";
import { routeTo } from "./routing.js";
import { ask, isFailure, note, type Run, remainingMs, type Script } from "./script.js";
import { inSlot, isUp, servingContainer } from "./serving.js";
import { describeBroken, findUnsettled, namesNoIdleSlot, type Unsettled } from "./unsettled.js";

export interface Settled {
  readonly view: HostView;
  /** Why no slot may be taken for a candidate; null where one may. */
  readonly blocked: string | null;
}

interface Settling {
  /** What was observed under the lock already. */
  readonly seen?: HostView;
  /** Whether a candidate needs a slot. */
  readonly makesRoom?: boolean;
}

/** Settles under the lock until nothing is left that settling changes. */
export function* settled(
  run: Run,
  holder: string,
  fallback: RuntimeSpec | null,
  { seen, makesRoom = false }: Settling = {},
): Script<Settled> {
  let view = seen ?? (yield* ask(run, { kind: "observe" }));
  let open = findUnsettled(view);
  let able = true;
  for (let round = 0, before = ""; round < 4 && open !== null && open.reason !== before; round++) {
    before = open.reason;
    able = yield* settle(run, view, open, holder, fallback, makesRoom);
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
  makesRoom: boolean,
): Script<boolean> {
  yield* note("warning", unsettled.reason);
  switch (unsettled.kind) {
    case "guardian-acted":
      yield* acknowledge(run, view, unsettled.outcome, holder);
      break;
    case "unconfirmed":
      yield* goBack(run, view, unsettled, holder, fallback);
      break;
    case "pointer-lost":
      yield* restorePointer(run, view, holder, fallback);
      break;
    case "serving-broken":
      return yield* takeOver(run, view, unsettled, holder, fallback, makesRoom);
    case "leftover":
      // No request came to it of late, so the proxy has nothing to forget.
      yield* retire(run, view, unsettled.container, 0);
      break;
  }
  return true;
}

function* acknowledge(run: Run, view: HostView, outcome: GuardOutcome, holder: string): Script<void> {
  const event = outcome.verdict === "reverted" ? wayItLeft(run) : "halted";
  const rejected = view.containers.find((container) => container.revision === outcome.revision) ?? null;
  yield* ask(run, {
    kind: "point-back",
    fence: run.fence,
    live: outcome.serving,
    entry: draft(event, outcome.revision, rejected, holder, "never confirmed; decided by the guardian"),
  });
  if (rejected !== null && rejected.slot !== outcome.serving) yield* putAside(run, view, rejected);
}

function* goBack(
  run: Run,
  view: HostView,
  unconfirmed: { readonly revision: number; readonly live: Slot; readonly previous: Slot },
  holder: string,
  fallback: RuntimeSpec | null,
): Script<void> {
  const candidate = inSlot(view, unconfirmed.live);
  const previous = inSlot(view, unconfirmed.previous);
  const patient = previous === null || !isUp(previous) || (yield* letStart(run, view, previous, fallback));
  // The guardian asks on, with a patience of its own, and decides.
  if (!patient && view.guard !== null) return;
  const decision = yield* healthier(run, view, previous, candidate, fallback);
  if (!decision.known) return;
  const back = decision.slot === unconfirmed.previous;
  yield* ask(run, {
    kind: "point-back",
    fence: run.fence,
    live: decision.slot ?? unconfirmed.previous,
    ...provenUntil(decision.atMs),
    entry: draft(
      back && decision.proven ? wayItLeft(run) : "halted",
      unconfirmed.revision,
      candidate,
      holder,
      `unconfirmed switch settled: ${decision.reason}`,
    ),
  });
  if (back && candidate !== null) yield* putAside(run, view, candidate);
}

/** What was never confirmed may be as good as before; what this run's own bake found broken is not. */
function wayItLeft(run: Run): LedgerEvent {
  return run.rejected === null ? "reverted" : "rolled-back";
}

/**
 * After a reboot the way back may be slow to start, and an untried release must not win by being quicker. The
 * pair serves meanwhile. False where the run's own time ended first, or the host could not ask.
 */
function* letStart(
  run: Run,
  view: HostView,
  previous: ContainerView,
  fallback: RuntimeSpec | null,
): Script<boolean> {
  const untilMs = run.nowMs + PATIENCE_MS;
  for (;;) {
    const health = yield* askHealth(run, view, previous, fallback);
    if (!health.known) return false;
    if (health.proven || run.nowMs >= untilMs) return true;
    if (remainingMs(run) <= 0) return false;
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
): Script<void> {
  const stable = stableRevisions(view.ledger);
  const rank = (container: ContainerView) =>
    stable.indexOf(container.revision) * 1_000_000 + container.revision;
  const [first, second] = [...view.containers].filter(isUp).sort((a, b) => rank(b) - rank(a));
  if (first === undefined) return;
  const decision = yield* healthier(run, view, first, second ?? null, fallback);
  if (!decision.known) return;
  const slot = decision.slot ?? first.slot;
  const chosen = slot === first.slot ? first : (second ?? first);
  const entry = draft("halted", chosen.revision, chosen, holder, `the pointer was lost: ${decision.reason}`);
  const limit = provenUntil(decision.atMs);
  if (yield* isReached(run, view, chosen, fallback))
    yield* ask(run, { kind: "point-back", fence: run.fence, live: slot, ...limit, entry });
}

/** Probes ask the container itself. Whether the proxy finds it at the same port is seen to before it gets traffic. */
function* isReached(
  run: Run,
  view: HostView,
  container: ContainerView,
  fallback: RuntimeSpec | null,
): Script<boolean> {
  const runtime = runtimeOf(view, container) ?? fallback;
  return runtime === null || (yield* routeTo(run, view, container.slot, runtime)) === null;
}

/**
 * What should serve is dead, or broken and never promoted: with proof, the other slot serves. Without, nothing is
 * gained, unless a candidate needs a slot: it gets that of the dead one, not of a stable one which at least runs
 * and may answer by the next request. False where the host could not do what that needs.
 */
function* takeOver(
  run: Run,
  view: HostView,
  { live, container }: Extract<Unsettled, { kind: "serving-broken" }>,
  holder: string,
  fallback: RuntimeSpec | null,
  makesRoom: boolean,
): Script<boolean> {
  const running = live !== null && isUp(live) ? live : null;
  if (running !== null) {
    const health = yield* askHealth(run, view, running, fallback);
    if (health.proven || !health.known) return health.known;
  }
  const health = yield* askHealth(run, view, container, fallback);
  const isStable = stableRevisions(view.ledger).includes(container.revision);
  const runs = makesRoom && running === null && health.known && isStable;
  if (!health.proven && !runs) return health.known;
  // To ask may have taken a while, and what is left without proof may have started again meanwhile.
  if (!health.proven && servingContainer(yield* ask(run, { kind: "observe" })) !== null) return true;
  const reason = `took over: ${describeBroken(live)}`;
  const entry = health.proven
    ? draft("rolled-back", live?.revision ?? 0, live, holder, reason)
    : draft("halted", container.revision, container, holder, `${reason}; it answers no probes, but runs`);
  if (!(yield* isReached(run, view, container, fallback))) return false;
  const pointed = yield* ask(run, {
    kind: "point-back",
    fence: run.fence,
    live: container.slot,
    ...provenUntil(health.atMs),
    entry,
  });
  return !isFailure(pointed);
}

/**
 * A release that was gone back from. One that was stable before and was only not confirmed is a way back as good
 * as ever: it stays for its time, and beside a release that was never promoted until something better is there.
 */
function* putAside(run: Run, view: HostView, container: ContainerView): Script<void> {
  const stable = stableRevisions(view.ledger);
  const live = inSlot(view, otherSlot(container.slot));
  const isWayBack = run.rejected === null && stable.includes(container.revision);
  if (!isWayBack) yield* retire(run, view, container, 0);
  else if (live !== null && stable.includes(live.revision))
    yield* retire(run, view, container, runtimeOf(view, container)?.hotMs ?? 0);
  yield* letProxyForget(run);
}

function* retire(run: Run, view: HostView, container: ContainerView, afterMs: number): Script<void> {
  yield* ask(run, {
    kind: "retire",
    fence: run.fence,
    containerId: container.id,
    slot: container.slot,
    drainMs: runtimeOf(view, container)?.drainMs ?? DRAIN_MS,
    afterMs,
  });
}

/** For a container whose release is no longer on the host. */
const DRAIN_MS = 5_000;

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
