import { abort, type Candidate, type Errand, introduce } from "./introduce.js";
import { describeHeld, LOCK_LEASE_MS } from "./lock.js";
import type {
  DeployRequest,
  HostView,
  LedgerEntry,
  Outcome,
  OutcomeCode,
  Release,
  RuntimeSpec,
} from "./model.js";
import { type Plan, planDeploy } from "./plan.js";
import { ask, beginRun, end, enter, Interruption, isFailure, note, type Run, type Script } from "./script.js";
import { servingContainer } from "./serving.js";
import { findUnsettled, settle } from "./settle.js";

/** How often a run reads the host again after a lost connection before it leaves the rest to the host. */
const ATTEMPTS = 4;

/** One deploy: observe → plan → pull → lock → settle → start → gate → switch → bake → promote. */
export function* deploy(request: DeployRequest): Script<Outcome> {
  const run = beginRun(request.deadlineMs);
  const errand: Errand = {
    token: request.holder,
    holder: request.holder,
    keepReleases: request.keepReleases,
    publicUrl: request.publicUrl,
  };
  return yield* resilient(run, errand, request.release.runtime, () => attempt(run, errand, request));
}

function* attempt(run: Run, errand: Errand, request: DeployRequest): Script<Outcome> {
  const seen = planDeploy(request, yield* ask(run, { kind: "observe" }));
  if (seen.verdict === "nothing") return yield* nothingToDo(seen);
  if (seen.verdict === "refused")
    return yield* refuse(seen.problems[0]?.code ?? "preflight", null, seen.reason);

  if (seen.verdict === "deploy") {
    const pulled = yield* ask(run, { kind: "pull", image: request.release.image });
    if (isFailure(pulled)) return yield* refuse(pulled.code, null, pulled.message);
    yield* enter({ phase: "pulled" });
  }
  const locked = yield* acquire(run, request.holder, request.reason);
  if (locked !== null) return locked;

  const view = yield* settled(run, errand, request.release.runtime);
  const plan = planDeploy(request, view);
  if (plan.verdict === "nothing") {
    yield* ask(run, { kind: "unlock", fence: run.fence });
    return yield* nothingToDo(plan);
  }
  if (plan.verdict === "refused")
    return yield* giveUp(run, view, plan.problems[0]?.code ?? "preflight", plan.reason);
  if (plan.verdict === "reroute") return yield* reroute(run, view, plan);
  return yield* place(run, errand, request, view, plan);
}

/** Prepares the host and starts the candidate in the idle slot. */
function* place(
  run: Run,
  errand: Errand,
  request: DeployRequest,
  view: HostView,
  plan: Extract<Plan, { verdict: "deploy" }>,
): Script<Outcome> {
  const release: Release = { ...request.release, secretsHash: view.desiredSecretsHash };
  const { revision, slot } = plan;
  if (plan.installProxy) {
    yield* note("info", "installing the proxy and its guardian");
    const installed = yield* ask(run, { kind: "install-proxy", fence: run.fence, upgrade: false });
    if (isFailure(installed)) return yield* giveUp(run, view, installed.code, installed.message);
  }
  if (plan.routeChange) {
    const routed = yield* ask(run, { kind: "route", fence: run.fence, site: plan.site });
    if (isFailure(routed)) return yield* giveUp(run, view, routed.code, routed.message);
  }
  const staged = yield* ask(run, { kind: "stage", fence: run.fence, revision, release });
  if (isFailure(staged)) return yield* giveUp(run, view, staged.code, staged.message);
  if (release.runtime.preDeploy !== null) {
    yield* note(
      "info",
      `pre-deploy: ${release.runtime.preDeploy.command.join(" ")} (must be compatible with the release that serves)`,
    );
    const migrated = yield* ask(run, { kind: "pre-deploy", fence: run.fence, revision, release });
    if (isFailure(migrated)) return yield* giveUp(run, view, migrated.code, migrated.message);
  }
  const serving = servingContainer(view);
  const started = yield* ask(run, { kind: "start", fence: run.fence, slot, revision, release });
  if (isFailure(started)) return yield* giveUp(run, view, started.code, started.message);
  const candidate: Candidate = {
    container: { id: started.containerId, slot },
    revision,
    release,
    left: null,
  };
  return yield* untilSwitched(run, errand, candidate, serving, () =>
    introduce(run, errand, view, candidate, serving),
  );
}

/** Turns the run's own deadline before the switch into an abort; after it, the bake handles it. */
export function* untilSwitched(
  run: Run,
  errand: Errand,
  candidate: Candidate,
  serving: ReturnType<typeof servingContainer>,
  story: () => Script<Outcome>,
): Script<Outcome> {
  try {
    return yield* story();
  } catch (cause) {
    if (!(cause instanceof Interruption) || cause.why !== "deadline") throw cause;
    const view = yield* ask(run, { kind: "observe" });
    if (view.guard !== null || view.pointer?.live === candidate.container.slot) throw cause;
    return yield* abort(run, errand, candidate, serving, "deadline", cause.message);
  }
}

/** Takes the lock under a fence, or says who has it. */
export function* acquire(run: Run, holder: string, reason: string): Script<Outcome | null> {
  const lock = yield* ask(run, { kind: "acquire", holder, reason, leaseMs: LOCK_LEASE_MS });
  if (lock.verdict === "held") return yield* refuse("locked", null, describeHeld(lock.lock));
  run.fence = lock.fence;
  yield* enter({ phase: "locked", fence: lock.fence });
  return null;
}

/** Observes under the lock and settles until there is nothing left to settle. */
export function* settled(run: Run, errand: Errand, fallback: RuntimeSpec | null): Script<HostView> {
  let view = yield* ask(run, { kind: "observe" });
  for (let round = 0; round < 3; round++) {
    const unsettled = findUnsettled(view);
    if (unsettled === null) return view;
    yield* settle(run, view, unsettled, errand.holder, fallback);
    view = yield* ask(run, { kind: "observe" });
  }
  return view;
}

function* reroute(run: Run, view: HostView, plan: Extract<Plan, { verdict: "reroute" }>): Script<Outcome> {
  const routed = yield* ask(run, { kind: "route", fence: run.fence, site: plan.site });
  if (isFailure(routed)) return yield* giveUp(run, view, routed.code, routed.message);
  yield* ask(run, { kind: "unlock", fence: run.fence });
  return yield* end({
    phase: "promoted",
    revision: plan.serving.revision,
    slot: plan.serving.slot,
    reason: plan.reason,
  });
}

function* nothingToDo(plan: Extract<Plan, { verdict: "nothing" }>): Script<Outcome> {
  return yield* end({
    phase: "nothing-to-do",
    revision: plan.serving.revision,
    slot: plan.serving.slot,
    reason: plan.reason,
  });
}

export function* refuse(code: OutcomeCode, serving: number | null, reason: string): Script<Outcome> {
  return yield* end({ phase: "aborted", code, serving, reason, logs: "" });
}

/** Under the lock, before a candidate runs: nothing to undo. */
export function* giveUp(run: Run, view: HostView, code: OutcomeCode, reason: string): Script<Outcome> {
  yield* ask(run, { kind: "unlock", fence: run.fence });
  return yield* refuse(code, servingContainer(view)?.revision ?? null, reason);
}

/**
 * Runs a story to its end over lost connections: whether a step was done is unknown then, so the host is
 * read again and the story told from the start, which plans only what is still missing.
 */
export function* resilient(
  run: Run,
  errand: Errand,
  fallback: RuntimeSpec | null,
  story: () => Script<Outcome>,
): Script<Outcome> {
  let lost = "";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      if (lost !== "") {
        const ended = yield* afterLoss(run, errand, fallback, lost);
        if (ended !== null) return ended;
      }
      return yield* story();
    } catch (cause) {
      if (!(cause instanceof Interruption)) throw cause;
      if (cause.why === "fenced")
        return yield* refuse(
          "fenced",
          null,
          "another run took the lock; this one has stopped and touched nothing since",
        );
      if (cause.why === "deadline") return yield* overdue(run, errand, fallback, cause.message);
      if (!cause.reconnected) return yield* gone(cause.message);
      lost = cause.message;
    }
  }
  return yield* gone(lost);
}

/** What this run's own last act led to, read from the host: a confirmation or a rollback that was done stays done. */
function* afterLoss(
  run: Run,
  errand: Errand,
  fallback: RuntimeSpec | null,
  lost: string,
): Script<Outcome | null> {
  yield* note("warning", `the connection was lost (${lost}) and is back: reading the host again`);
  const view = yield* ask(run, { kind: "observe" });
  const own = view.ledger.filter((entry) => entry.by === errand.holder).at(-1);
  const acted = view.outcome !== null && view.outcome.token === errand.token;
  if (own === undefined || !(acted || isFinal(own))) return null;
  const locked = yield* acquire(run, errand.holder, "reading the host again");
  if (locked !== null) return locked;
  const now = yield* settled(run, errand, fallback);
  yield* ask(run, { kind: "unlock", fence: run.fence });
  const last = now.ledger.filter((entry) => entry.by === errand.holder).at(-1) ?? own;
  return yield* end(outcomeOf(last, now));
}

function isFinal(entry: LedgerEntry): boolean {
  return (
    entry.event === "promoted" ||
    entry.event === "rolled-back" ||
    entry.event === "halted" ||
    entry.event === "aborted"
  );
}

function outcomeOf(entry: LedgerEntry, view: HostView): Outcome {
  const serving = servingContainer(view);
  if (entry.event === "promoted" && serving !== null)
    return { phase: "promoted", revision: entry.revision, slot: serving.slot, reason: entry.reason };
  const phase =
    entry.event === "rolled-back" ? "rolled-back" : entry.event === "aborted" ? "aborted" : "halted";
  return { phase, code: "lost", serving: serving?.revision ?? null, reason: entry.reason, logs: "" };
}

/** The deadline passed where no story handled it: settle what is open, then say so. */
function* overdue(run: Run, errand: Errand, fallback: RuntimeSpec | null, reason: string): Script<Outcome> {
  if (run.fence === 0) return yield* refuse("deadline", null, reason);
  const view = yield* settled(run, errand, fallback);
  yield* ask(run, { kind: "unlock", fence: run.fence });
  const own = view.ledger.filter((entry) => entry.by === errand.holder);
  return yield* end({
    phase: own.some((entry) => entry.event === "switched") ? "rolled-back" : "aborted",
    code: "deadline",
    serving: servingContainer(view)?.revision ?? null,
    reason,
    logs: "",
  });
}

function* gone(reason: string): Script<Outcome> {
  return yield* end({
    phase: "lost",
    code: "lost",
    serving: null,
    reason: `${reason}; what served keeps serving, and a switch that was not confirmed is taken back by the host itself within seconds`,
    logs: "",
  });
}
