import type { LedgerEntry, Outcome, Reply, Slot, Step } from "../../src/core/model.js";
import type { SimContainer } from "./simulated-container.js";
import type { Happening, SimulatedHost } from "./simulated-host.js";

/**
 * Judges what happens on a simulated host by the invariants of architecture.md. It shares no code with
 * `core`: it looks at what the host did and at what is true there, which no run can see.
 */

/** Numbers 1 to 8 are the invariants'; 9 is that nothing is promoted against the gate; 0 is the promise that they serve. */
export interface Violation {
  readonly invariant: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
  readonly atMs: number;
  readonly what: string;
}

export interface Oracle {
  readonly violations: Violation[];
  /** Revisions that may be gone back to, by the oracle's own reading of the ledger. */
  readonly stable: () => readonly number[];
  readonly runBegins: (kind: "deploy" | "rollback", holder: string) => RunWatch;
  readonly hostIsLeftAlone: () => void;
  readonly hostWasRecovered: () => void;
}

export interface RunWatch {
  readonly answered: (step: Step, reply: Reply | "dead") => void;
  readonly ends: (outcome: Outcome | null, tookMs: number, limitMs: number) => void;
}

/** A proof older than this says nothing about now. */
const PROOF_AGE_MS = 15_000;

const CHANGES_NOTHING = new Set(["observe", "wait", "visit", "consult", "acquire", "pull"]);

export function watchHost(host: SimulatedHost): Oracle {
  const violations: Violation[] = [];
  const proofs = new Map<string, { passes: number; atMs: number }>();
  const used = new Set<number>(host.ledger.map((entry) => entry.revision));
  const runs: { kind: "deploy" | "rollback"; holder: string; fence: number | null; fenced: boolean }[] = [];
  let left: { container: SimContainer; robust: boolean } | null = null;
  let acting: Step["kind"] | null = null;

  const blame = (invariant: Violation["invariant"], what: string) => {
    violations.push({ invariant, atMs: host.nowMs, what });
  };
  const stable = () => stableIn(host.ledger);
  const name = (container: SimContainer | null) =>
    container === null ? "nothing" : `revision ${container.revision} in ${container.slot}`;
  const healthyOthers = (than: SimContainer | null) =>
    host.containers.filter((container) => container !== than && host.isHealthy(container));

  const hasProof = (container: SimContainer) => {
    const proof = proofs.get(container.id);
    return (
      proof !== undefined &&
      proof.passes >= container.release.runtime.health.passes &&
      host.nowMs - proof.atMs <= PROOF_AGE_MS
    );
  };

  /** What began to answer since it was asked, no run can know: a failure is evidence for as long as a pass is. */
  const failedJustNow = (container: SimContainer) => {
    const proof = proofs.get(container.id);
    return proof !== undefined && proof.passes === 0 && host.nowMs - proof.atMs <= PROOF_AGE_MS;
  };

  const onPointed = (happening: Extract<Happening, { kind: "pointed" }>) => {
    const { from, to, by } = happening;
    // A lost pointer that is found again: that is what served before, unless it is only a first release's candidate.
    const found = from === null && acting === "point-back" ? host.inSlot(to.live) : null;
    if (found !== null && (found.liveSinceMs ?? host.nowMs) < host.nowMs)
      left ??= { container: found, robust: isRobust(found, host) };
    if (from?.live !== to.live) {
      const live = host.inSlot(to.live);
      const was = from === null ? null : host.inSlot(from.live);
      if (live === null || !hasProof(live)) {
        const better = healthyOthers(live).filter(
          (container) => hasProof(container) || (container === was && !failedJustNow(container)),
        );
        if (better.length > 0)
          blame(
            1,
            `${by} sent traffic to ${name(live)} without proof while ${name(better[0] ?? null)} answers`,
          );
        if (live === null && host.containers.some((container) => container.stage === "running"))
          blame(1, `${by} sent traffic to the empty slot ${to.live} though something runs`);
      }
    }
    const live = host.inSlot(to.live);
    if (by === "run" && live !== null && host.isHealthy(live) && host.reached(to.live) === null)
      blame(1, `${by} sent traffic to ${name(live)} at a port where it does not listen`);
    if (to.mode === "pair") {
      const standby = host.inSlot(to.standby);
      if (standby === null || !hasProof(standby)) blame(1, `${name(standby)} stands by without proof`);
      if (host.guard === null) blame(3, "the pair was formed without a guard");
    }
  };

  const onRemoving = (happening: Extract<Happening, { kind: "removing" }>) => {
    const { container, by } = happening;
    if (container.stage !== "running") return;
    const live = host.live();
    if (host.pointer === null && container.liveSinceMs !== null)
      blame(2, `${by} removed ${name(container)}, which may serve: no pointer`);
    else if (container === live) blame(2, `${by} removed ${name(container)}, which serves`);
    else if (by !== "reaper" && host.isHealthy(container) && stable().includes(container.revision)) {
      if (live === null || live.stage !== "running")
        blame(2, `${by} removed ${name(container)}, healthy and stable, while what should serve is dead`);
      // One that a rollback started and did not switch to is a candidate, which an abort undoes.
      else if (
        container.liveSinceMs !== null &&
        !host.isHealthy(live) &&
        !stable().includes(live.revision) &&
        everPromoted(container.revision)
      )
        blame(2, `${by} removed ${name(container)}, the way back from unproven ${name(live)}`);
    }
  };
  const everPromoted = (revision: number) =>
    host.ledger.some((entry) => entry.event === "promoted" && entry.revision === revision);

  const onActing = (step: Step) => {
    acting = step.kind;
    if (step.kind === "start" && pointerNames(host, step.slot))
      blame(2, `a start was asked for in slot ${step.slot}, which the pointer names`);
    if (step.kind === "start" && runs.at(-1)?.kind === "deploy" && used.has(step.revision))
      blame(3, `revision ${step.revision} was used before`);
    if (step.kind === "switch" && runs.at(-1)?.kind === "rollback") {
      const leaving = host.pointer === null ? null : host.inSlot(host.pointer.live);
      const goal = host.byId(step.containerId);
      // Settling what it finds is no rollback, and is written otherwise.
      if (goal === null || step.entry.event !== "switched") return;
      if (goal !== leaving && leaving?.revision === goal.revision)
        blame(6, `a rollback goes to revision ${goal.revision}, which it leaves`);
      if (!stable().includes(goal.revision))
        blame(6, `a rollback goes to revision ${goal.revision}, which is not stable`);
    }
  };

  const onPromoted = (entry: LedgerEntry) => {
    if (entry.event !== "promoted" || runs.at(-1)?.kind !== "deploy") return;
    const { afterMs, says } = host.behaviourOf(entry.image).promotionGate;
    if (afterMs === null || says === "veto")
      blame(9, `revision ${entry.revision} was promoted, and the promotion gate did not agree`);
  };

  host.onlookers.push((happening) => {
    switch (happening.kind) {
      case "probed": {
        const before = proofs.get(happening.containerId)?.passes ?? 0;
        proofs.set(happening.containerId, { passes: happening.passed ? before + 1 : 0, atMs: host.nowMs });
        return;
      }
      case "pointed":
        onPointed(happening);
        return;
      case "removing":
        onRemoving(happening);
        return;
      case "acting":
        onActing(happening.step);
        return;
      case "wrote":
        used.add(happening.entry.revision);
        onPromoted(happening.entry);
        return;
      case "forgot":
        if (host.containers.some((container) => container.revision === happening.revision))
          blame(2, `the release of running revision ${happening.revision} was forgotten`);
        return;
      case "refused":
        return;
    }
  });

  return {
    violations,
    stable,
    runBegins: (kind, holder) => {
      // A rival finds what the run under way has switched to, which is on trial and no service yet.
      if (runs.length === 0) {
        const atStart = host.live();
        left = atStart === null ? null : { container: atStart, robust: isRobust(atStart, host) };
      }
      const run = { kind, holder, fence: null as number | null, fenced: false, refused: false };
      runs.push(run);
      return {
        answered: (step, reply) => {
          if ("fence" in step && step.fence !== run.fence)
            blame(4, `${step.kind} under fence ${step.fence}, but ${run.fence} was granted`);
          if (run.fenced && !CHANGES_NOTHING.has(step.kind)) blame(4, `${step.kind} after being fenced`);
          if (reply === "dead") return;
          if (reply.kind === "fenced") run.fenced = true;
          if (step.kind === "acquire" && reply.kind === "answer") {
            const answer = reply.answer as { verdict: string; fence?: number };
            if (answer.verdict === "granted") run.fence = answer.fence ?? null;
            run.refused = answer.verdict === "held";
          }
        },
        ends: (outcome, tookMs, limitMs) => {
          runs.splice(runs.indexOf(run), 1);
          if (tookMs > limitMs) blame(8, `took ${tookMs} ms of ${limitMs} ms`);
          if (outcome !== null) judgeOutcome(outcome, run);
        },
      };
    },
    hostIsLeftAlone: () => {
      // Where somebody has removed the guardian, nothing goes on by itself until the next run.
      if (host.proxy.guardian !== "running") return;
      const live = host.live();
      if (host.pointer?.mode === "pair" && host.guard === null)
        blame(3, "a pair is left that no guardian will ever decide");
      if (host.guard !== null && host.containers.some((container) => host.isHealthy(container)))
        blame(3, "the guardian never decided though something answers");
      // Going back to what served before, with proof, is one of the two ends of an interrupted run.
      const previous = live === left?.container;
      if (live !== null && !previous && !host.isHealthy(live) && !everPromoted(live.revision)) {
        // One that never served is a candidate whose run ended, not a way back.
        const better = healthyOthers(live).filter(
          (container) => isRobust(container, host) && container.liveSinceMs !== null,
        );
        if (better.length > 0)
          blame(
            3,
            `${name(live)} was left serving, unproven and broken, with ${name(better[0] ?? null)} there`,
          );
      }
      if (left?.robust) {
        const promoted = live !== null && everPromoted(live.revision);
        if (!promoted && (live === null || !host.isHealthy(live)))
          blame(0, `${name(left.container)} was healthy, and ${name(live)}, which is broken, serves now`);
      }
    },
    hostWasRecovered: () => {
      const serving = host.live();
      if (serving?.stage === "running" && serving.restartPolicy !== "always")
        blame(3, `${name(serving)} serves and would not come back after a reboot`);
      if (host.pointer?.mode === "pair" || host.guard !== null || host.outcome !== null)
        blame(3, "the next run left a switch unsettled");
      const idle =
        host.pointer === null ? null : host.inSlot(host.pointer.live === "blue" ? "green" : "blue");
      if (idle !== null && !stable().includes(idle.revision) && host.live()?.stage === "running")
        blame(3, `the next run left ${name(idle)}, which never served, behind`);
    },
  };

  function judgeOutcome(
    outcome: Outcome,
    {
      fence,
      holder,
      refused,
    }: { readonly fence: number | null; readonly holder: string; readonly refused: boolean },
  ) {
    // Another run has acted since: what is true now is that run's doing.
    const others = fence !== null && host.fence !== fence;
    const live = host.live();
    // A host that could not write refuses even whoever has its lock.
    if (outcome.phase !== "lost" && !refused && !others && fence !== null && host.lock !== null)
      blame(8, `${outcome.phase}, and the lock was left to end by itself`);
    if (outcome.phase === "promoted" || outcome.phase === "nothing-to-do") {
      if (!everPromoted(outcome.revision))
        blame(
          8,
          `${outcome.phase}, but the ledger does not say that revision ${outcome.revision} was promoted`,
        );
      if (others) return;
      if (host.pointer?.mode !== "solo" || host.guard !== null)
        blame(8, `${outcome.phase}, but the switch is not confirmed on the host`);
      if (live?.revision !== outcome.revision)
        blame(8, `${outcome.phase} says revision ${outcome.revision}, but ${name(live)} serves`);
      if (!stable().includes(outcome.revision)) blame(8, `revision ${outcome.revision} is not stable`);
      return;
    }
    if (outcome.phase === "lost" || others) return;
    const running = live !== null && live.stage === "running" ? live.revision : null;
    if (outcome.serving !== null && outcome.serving !== running && running !== null)
      blame(8, `${outcome.phase} says revision ${outcome.serving} serves, but ${name(live)} does`);
    const ours = outcome.code !== "locked" && outcome.code !== "fenced";
    // Another run's switch may be left to its guard, which is armed; this one's own may not.
    const anothers = outcome.phase === "aborted" && host.guard !== null && host.guard.token !== holder;
    const open = host.pointer?.mode === "pair" || host.guard !== null;
    if (ours && !anothers && outcome.phase !== "halted" && open)
      blame(8, `${outcome.phase} was said before the switch was settled`);
    const last = host.ledger.at(-1);
    if (last?.fence === fence && last.event === "promoted")
      blame(8, `${outcome.phase} was said of revision ${last.revision}, which was promoted`);
  }
}

function pointerNames(host: SimulatedHost, slot: Slot): boolean {
  const { pointer } = host;
  return pointer !== null && (pointer.live === slot || (pointer.mode === "pair" && pointer.standby === slot));
}

/** Healthy now and by its nature always. */
function isRobust(container: SimContainer, host: SimulatedHost): boolean {
  const { exitsAfterMs, flapsEveryMs, afterSwitch } = container.behaviour;
  return host.isHealthy(container) && exitsAfterMs === null && flapsEveryMs === null && afterSwitch === null;
}

function stableIn(ledger: readonly LedgerEntry[]): readonly number[] {
  let stable: number[] = [];
  for (const entry of ledger) {
    const lost = entry.event === "rolled-back" ? entry.revision : (entry.left ?? null);
    stable = stable.filter((revision) => revision !== lost);
    if (entry.event === "promoted")
      stable = [...stable.filter((revision) => revision !== entry.revision), entry.revision];
  }
  return stable;
}
