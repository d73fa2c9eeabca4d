import { bake } from "./bake-watch.js";
import { type Candidate, type Errand, line, type Standby } from "./candidate.js";
import { concede } from "./ending.js";
import { describeSample, judgeGate, type Proof } from "./gate.js";
import { recordOf } from "./ledger.js";
import { GUARD_LEASE_MS, PROOF_LIMIT_MS } from "./lock.js";
import type {
  ContainerView,
  HealthPolicy,
  HostView,
  Outcome,
  OutcomeCode,
  Pointer,
  RuntimeSpec,
} from "./model.js";
import { ask, end, enter, isFailure, note, type Run, type Script } from "./script.js";
import { otherSlot } from "./serving.js";
import { prove } from "./settle.js";

/** The proxy asks a slot twice, 250 ms apart, before it believes in it; a pair formed sooner would skip the candidate. */
const PROXY_BELIEVES_AFTER_MS = 750;

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

  const gated = yield* gate(run, candidate);
  if (gated.verdict === "fail")
    return yield* abort(run, errand, candidate, serving, "gate-failed", gated.reason);
  yield* enter({ phase: "gated", revision, reason: gated.reason });

  const standby = yield* standbyOf(run, view, serving, release.runtime);
  const provenUntilMs =
    PROOF_LIMIT_MS +
    (standby === null
      ? gated.proof.atMs
      : Math.min(standby.atMs, gated.proof.atMs + proofTakesMs(standby.runtime.health)));
  const settledMs = (release.runtime.health.passes - 1) * release.runtime.health.intervalMs;
  if (standby !== null && settledMs < PROXY_BELIEVES_AFTER_MS) {
    yield* ask(run, { kind: "wait", ms: PROXY_BELIEVES_AFTER_MS - settledMs });
  }
  const since = yield* ask(run, {
    kind: "tally",
    fence: run.fence,
    since: null,
    notBeforeSeconds: serving?.startedAtSeconds ?? 0,
    slowMs: release.runtime.bake.slowMs,
  });
  if (isFailure(since)) return yield* abort(run, errand, candidate, serving, since.code, since.message);

  const to: Pointer =
    standby === null
      ? { mode: "solo", live: container.slot }
      : { mode: "pair", live: container.slot, standby: standby.container.slot };
  const switched = yield* ask(run, {
    kind: "switch",
    fence: run.fence,
    containerId: container.id,
    to,
    guard:
      standby === null
        ? null
        : {
            token: errand.token,
            revision,
            live: container.slot,
            previous: standby.container.slot,
            leaseMs: GUARD_LEASE_MS,
          },
    port: release.runtime.port,
    health: release.runtime.health,
    previousPort: standby?.runtime.port ?? null,
    previousHealth: standby?.runtime.health ?? null,
    provenUntilMs,
    entry: line(
      errand,
      candidate,
      "switched",
      standby === null ? "alone: nothing stands by" : `slot ${standby.container.slot} stands by`,
    ),
  });
  if (isFailure(switched)) {
    const now = yield* ask(run, { kind: "observe" });
    // A switch that failed half-way is one that must be settled, not a candidate that was never seen.
    return now.guard !== null || now.pointer?.live === container.slot
      ? yield* concede(run, errand, candidate, { code: switched.code, reason: switched.message })
      : yield* abort(run, errand, candidate, serving, switched.code, switched.message);
  }
  yield* enter({ phase: "switched", revision, guarded: standby !== null });

  return yield* bake(run, errand, {
    candidate,
    container: gated.container,
    standby,
    position: since.position,
    baseline: since.slots[otherSlot(container.slot)],
  });
}

/** A candidate's proof grows this much older while the standby's is made. */
function proofTakesMs(health: HealthPolicy): number {
  return health.passes * (health.intervalMs + health.timeoutMs);
}

function* standbyOf(
  run: Run,
  view: HostView,
  serving: ContainerView | null,
  fallback: RuntimeSpec,
): Script<Standby | null> {
  if (serving === null) return null;
  const runtime = recordOf(view, serving.revision)?.release.runtime ?? fallback;
  const atMs = yield* prove(run, view, serving, fallback);
  if (atMs !== null) return { container: serving, runtime, atMs };
  yield* note(
    "warning",
    `revision ${serving.revision}, which serves now, does not answer its health probes: it cannot stand by`,
  );
  return null;
}

function* gate(
  run: Run,
  candidate: Candidate,
): Script<
  | {
      readonly verdict: "pass";
      readonly reason: string;
      readonly proof: Proof;
      readonly container: ContainerView;
    }
  | { readonly verdict: "fail"; readonly reason: string }
> {
  const { release, container } = candidate;
  const { health, port } = release.runtime;
  const from = run.nowMs;
  let told = "";
  let restartsBefore: number | null = null;
  for (;;) {
    const report = yield* ask(run, {
      kind: "probe",
      fence: run.fence,
      containerId: container.id,
      slot: container.slot,
      health,
      port,
      commit: health.expectCommit ? release.commit : null,
      count: health.passes,
    });
    // A container that is hot for a rollback may have a past; only a restart from here on counts.
    restartsBefore ??= report.container?.restarts ?? 0;
    const verdict = judgeGate(
      report,
      container.id,
      health,
      run.nowMs - from,
      candidate.left === null ? 0 : restartsBefore,
    );
    if (verdict.verdict === "pass" && report.container !== null)
      return { ...verdict, container: report.container };
    if (verdict.verdict === "fail") return verdict;
    const last = report.samples.at(-1);
    const seen = last === undefined ? "" : describeSample(last);
    if (seen !== told) yield* note("info", `waiting for ${health.path}: ${seen}`);
    told = seen;
    yield* ask(run, { kind: "wait", ms: health.intervalMs });
  }
}

/** Before the switch: only the idle slot is undone. */
export function* abort(
  run: Run,
  errand: Errand,
  candidate: Candidate,
  serving: ContainerView | null,
  code: OutcomeCode,
  reason: string,
): Script<Outcome> {
  const logs = yield* ask(run, {
    kind: "logs",
    fence: run.fence,
    containerId: candidate.container.id,
    lines: 50,
  });
  yield* ask(run, {
    kind: "retire",
    fence: run.fence,
    containerId: candidate.container.id,
    slot: candidate.container.slot,
    drainMs: 2_000,
    afterMs: 0,
  });
  yield* ask(run, { kind: "record", fence: run.fence, entry: line(errand, candidate, "aborted", reason) });
  yield* ask(run, { kind: "unlock", fence: run.fence });
  return yield* end({ phase: "aborted", code, serving: serving?.revision ?? null, reason, logs: logs.text });
}
