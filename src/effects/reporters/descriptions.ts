import { stableRevisions } from "../../core/ledger.js";
import { describeHeld } from "../../core/lock.js";
import type { HostView, Key, LedgerEntry, Outcome } from "../../core/model.js";
import type { Plan } from "../../core/plan.js";
import { chooseRollback } from "../../core/rollback.js";
import { inSlot, servingContainer } from "../../core/serving.js";
import { findUnsettled } from "../../core/unsettled.js";

/** What a deploy would do, as `plan` prints it. */
export function describePlan(plan: Plan): string {
  if (plan.verdict === "nothing") return `Nothing to do: ${plan.reason}.`;
  if (plan.verdict === "refused") return `Would be refused: ${plan.reason}.`;
  const width = Math.max(...plan.steps.map((step) => step.title.length));
  const steps = plan.steps.map((step, index) => `  ${index + 1}. ${step.title.padEnd(width)}  ${step.why}`);
  return [
    `Would ${plan.verdict === "reroute" ? "reload the route" : "deploy"}: ${plan.reason}.`,
    ...steps,
  ].join("\n");
}

/** What serves where, since when, and what could be gone back to. */
export function describeStatus(key: Key, address: string, view: HostView): string {
  const serving = servingContainer(view);
  const lines = [`${key.app} in ${key.environment} on ${address}`];
  const say = (name: string, text: string) => lines.push(`  ${name.padEnd(10)} ${text}`);
  if (serving === null)
    say("serving", view.containers.length === 0 ? "nothing; never deployed" : "nothing that runs");
  else {
    const since = new Date(serving.startedAtSeconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
    say("serving", `revision ${serving.revision} in slot ${serving.slot}, running since ${since}`);
    say("image", serving.image);
    const commit = view.releases.find((record) => record.revision === serving.revision)?.release.commit;
    if (commit != null) say("commit", commit);
  }
  for (const slot of ["blue", "green"] as const) {
    const container = inSlot(view, slot);
    if (container !== null && container.id !== serving?.id)
      say(slot, `revision ${container.revision}, ${container.stage}`);
  }
  const stable = stableRevisions(view.ledger);
  say("stable", stable.length === 0 ? "no revision yet" : `revisions ${stable.join(", ")}`);
  const back = chooseRollback(view, null);
  say("rollback", back.verdict === "go" ? `would go to revision ${back.record.revision}` : back.reason);
  const held = view.lock !== null && view.lock.remainingMs > 0 ? view.lock : null;
  say("lock", held === null ? "free" : describeHeld(held));
  say(
    "proxy",
    `${view.proxy.state}, guardian ${view.proxy.guardian}${view.proxy.image === null ? "" : `, ${view.proxy.image}`}`,
  );
  const unsettled = findUnsettled(view);
  if (unsettled?.kind === "leftover" && unsettled.draining)
    say("draining", `${unsettled.reason}; the host stops it by itself`);
  else if (unsettled !== null) {
    const who =
      held === null ? "the next deploy or rollback" : "the run that has the lock, or else the next,";
    say("unsettled", `${unsettled.reason}; ${who} settles it`);
  }
  return lines.join("\n");
}

/** The ledger, newest last. */
export function describeHistory(ledger: readonly LedgerEntry[]): string {
  if (ledger.length === 0) return "The ledger is empty: nothing was ever deployed here.";
  return ledger
    .map((entry) => {
      const commit = entry.commit === null ? "" : ` ${entry.commit.slice(0, 12)}`;
      return `${entry.at}  revision ${entry.revision}${commit}  ${entry.event.padEnd(11)}  ${entry.reason}  (${entry.by})`;
    })
    .join("\n");
}

/** One sentence for the end of a run: what the host runs now, and why. */
export function describeOutcome(outcome: Outcome): string {
  const still =
    "serving" in outcome && outcome.serving !== null ? ` Revision ${outcome.serving} serves.` : "";
  switch (outcome.phase) {
    case "nothing-to-do":
      return `Nothing to do: ${outcome.reason}.`;
    case "promoted":
      return `Revision ${outcome.revision} serves in slot ${outcome.slot} and is stable: ${outcome.reason}.`;
    case "aborted":
      return `Aborted before the switch: ${outcome.reason}.${still}`;
    case "rolled-back":
      return `Rolled back: ${outcome.reason}.${still}`;
    case "halted":
      return `Halted: ${outcome.reason}.${still}`;
    case "lost":
      return `Connection lost: ${outcome.reason}.`;
  }
}
