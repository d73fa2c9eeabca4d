import { type Candidate, type Errand, line, type Standby } from "./candidate.js";
import { revisionsToKeep, stableRevisions } from "./ledger.js";
import { giveBack } from "./locking.js";
import type { HostView } from "./model.js";
import { ask, type Run, type Script } from "./script.js";

/**
 * After the confirmation: what served before stays for an instant rollback, then goes; so do releases beyond
 * the number kept. The host is as it was before the switch, but for what this run did to it.
 */
export function* tidy(
  run: Run,
  errand: Errand,
  before: HostView,
  candidate: Candidate,
  standby: Standby | null,
): Script<void> {
  const ledger = [...before.ledger, line(errand, candidate, "promoted", "")];
  const others = before.containers.filter(({ slot }) => slot !== candidate.container.slot);
  if (standby !== null) {
    const { revision } = standby.container;
    const left = candidate.left === revision;
    // Never promoted (its run was cut off), so it is no way back: the next run would find it left over.
    const stable = left || stableRevisions(ledger).includes(revision);
    yield* ask(run, {
      kind: "retire",
      fence: run.fence,
      containerId: standby.container.id,
      slot: standby.container.slot,
      drainMs: standby.runtime.drainMs,
      // A release that was left by a rollback is no way back, so nothing is gained by keeping it.
      afterMs: !stable ? 0 : left ? standby.runtime.drainMs + 1 : standby.runtime.hotMs,
    });
  }
  const revisions = revisionsToKeep({ ledger, containers: others }, candidate.revision, errand.keepReleases);
  yield* ask(run, { kind: "retain", fence: run.fence, revisions });
  yield* giveBack(run);
}
