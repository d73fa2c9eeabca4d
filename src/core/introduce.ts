import { emptyTally } from "./bake.js";
import { bake } from "./bake-watch.js";
import { type Candidate, type Errand, guardOf, line, onceStable, type Standby } from "./candidate.js";
import { concede } from "./ending.js";
import { judgeGate, type Past } from "./gate.js";
import { runtimeOf, stableRevisions } from "./ledger.js";
import { LOCK_LEASE_MS, PROOF_LIMIT_MS } from "./lock.js";
import { giveBack } from "./locking.js";
import {
  type ContainerView,
  type HealthPolicy,
  type HostView,
  type Outcome,
  type OutcomeCode,
  otherSlot,
  type Pointer,
  type RuntimeSpec,
  type TrafficReport,
  type Watched,
} from "./model.js";
import { isProven, probe, STANDBY_TRIES, watched } from "./proof.js";
import { ask, end, enter, isFailure, note, type Run, type Script } from "./script.js";
import { isUp, servingContainer } from "./serving.js";

/** The proxy asks a slot every 250 ms, and believes in it at the first pass; a pair formed sooner would skip the candidate. */
const PROXY_BELIEVES_AFTER_MS = 300;

/** From a started candidate to promotion, or to an end that leaves what served before untouched. */
export function* introduce(
  run: Run,
  errand: Errand,
  view: HostView,
  candidate: Candidate,
  serving: ContainerView | null,
): Script<Outcome> {
  const { revision, release, container } = candidate;
  yield* enter({ phase: "started", slot: container.slot, revision });

  const previous = serving === null ? null : previousOf(view, serving, release.runtime);
  const gated = yield* gate(run, candidate, previous);
  if (gated.verdict === "fail")
    return yield* abort(run, errand, view, candidate, "gate-failed", gated.reason);
  yield* enter({ phase: "gated", revision, reason: gated.reason });

  const { standby } = gated;
  const wayBack = standby ?? onceStable(view, previous);
  if (previous !== null && standby === null)
    yield* note(
      "warning",
      `revision ${previous.container.revision}, which serves now, does not answer its health probes: it cannot stand by`,
    );
  const to: Pointer =
    standby === null
      ? { mode: "solo", live: container.slot }
      : { mode: "pair", live: container.slot, standby: standby.container.slot };
  const switched = yield* ask(run, {
    kind: "switch",
    fence: run.fence,
    containerId: container.id,
    to,
    ...guardOf(errand, candidate, wayBack),
    port: release.runtime.port,
    health: release.runtime.health,
    provenUntilMs: gated.atMs + PROOF_LIMIT_MS,
    ...(standby === null || candidate.hot
      ? {}
      : { believedFromMs: gated.passedFromMs + PROXY_BELIEVES_AFTER_MS }),
    entry: line(
      errand,
      candidate,
      "switched",
      `${errand.reason}; ${standby === null ? "alone: nothing stands by" : `slot ${standby.container.slot} stands by`}`,
    ),
  });
  if (isFailure(switched)) {
    const now = yield* ask(run, { kind: "observe" });
    // A switch that failed half-way is one that must be settled, not a candidate that was never seen.
    return now.guard !== null || now.outcome !== null || now.pointer?.live === container.slot
      ? yield* concede(run, errand, candidate, { code: switched.code, reason: switched.message })
      : yield* abort(run, errand, now, candidate, switched.code, switched.message);
  }
  yield* enter({ phase: "switched", revision, guarded: wayBack !== null });

  return yield* bake(run, errand, {
    view,
    candidate,
    container: gated.container,
    wayBack,
    standby,
    standbyAtMs: gated.atMs,
    position: gated.traffic?.position ?? { inode: 0, offset: 0 },
    baseline: gated.traffic?.slots[otherSlot(container.slot)] ?? emptyTally,
  });
}

function previousOf(view: HostView, serving: ContainerView, fallback: RuntimeSpec): Standby {
  return {
    container: serving,
    runtime: runtimeOf(view, serving) ?? fallback,
  };
}

type Gated =
  | {
      readonly verdict: "pass";
      readonly reason: string;
      readonly container: ContainerView;
      /** The previous release, when it passed in the same look and so may stand by. */
      readonly standby: Standby | null;
      readonly traffic: TrafficReport | null;
      /** The host's uptime before which the candidate had passed once, and when the look was over. */
      readonly passedFromMs: number;
      readonly atMs: number;
    }
  | { readonly verdict: "fail"; readonly reason: string };

/** Candidate and previous release are asked side by side, at the pace of the slower policy, so that both proofs are fresh. */
function* gate(run: Run, candidate: Candidate, previous: Standby | null): Script<Gated> {
  const { release, container, left } = candidate;
  const { health, port, bake } = release.runtime;
  const paces = previous === null ? [health] : [health, previous.runtime.health];
  const count = Math.max(...paces.map(({ passes }) => passes));
  const intervalMs = candidate.hot ? 0 : Math.max(...paces.map((pace) => pace.intervalMs));
  const asked: Watched = {
    slot: container.slot,
    containerId: container.id,
    port,
    health,
    commit: health.expectCommit ? release.commit : null,
  };
  const from = run.nowMs;
  let told = "";
  let past: Past | undefined;
  let looks = 1;
  for (;;) {
    const { reports, traffic } = yield* probe(run, {
      slots: previous === null ? [asked] : [asked, watched(previous.container, previous.runtime)],
      count,
      intervalMs,
      compare: {
        notBeforeSeconds: previous?.container.startedAtSeconds ?? 0,
        slowMs: bake.slowMs,
      },
    });
    const [report, other] = reports;
    if (report === undefined) return { verdict: "fail", reason: "the host told nothing of the container" };
    // Only what happens from here on counts against a release that is gone back to.
    if (left !== null) past ??= report.container ?? undefined;
    const elapsedMs = run.nowMs - from;
    const verdict = judgeGate(report, container.id, health, elapsedMs, past);
    if (verdict.verdict === "fail") return verdict;
    if (verdict.verdict === "pass") {
      const stands =
        previous !== null &&
        other !== undefined &&
        isProven(other, previous.container, previous.runtime.health);
      // Alone, the candidate has nobody who answers for it. But a rollback leaves what may well be broken, at once.
      const mayStand =
        previous !== null && left === null && other?.container != null && isUp(other.container);
      if (!stands && mayStand && looks < STANDBY_TRIES && elapsedMs < health.deadlineMs) {
        looks++;
        yield* untilNextLook(run, previous.runtime.health);
        continue;
      }
      return {
        ...verdict,
        standby: stands ? previous : null,
        traffic,
        passedFromMs: report.atMs - (report.samples.length - 1) * intervalMs,
        atMs: report.atMs,
      };
    }
    if (verdict.reason !== told) yield* note("info", `waiting for ${health.path}: ${verdict.reason}`);
    told = verdict.reason;
    yield* untilNextLook(run, health);
  }
}

/** Each look renews the lock, which must not end under a run that waits for a slow start. */
function* untilNextLook(run: Run, { intervalMs }: HealthPolicy): Script<void> {
  yield* ask(run, { kind: "wait", ms: Math.min(intervalMs, LOCK_LEASE_MS / 2) });
}

/** Before the switch: only the idle slot is undone; and not even that where nothing serves and it may be the way out. */
export function* abort(
  run: Run,
  errand: Errand,
  view: HostView,
  candidate: Candidate,
  code: OutcomeCode,
  reason: string,
): Script<Outcome> {
  const logs = yield* ask(run, {
    kind: "logs",
    fence: run.fence,
    containerId: candidate.container.id,
    lines: 50,
  });
  const serving = servingContainer(view);
  if (serving === null && stableRevisions(view.ledger).includes(candidate.revision))
    yield* note("warning", `nothing serves: revision ${candidate.revision} stays for the next run to take`);
  else
    yield* ask(run, {
      kind: "retire",
      fence: run.fence,
      containerId: candidate.container.id,
      slot: candidate.container.slot,
      drainMs: 2_000,
      afterMs: 0,
    });
  yield* ask(run, { kind: "record", fence: run.fence, entry: line(errand, candidate, "aborted", reason) });
  yield* giveBack(run);
  return yield* end({ phase: "aborted", code, serving: serving?.revision ?? null, reason, logs: logs.text });
}
