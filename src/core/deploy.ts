import type { Candidate, Errand } from "./candidate.js";
import { abort, introduce } from "./introduce.js";
import { acquire, giveBack, giveUp } from "./locking.js";
import type { DeployRequest, HostView, Outcome, Release, Site } from "./model.js";
import { type Plan, planDeploy } from "./plan.js";
import { resilient } from "./resilience.js";
import { ask, beginRun, end, enter, Interruption, isFailure, note, type Run, type Script } from "./script.js";
import { servingContainer } from "./serving.js";
import { settled } from "./settle.js";

/** One deploy: observe → plan → pull → lock → settle → start → gate → switch → bake → promote. */
export function* deploy(request: DeployRequest): Script<Outcome> {
  const run = beginRun(request.deadlineMs);
  const errand: Errand = {
    token: request.holder,
    holder: request.holder,
    reason: request.reason,
    keepReleases: request.keepReleases,
    publicUrl: request.publicUrl,
    promotionGate: request.promotionGate,
  };
  return yield* resilient(run, errand, request.release.runtime, () => attempt(run, errand, request));
}

function* attempt(run: Run, errand: Errand, request: DeployRequest): Script<Outcome> {
  const seen = planDeploy(request, yield* ask(run, { kind: "observe" }));
  if (seen.verdict === "nothing") return yield* nothingToDo(run, seen);
  if (seen.verdict === "refused") return yield* giveUp(run, null, seen.code, seen.reason);

  if (seen.verdict === "deploy") {
    const pulled = yield* ask(run, { kind: "pull", image: request.release.image });
    if (isFailure(pulled)) return yield* giveUp(run, null, pulled.code, pulled.message);
    yield* enter({ phase: "pulled" });
  }
  const locked = yield* acquire(run, request.holder, request.reason);
  if (locked !== null) return locked;

  const { view, blocked } = yield* settled(run, errand.holder, request.release.runtime, {
    makesRoom: true,
  });
  if (blocked !== null) return yield* giveUp(run, view, "unconfirmed-switch", blocked);
  const plan = planDeploy(request, view);
  if (plan.verdict === "nothing") return yield* nothingToDo(run, plan);
  if (plan.verdict === "refused") return yield* giveUp(run, view, plan.code, plan.reason);
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
  // Where the proxy knows nothing of this app, as after its state was lost, what serves is not reached until then.
  const isLost = view.proxy.site === null && servingContainer(view) !== null;
  const refused = isLost ? yield* route(run, view, plan.site) : null;
  if (refused !== null) return refused;
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
  // Not before: what runs in the slot until now may be the way back, and listens where the proxy knows it.
  const misrouted = plan.routeChange && !isLost ? yield* route(run, view, plan.site) : null;
  if (misrouted !== null) return misrouted;
  const serving = servingContainer(view);
  const started = yield* ask(run, { kind: "start", fence: run.fence, slot, revision, release });
  if (isFailure(started)) return yield* giveUp(run, view, started.code, started.message);
  const candidate: Candidate = {
    container: { id: started.containerId, slot },
    revision,
    release,
    left: null,
    hot: false,
  };
  return yield* untilSwitched(run, errand, candidate, () => introduce(run, errand, view, candidate, serving));
}

/** Turns the run's own deadline before the switch into an abort; after it, the bake handles it. */
export function* untilSwitched(
  run: Run,
  errand: Errand,
  candidate: Candidate,
  story: () => Script<Outcome>,
): Script<Outcome> {
  try {
    return yield* story();
  } catch (cause) {
    if (!(cause instanceof Interruption) || cause.why !== "deadline") throw cause;
    const view = yield* ask(run, { kind: "observe" });
    if (view.guard !== null || view.pointer?.live === candidate.container.slot) throw cause;
    return yield* abort(run, errand, view, candidate, "deadline", cause.message);
  }
}

/** Null when the proxy took the site. */
function* route(run: Run, view: HostView, site: Site): Script<Outcome | null> {
  const routed = yield* ask(run, { kind: "route", fence: run.fence, site });
  return isFailure(routed) ? yield* giveUp(run, view, routed.code, routed.message) : null;
}

function* reroute(run: Run, view: HostView, plan: Extract<Plan, { verdict: "reroute" }>): Script<Outcome> {
  const refused = yield* route(run, view, plan.site);
  if (refused !== null) return refused;
  yield* giveBack(run);
  return yield* end({
    phase: "promoted",
    revision: plan.serving.revision,
    slot: plan.serving.slot,
    reason: plan.reason,
  });
}

function* nothingToDo(run: Run, plan: Extract<Plan, { verdict: "nothing" }>): Script<Outcome> {
  yield* giveBack(run);
  return yield* end({
    phase: "nothing-to-do",
    revision: plan.serving.revision,
    slot: plan.serving.slot,
    reason: plan.reason,
  });
}
