import { addReport, type BakeRecord, emptyBake, judgeBake, PROBE_FAILURES } from "./bake.js";
import { type Candidate, type Errand, guardOf, line, type Standby } from "./candidate.js";
import { type Cause, concede } from "./ending.js";
import { GUARD_LEASE_MS, PROOF_LIMIT_MS } from "./lock.js";
import {
  type ContainerView,
  type Failure,
  type HostView,
  type LogPosition,
  type Outcome,
  otherSlot,
  type Tally,
  type WatchReport,
} from "./model.js";
import { consult } from "./promotion-gate.js";
import { askHealth, healthier, provenUntil } from "./proof.js";
import {
  ask,
  end,
  enter,
  Interruption,
  isFailure,
  note,
  type Run,
  remainingMs,
  type Script,
} from "./script.js";
import { inSlot, isUp } from "./serving.js";
import { letProxyForget } from "./settle.js";
import { tidy } from "./tidy.js";

interface Bake {
  /** The host before the switch. */
  readonly view: HostView;
  readonly candidate: Candidate;
  /** The candidate as the gate saw it: a change since then is a death. */
  readonly container: ContainerView;
  /** What the guardian goes back to as long as the bake lasts, whether it stands by or not. */
  readonly previous: Standby | null;
  readonly standby: Standby | null;
  /** The host's uptime of its proof. */
  readonly standbyAtMs: number | null;
  readonly position: LogPosition;
  /** The previous release's traffic, to compare with. */
  readonly baseline: Tally;
}

interface Times {
  /** When the last observation was answered, by the run's own clock. */
  readonly seenMs: number;
  /** The same by the host's uptime, for the release standing by. */
  readonly standbyAtMs: number | null;
  /** Until when "cannot tell" may go on. */
  readonly limitMs: number;
}

/** Watches the candidate serve, with the previous slot standing by, until it is promoted or gone back from. */
export function* bake(run: Run, errand: Errand, setting: Bake): Script<Outcome> {
  const { candidate, container } = setting;
  const { runtime } = candidate.release;
  let { standby, position } = setting;
  // The proof it gave just before the switch counts, so that a release that breaks at once is left at once.
  let record = { ...emptyBake, standbyPasses: standby?.runtime.health.passes ?? 0 };
  const from = run.nowMs;
  let passedMs: number | null = null;
  let policy = runtime.bake;
  const limitMs = from + Math.max(runtime.bake.durationMs, runtime.bake.deadlineMs);
  let times: Times = { seenMs: from, standbyAtMs: setting.standbyAtMs, limitMs };
  yield* enter({
    phase: "baking",
    revision: candidate.revision,
    reason: `watched for ${runtime.bake.durationMs / 1000} s`,
  });
  if (errand.publicUrl !== null) yield* visit(run, errand.publicUrl);
  const back = (cause: Cause) => goBack(run, errand, setting, standby, record, times, cause);
  for (;;) {
    const report = yield* watch(run, errand, setting, standby, position);
    if (report === "deadline") return yield* back(bakeFailed("the deploy's own deadline is over"));
    if (setting.previous !== null && report.guard === "gone")
      return yield* concede(run, errand, candidate, guardianActed);
    if (standby !== null && report.guard === "unsaved") return yield* back(bakeFailed(unsaved));
    times = { seenMs: run.nowMs, standbyAtMs: report.standby?.atMs ?? null, limitMs };
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
      const alone = yield* leavePair(run, errand, setting, report.live.atMs + PROOF_LIMIT_MS);
      if (alone !== null) return alone;
      standby = null;
    }
    const said = yield* consult(run, errand, candidate, passedMs);
    if (said.verdict === "veto") return yield* back({ code: "vetoed", reason: said.reason });
    if (verdict.verdict !== "pass") continue;
    if (said.verdict === "promote")
      return yield* promote(run, errand, setting, standby, `${verdict.reason}${said.reason}`);
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
  setting: Bake,
  standby: Standby | null,
  position: LogPosition,
): Script<WatchReport | "deadline"> {
  const { candidate } = setting;
  const { runtime, commit } = candidate.release;
  try {
    yield* ask(run, { kind: "wait", ms: runtime.bake.intervalMs });
    return yield* ask(run, {
      kind: "watch",
      fence: run.fence,
      token: tokenOf(errand, setting),
      leaseMs: GUARD_LEASE_MS,
      live: {
        slot: candidate.container.slot,
        containerId: candidate.container.id,
        port: runtime.port,
        health: runtime.health,
        commit: runtime.health.expectCommit ? commit : null,
      },
      standby:
        standby === null
          ? null
          : {
              slot: standby.container.slot,
              containerId: standby.container.id,
              port: standby.runtime.port,
              health: standby.runtime.health,
              commit: null,
            },
      since: position,
      slowMs: runtime.bake.slowMs,
    });
  } catch (cause) {
    if (cause instanceof Interruption && cause.why === "deadline") return "deadline";
    throw cause;
  }
}

function tokenOf(errand: Errand, { previous }: Bake): string | null {
  return previous === null ? null : errand.token;
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

function* leavePair(run: Run, errand: Errand, setting: Bake, provenUntilMs: number): Script<Outcome | null> {
  const { candidate } = setting;
  const { runtime } = candidate.release;
  const answer = yield* ask(run, {
    kind: "switch",
    fence: run.fence,
    containerId: candidate.container.id,
    to: { mode: "solo", live: candidate.container.slot },
    // It may be started again, and be the better one when the runner is gone.
    ...guardOf(errand, candidate, setting.previous),
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
  setting: Bake,
  standby: Standby | null,
  reason: string,
): Script<Outcome> {
  const { candidate } = setting;
  const confirmed = yield* ask(run, {
    kind: "confirm",
    fence: run.fence,
    token: tokenOf(errand, setting),
    live: candidate.container.slot,
    entry: line(errand, candidate, "promoted", reason),
  });
  if (isFailure(confirmed)) return yield* concede(run, errand, candidate, causeOf(confirmed));
  yield* tidy(run, errand, setting.view, candidate, standby);
  return yield* end({
    phase: "promoted",
    revision: candidate.revision,
    slot: candidate.container.slot,
    reason,
  });
}

/** After the switch: back to the previous slot when it has fresh proof; otherwise whatever is healthier keeps serving. */
function* goBack(
  run: Run,
  errand: Errand,
  setting: Bake,
  standby: Standby | null,
  record: BakeRecord,
  times: Times,
  cause: Cause,
): Script<Outcome> {
  run.rejected = cause;
  const { code, reason } = cause;
  const { candidate } = setting;
  const rejected = setting.container;
  const view = yield* ask(run, { kind: "observe" });
  if (setting.previous !== null && view.guard === null)
    return yield* concede(run, errand, candidate, guardianActed);
  // A container that died while it stood by, or did not answer before the switch, may be back by now.
  const previous = standby?.container ?? inSlot(view, otherSlot(rejected.slot));
  const fresh =
    standby !== null &&
    record.standbyPasses >= standby.runtime.health.passes &&
    run.nowMs - times.seenMs <= PROOF_LIMIT_MS;
  const decision = fresh
    ? { ...chosen(standby.container), atMs: times.standbyAtMs }
    : standby !== null
      ? yield* patiently(run, view, standby, inSlot(view, rejected.slot))
      : yield* returned(run, view, previous, candidate, times.limitMs);
  // The guardian, still armed, decides by what it can ask.
  if (!decision.known)
    return yield* concede(run, errand, candidate, {
      code,
      reason: `${reason}; ${decision.reason}`,
    });
  // It may only be starting: the guardian goes on asking it.
  if (decision.slot === null && setting.previous !== null && previous !== null && isUp(previous))
    return yield* leaveArmed(run, errand, candidate, cause, previous);
  const back = previous !== null && decision.slot === previous.slot;
  const halted = !back || !decision.proven;
  const why = halted ? `${reason}; ${decision.reason}` : reason;
  const pointed = yield* ask(run, {
    kind: "point-back",
    fence: run.fence,
    live: back ? previous.slot : rejected.slot,
    ...provenUntil(decision.atMs),
    entry: line(errand, candidate, halted ? "halted" : "rolled-back", why),
  });
  if (isFailure(pointed))
    return yield* concede(run, errand, candidate, {
      code,
      reason: `${why}; ${pointed.message}`,
    });
  const logs = yield* ask(run, { kind: "logs", fence: run.fence, containerId: rejected.id, lines: 50 });
  if (back) yield* retireRejected(run, candidate);
  yield* ask(run, { kind: "unlock", fence: run.fence });
  const serving = back ? previous.revision : candidate.revision;
  const told = { code, serving, reason: why, logs: logs.text };
  return yield* end(halted ? { phase: "halted", ...told } : { phase: "rolled-back", ...told });
}

/**
 * A release that was rejected for its requests may answer its health path all the same: it must not win
 * because the standby, which the pair still falls back to, missed one probe on a busy host.
 */
function* patiently(
  run: Run,
  view: HostView,
  standby: Standby,
  rejected: ContainerView | null,
): ReturnType<typeof healthier> {
  for (let tries = 1; tries < STANDBY_TRIES && remainingMs(run) > 0; tries++) {
    const { proven, atMs } = yield* askHealth(run, view, standby.container, standby.runtime);
    if (proven) return { ...chosen(standby.container), atMs };
    yield* ask(run, { kind: "wait", ms: standby.runtime.bake.intervalMs });
  }
  return yield* healthier(run, view, standby.container, rejected, standby.runtime);
}

/** Bounded, so that the guardian's lease, which nobody renews meanwhile, is not used up by trying. */
const STANDBY_TRIES = 3;

/** Without a standby nothing serves well now, so waiting costs nothing: what starts again may be the way out. */
function* returned(
  run: Run,
  view: HostView,
  previous: ContainerView | null,
  candidate: Candidate,
  limitMs: number,
): ReturnType<typeof healthier> {
  if (previous === null || !isUp(previous)) return nowhere;
  for (;;) {
    const { proven, atMs } = yield* askHealth(run, view, previous, null);
    if (proven) return { ...chosen(previous), atMs };
    if (run.nowMs >= limitMs || remainingMs(run) <= 0) return nowhere;
    yield* ask(run, { kind: "wait", ms: candidate.release.runtime.bake.intervalMs });
  }
}

/** The run's time is over, and nothing moves without proof: what serves, serves on, unless the guardian finds better. */
function* leaveArmed(
  run: Run,
  errand: Errand,
  candidate: Candidate,
  { code, reason }: Cause,
  previous: ContainerView,
): Script<Outcome> {
  const now = yield* ask(run, { kind: "observe" });
  if (now.guard === null) return yield* concede(run, errand, candidate, guardianActed);
  const { id } = candidate.container;
  const logs = yield* ask(run, { kind: "logs", fence: run.fence, containerId: id, lines: 50 });
  yield* ask(run, { kind: "unlock", fence: run.fence });
  return yield* end({
    phase: "halted",
    code,
    serving: candidate.revision,
    reason: `${reason}; revision ${previous.revision}, which served before, does not answer. The host goes back to it by itself if it does so soon`,
    logs: logs.text,
  });
}

const nowhere = {
  slot: null,
  proven: true,
  known: true,
  atMs: null,
  reason: "there is no release to go back to",
};

function chosen({ slot }: ContainerView) {
  return { slot, proven: true, known: true, reason: "" };
}

const unsaved =
  "the host cannot write any more, its disk may be full, and so could not make the guardian's lease longer";

function bakeFailed(reason: string): Cause {
  return { code: "bake-failed", reason };
}

const guardianActed: Cause = {
  code: "guard-gone",
  reason: "the bake was not confirmed in time, so the guardian on the host decided by itself",
};

/** The guard is gone without our doing, or the host could not do as asked. */
function causeOf(failure: Failure): Cause {
  return failure.code === "guard-gone" ? guardianActed : { code: failure.code, reason: failure.message };
}

function* retireRejected(run: Run, candidate: Candidate): Script<void> {
  const answer = yield* ask(run, {
    kind: "retire",
    fence: run.fence,
    containerId: candidate.container.id,
    slot: candidate.container.slot,
    drainMs: candidate.release.runtime.drainMs,
    afterMs: 0,
  });
  if (isFailure(answer))
    yield* note("warning", `the rejected container was left in place: ${answer.message}`);
  else yield* letProxyForget(run);
}
