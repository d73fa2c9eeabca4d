import { type Candidate, type Errand, line, type Standby } from "./candidate.js";
import { type Cause, concede, endingOf } from "./ending.js";
import { PROOF_LIMIT_MS } from "./lock.js";
import { giveBack } from "./locking.js";
import { type ContainerView, type HostView, type Outcome, otherSlot } from "./model.js";
import { askHealth, healthier, provenUntil, STANDBY_TRIES } from "./proof.js";
import { ask, end, isFailure, note, type Run, remainingMs, type Script } from "./script.js";
import { inSlot, isUp } from "./serving.js";
import { letProxyForget } from "./settle.js";

/** A release that has the traffic and is not promoted. */
export interface Trial {
  readonly candidate: Candidate;
  /** The candidate as the gate saw it: a change since then is a death. */
  readonly container: ContainerView;
  /** What the guardian goes back to when the runner is gone, whether it stands by or not. */
  readonly wayBack: Standby | null;
}

/** What the bake saw last of the release standing by. */
export interface Seen {
  readonly standby: Standby | null;
  /** Its consecutive passes. */
  readonly standbyPasses: number;
  /** When that was answered, by the run's own clock. */
  readonly seenMs: number;
  /** The same by the host's uptime. */
  readonly standbyAtMs: number | null;
  /** Until when "cannot tell" may go on. */
  readonly limitMs: number;
}

export const guardianActed: Cause = {
  code: "guard-gone",
  reason:
    "the bake was not confirmed in time, so the guardian on the host decided by itself, unless somebody removed it",
};

/** After the switch: back to the previous slot when it has fresh proof; otherwise whatever is healthier keeps serving. */
export function* goBack(run: Run, errand: Errand, trial: Trial, seen: Seen, cause: Cause): Script<Outcome> {
  run.rejected = cause;
  const { code, reason } = cause;
  const { candidate, container: rejected } = trial;
  const { standby } = seen;
  const view = yield* ask(run, { kind: "observe" });
  if (trial.wayBack !== null && view.guard === null)
    return yield* concede(run, errand, candidate, guardianActed);
  // A container that died while it stood by, or did not answer before the switch, may be back by now.
  const previous = standby?.container ?? inSlot(view, otherSlot(rejected.slot));
  const fresh =
    standby !== null &&
    seen.standbyPasses >= standby.runtime.health.passes &&
    run.nowMs - seen.seenMs <= PROOF_LIMIT_MS;
  const decision = fresh
    ? { ...chosen(standby.container), atMs: seen.standbyAtMs }
    : standby !== null
      ? yield* patiently(run, view, standby, inSlot(view, rejected.slot))
      : yield* returned(run, view, previous, candidate, seen.limitMs);
  // The guardian, still armed, decides by what it can ask.
  if (!decision.known)
    return yield* concede(run, errand, candidate, {
      code,
      reason: `${reason}; ${decision.reason}`,
    });
  // It may only be starting: the guardian goes on asking it.
  if (decision.slot === null && trial.wayBack !== null && previous !== null && isUp(previous))
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
  yield* giveBack(run);
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
  yield* giveBack(run);
  // The guardian may have decided while this run, or the host, stood still: what is told is read last.
  const told = yield* ask(run, { kind: "observe" });
  if (told.guard === null) return yield* end(endingOf(told, candidate.revision, guardianActed, logs.text));
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
