import type { Candidate, Errand } from "./candidate.js";
import { untilSwitched } from "./deploy.js";
import { introduce } from "./introduce.js";
import { recordOf, stableRevisions } from "./ledger.js";
import { acquire, giveBack, giveUp } from "./locking.js";
import type { ContainerView, HostView, Key, Outcome, ReleaseRecord, Slot } from "./model.js";
import { resilient } from "./resilience.js";
import { routeTo } from "./routing.js";
import { ask, beginRun, end, isFailure, note, type Run, type Script } from "./script.js";
import { idleSlot, inSlot, isUp, servingContainer } from "./serving.js";
import { settled } from "./settle.js";
import { findUnsettled } from "./unsettled.js";

export interface RollbackRequest {
  readonly key: Key;
  /** A revision to go back to; null for the newest stable one other than what serves. */
  readonly to: number | null;
  readonly holder: string;
  readonly reason: string;
  readonly keepReleases: number;
  readonly publicUrl: string | null;
  readonly deadlineMs: number;
}

export type RollbackChoice =
  | { readonly verdict: "go"; readonly record: ReleaseRecord; readonly reason: string }
  | { readonly verdict: "none"; readonly reason: string };

/** What a rollback leaves: what requests are sent to, dead or alive. */
function leftBy(view: HostView): ContainerView | null {
  return view.pointer === null ? null : inSlot(view, view.pointer.live);
}

/** Where a rollback goes: only to a stable release, and never to the one it leaves. */
export function chooseRollback(view: HostView, to: number | null): RollbackChoice {
  const leaving = leftBy(view)?.revision ?? null;
  const choices = stableRevisions(view.ledger)
    .filter((revision) => revision !== leaving)
    .map((revision) => recordOf(view, revision))
    .filter((record) => record !== null);
  const record = to === null ? choices.at(-1) : choices.find(({ revision }) => revision === to);
  if (record === undefined) {
    const list =
      choices.length === 0
        ? "no earlier stable release is on the host"
        : `can go back to: ${choices.map(({ revision }) => revision).join(", ")}`;
    const asked =
      to === null
        ? "there is nothing to go back to"
        : to === leaving
          ? `revision ${to} is what serves`
          : `revision ${to} is not a stable release of this host`;
    return { verdict: "none", reason: `${asked}; ${list}` };
  }
  return {
    verdict: "go",
    record,
    reason:
      to === null
        ? `revision ${record.revision} is the newest stable release other than what serves`
        : `revision ${record.revision} was asked for`,
  };
}

/** A rollback by hand: hot it is a switch with fresh proof, cold it is started and gated; guarded and baked like a deploy. */
export function* rollback(request: RollbackRequest): Script<Outcome> {
  const run = beginRun(request.deadlineMs);
  const errand: Errand = {
    token: request.holder,
    holder: request.holder,
    reason: request.reason,
    keepReleases: request.keepReleases,
    publicUrl: request.publicUrl,
    promotionGate: null,
  };
  return yield* resilient(run, errand, null, () => attempt(run, errand, request));
}

function* attempt(run: Run, errand: Errand, request: RollbackRequest, pulled = false): Script<Outcome> {
  const locked = yield* acquire(run, request.holder, request.reason);
  if (locked !== null) return locked;
  const before = yield* ask(run, { kind: "observe" });
  const { view, blocked } = yield* settled(run, errand.holder, null, { seen: before });
  const slot = idleSlot(view.pointer);
  if (blocked !== null || slot === null)
    return yield* giveUp(run, view, "unconfirmed-switch", blocked ?? "an earlier run's switch is open");
  const already = goneBack(before, view);
  if (already !== null && (request.to === null || request.to === already.container.revision)) {
    yield* giveBack(run);
    const { revision, slot } = already.container;
    return yield* end({ phase: "nothing-to-do", revision, slot, reason: already.reason });
  }
  const choice = chooseRollback(view, request.to);
  if (choice.verdict === "none") return yield* giveUp(run, view, "no-stable-release", choice.reason);
  const { record } = choice;
  const hot = hotIn(view, slot, record);
  if (!record.imagePresent && !pulled && hot === null) {
    // Without the lock, whose lease a pull may outlast; then everything is looked at anew.
    yield* giveBack(run);
    run.fence = 0;
    const answer = yield* ask(run, { kind: "pull", image: record.release.image });
    if (!isFailure(answer)) return yield* attempt(run, errand, request, true);
    const gone = `the image of revision ${record.revision} is not on the host any more: ${answer.message}`;
    return yield* giveUp(run, view, answer.code, gone);
  }
  yield* note("info", `${choice.reason}; a database's schema is not taken back`);

  const serving = servingContainer(view);
  const placed = yield* bringUp(run, view, record, slot, hot);
  if ("phase" in placed) return placed;
  const candidate: Candidate = {
    ...placed,
    revision: record.revision,
    release: record.release,
    left: leftBy(view)?.revision ?? null,
  };
  return yield* untilSwitched(run, errand, candidate, () => introduce(run, errand, view, candidate, serving));
}

/** Settling was a rollback in itself: a second one at once would take the service further back than was asked. */
function goneBack(
  before: HostView,
  after: HostView,
): { readonly container: ContainerView; readonly reason: string } | null {
  const serving = servingContainer(after);
  const open = findUnsettled(before);
  if (serving === null || open === null || open.kind === "pointer-lost") return null;
  const stable = stableRevisions(after.ledger);
  const left = before.outcome === null ? leftBy(before)?.revision : before.outcome.revision;
  // Where a stable one was left, a rollback was cut off, or nothing moved: nothing was gained by settling.
  if (stable.includes(left ?? 0) || !stable.includes(serving.revision)) return null;
  return {
    container: serving,
    reason: `${open.reason}; so the host is back on revision ${serving.revision} already, and a further rollback goes further back`,
  };
}

function hotIn(view: HostView, slot: Slot, { revision }: ReleaseRecord): ContainerView | null {
  const held = inSlot(view, slot);
  return held !== null && held.revision === revision && isUp(held) ? held : null;
}

/** The release's running container where it is hot; otherwise a new one from its own image and configuration. */
function* bringUp(
  run: Run,
  view: HostView,
  record: ReleaseRecord,
  slot: Slot,
  hot: ContainerView | null,
): Script<Pick<Candidate, "container" | "hot"> | Outcome> {
  const misrouted = yield* routeTo(run, view, slot, record.release.runtime);
  if (misrouted !== null) return yield* giveUp(run, view, misrouted.code, misrouted.message);
  if (hot !== null) return { container: { id: hot.id, slot }, hot: true };
  const started = yield* ask(run, {
    kind: "start",
    fence: run.fence,
    slot,
    revision: record.revision,
    release: record.release,
  });
  if (isFailure(started)) return yield* giveUp(run, view, started.code, started.message);
  return { container: { id: started.containerId, slot }, hot: false };
}
