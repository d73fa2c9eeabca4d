import { addReport, type BakeRecord, emptyBake, judgeBake, PROBE_FAILURES } from "./bake.js";
import { type Errand, guardOf, line, onceStable, type Standby } from "./candidate.js";
import { type Cause, concede } from "./ending.js";
import { goBack, guardianActed, type Trial } from "./go-back.js";
import { GUARD_LEASE_MS, PROOF_LIMIT_MS } from "./lock.js";
import type { Failure, HostView, LogPosition, Outcome, Tally, WatchReport } from "./model.js";
import { consult } from "./promotion-gate.js";
import { watched } from "./proof.js";
import { ask, end, enter, Interruption, isFailure, note, type Run, type Script } from "./script.js";
import { isUp } from "./serving.js";
import { tidy } from "./tidy.js";

interface Bake extends Trial {
  /** The host before the switch. */
  readonly view: HostView;
  readonly standby: Standby | null;
  /** The host's uptime of its proof. */
  readonly standbyAtMs: number | null;
  readonly position: LogPosition;
  /** The previous release's traffic, to compare with. */
  readonly baseline: Tally;
}

/** Watches the candidate serve, with the previous slot standing by, until it is promoted or gone back from. */
export function* bake(run: Run, errand: Errand, setting: Bake): Script<Outcome> {
  const { candidate, container } = setting;
  const { runtime } = candidate.release;
  let { standby, position } = setting;
  let trial = setting;
  // The proof it gave just before the switch counts, so that a release that breaks at once is left at once.
  let record = { ...emptyBake, standbyPasses: standby?.runtime.health.passes ?? 0 };
  const from = run.nowMs;
  let passedMs: number | null = null;
  let policy = runtime.bake;
  const limitMs = from + Math.max(runtime.bake.durationMs, runtime.bake.deadlineMs);
  let [seenMs, standbyAtMs] = [from, setting.standbyAtMs];
  yield* enter({
    phase: "baking",
    revision: candidate.revision,
    reason: `watched for ${runtime.bake.durationMs / 1000} s`,
  });
  let url = errand.publicUrl;
  const back = (cause: Cause) => {
    const { standbyPasses } = record;
    return goBack(run, errand, trial, { standby, standbyPasses, seenMs, standbyAtMs, limitMs }, cause);
  };
  for (;;) {
    const report = yield* watch(run, errand, trial, standby, position);
    if (report === "deadline") return yield* back(bakeFailed("the deploy's own deadline is over"));
    if (trial.wayBack !== null && report.guard === "gone")
      return yield* concede(run, errand, candidate, guardianActed);
    if (standby !== null && report.guard === "unsaved") return yield* back(bakeFailed(unsaved));
    [seenMs, standbyAtMs] = [run.nowMs, report.standby?.atMs ?? null];
    record = addReport(record, report);
    position = report.traffic?.position ?? position;

    const verdict = judgeBake(
      policy,
      setting.baseline,
      record,
      { before: container, now: report.live.container },
      run.nowMs - from,
    );
    if (verdict.verdict === "fail") return yield* back(bakeFailed(verdict.reason));
    if (standby !== null && isDead(standby, report, record)) {
      // A pair with a dead standby turns a short freeze of the live slot into an outage: leave it at once.
      yield* note(
        "warning",
        `revision ${standby.container.revision}, standing by, died: revision ${candidate.revision} serves alone now`,
      );
      trial = { ...trial, wayBack: onceStable(trial.view, standby) };
      const alone = yield* leavePair(run, errand, trial, report.live.atMs + PROOF_LIMIT_MS);
      if (alone !== null) return alone;
      standby = null;
    }
    // After the first look, which is what matters: an address that does not answer would delay it.
    if (url !== null) yield* visit(run, url);
    url = null;
    const said = yield* consult(run, errand, candidate, passedMs);
    if (said.verdict === "veto") return yield* back({ code: "vetoed", reason: said.reason });
    if (verdict.verdict !== "pass") continue;
    if (said.verdict === "promote")
      return yield* promote(run, errand, trial, standby, `${verdict.reason}${said.reason}`);
    if (passedMs !== null) continue;
    passedMs = run.nowMs;
    // What has passed is not failed for one probe that is missed while the gate is waited for.
    policy = { ...policy, deadlineMs: passedMs - from + said.waitMs + policy.deadlineMs };
    yield* note("info", `the bake passed (${verdict.reason}); waiting for the promotion gate`);
  }
}

function* watch(
  run: Run,
  errand: Errand,
  trial: Trial,
  standby: Standby | null,
  position: LogPosition,
): Script<WatchReport | "deadline"> {
  const { candidate } = trial;
  const { runtime, commit } = candidate.release;
  try {
    yield* ask(run, { kind: "wait", ms: runtime.bake.intervalMs });
    return yield* ask(run, {
      kind: "watch",
      fence: run.fence,
      token: tokenOf(errand, trial),
      leaseMs: GUARD_LEASE_MS,
      live: {
        slot: candidate.container.slot,
        containerId: candidate.container.id,
        port: runtime.port,
        health: runtime.health,
        commit: runtime.health.expectCommit ? commit : null,
      },
      standby: standby === null ? null : watched(standby.container, standby.runtime),
      since: position,
      slowMs: runtime.bake.slowMs,
    });
  } catch (cause) {
    if (cause instanceof Interruption && cause.why === "deadline") return "deadline";
    throw cause;
  }
}

function tokenOf(errand: Errand, { wayBack }: Trial): string | null {
  return wayBack === null ? null : errand.token;
}

function* visit(run: Run, url: string): Script<void> {
  const seen = yield* ask(run, { kind: "visit", url });
  if (seen.status === null || seen.status >= 500)
    yield* note("warning", `${url} answers ${seen.status ?? "nothing"} from here: ${seen.detail}`);
  else yield* note("info", `${url} answers ${seen.status} from here`);
}

function isDead(standby: Standby, report: WatchReport, record: BakeRecord): boolean {
  const now = report.standby?.container ?? null;
  if (now === null || now.id !== standby.container.id || !isUp(now)) return true;
  return record.standbyFailedProbes >= PROBE_FAILURES && record.liveFailedProbes === 0;
}

function* leavePair(run: Run, errand: Errand, trial: Trial, provenUntilMs: number): Script<Outcome | null> {
  const { candidate } = trial;
  const { runtime } = candidate.release;
  const answer = yield* ask(run, {
    kind: "switch",
    fence: run.fence,
    containerId: candidate.container.id,
    to: { mode: "solo", live: candidate.container.slot },
    // It may be started again, and be the better one when the runner is gone.
    ...guardOf(errand, candidate, trial.wayBack),
    port: runtime.port,
    health: runtime.health,
    provenUntilMs,
    entry: line(errand, candidate, "switched", "alone: the release standing by died"),
  });
  return isFailure(answer) ? yield* concede(run, errand, candidate, causeOf(answer)) : null;
}

function* promote(
  run: Run,
  errand: Errand,
  trial: Bake,
  standby: Standby | null,
  reason: string,
): Script<Outcome> {
  const { candidate } = trial;
  const confirmed = yield* ask(run, {
    kind: "confirm",
    fence: run.fence,
    token: tokenOf(errand, trial),
    live: candidate.container.slot,
    entry: line(errand, candidate, "promoted", reason),
  });
  if (isFailure(confirmed)) return yield* concede(run, errand, candidate, causeOf(confirmed));
  yield* tidy(run, errand, trial.view, candidate, standby);
  return yield* end({
    phase: "promoted",
    revision: candidate.revision,
    slot: candidate.container.slot,
    reason,
  });
}

const unsaved =
  "the host cannot write any more, its disk may be full, and so could not make the guardian's lease longer";

function bakeFailed(reason: string): Cause {
  return { code: "bake-failed", reason };
}

/** The guard is gone without our doing, or the host could not do as asked. */
function causeOf(failure: Failure): Cause {
  return failure.code === "guard-gone" ? guardianActed : { code: failure.code, reason: failure.message };
}
