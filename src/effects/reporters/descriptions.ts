import { recordOf, stableRevisions } from "../../core/ledger.js";
import { describeHeld, heldLock } from "../../core/lock.js";
import type { HostView, Key, LedgerEntry, Outcome } from "../../core/model.js";
import type { Plan } from "../../core/plan.js";
import { chooseRollback } from "../../core/rollback.js";
import { inSlot, servingContainer } from "../../core/serving.js";
import { findUnsettled } from "../../core/unsettled.js";
import { printable, printableLine } from "../../errors.js";

// What these texts say comes from a host, which may hold anything, and goes to a terminal.

/** What a deploy would do, as `plan` prints it. */
export function describePlan(plan: Plan): string {
  if (plan.verdict === "nothing") return printable(`Nothing to do: ${plan.reason}.`);
  if (plan.verdict === "refused") return printable(`Would be refused: ${plan.reason}.`);
  const width = Math.max(...plan.steps.map((step) => step.title.length));
  const steps = plan.steps.map((step, index) => `  ${index + 1}. ${step.title.padEnd(width)}  ${step.why}`);
  const heading = `Would ${plan.verdict === "reroute" ? "reload the route" : "deploy"}: ${plan.reason}.`;
  return printable([heading, ...steps].join("\n"));
}

/** What serves where, since when, and what could be gone back to. */
export function describeStatus(key: Key, address: string, view: HostView): string {
  const serving = servingContainer(view);
  const lines = [`${key.app} in ${key.environment} on ${address}`];
  const say = (name: string, text: string) =>
    lines.push(`  ${name.padEnd(10)} ${printableLine(text, 2_000)}`);
  if (serving === null)
    say("serving", view.containers.length === 0 ? "nothing; never deployed" : "nothing that runs");
  else {
    const since = new Date(serving.startedAtSeconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
    say("serving", `revision ${serving.revision} in slot ${serving.slot}, running since ${since}`);
    say("image", serving.image);
    const commit = recordOf(view, serving.revision)?.release.commit;
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
  say("disk", `${describeBytes(view.diskFreeBytes)} free`);
  const held = heldLock(view);
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

/** In units of 1024, as the configuration counts. */
export function describeBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** The ledger, newest last. */
export function describeHistory(ledger: readonly LedgerEntry[]): string {
  if (ledger.length === 0) return "The ledger is empty: nothing was ever deployed here.";
  return ledger
    .map((entry) => {
      const commit = entry.commit === null ? "" : ` ${printableLine(entry.commit).slice(0, 12)}`;
      const [at, by, reason] = [entry.at, entry.by, entry.reason].map((text) => printableLine(text, 2_000));
      // On one line each: a reason quotes what an app answered, which must not pose as another entry.
      return `${at}  revision ${entry.revision}${commit}  ${entry.event.padEnd(11)}  ${reason}  (${by})`;
    })
    .join("\n");
}

/** The revision that serves when a run has ended so; null where that is not known. */
export function servedAfter(outcome: Outcome): number | null {
  return "serving" in outcome ? outcome.serving : outcome.revision;
}

/** One sentence for the end of a run: what the host runs now, and why. */
export function describeOutcome(outcome: Outcome): string {
  return printable(sentence(outcome));
}

function sentence(outcome: Outcome): string {
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
