import { stableRevisions } from "../core/ledger.js";
import type { HostView, LedgerEntry } from "../core/model.js";
import { servingContainer } from "../core/serving.js";
import { describeHistory } from "../effects/reporters/descriptions.js";
import { type DeliveryFigures, deliveryFigures, describeFigures } from "./delivery-figures.js";

/** What became of one revision. */
export interface RevisionHistory {
  readonly revision: number;
  /** `repository@sha256:…` */
  readonly image: string;
  readonly commit: string | null;
  /** `unfinished`: it was started or switched to, and how that ended is not written yet. */
  readonly outcome: "promoted" | "rolled-back" | "reverted" | "aborted" | "halted" | "unfinished";
  /** Why it ended so, in a sentence. */
  readonly reason: string;
  /** Who did it: of the line that says how it ended. */
  readonly by: string;
  /** ISO 8601 by the host's clock: its first line, and the one that says how it ended. */
  readonly from: string;
  readonly at: string;
  /** Whether a rollback may go to it. */
  readonly stable: boolean;
  readonly serving: boolean;
}

export interface History {
  /** The lines of the ledger, newest last. */
  readonly entries: readonly LedgerEntry[];
  /** In the order in which they were first seen. */
  readonly revisions: readonly RevisionHistory[];
  readonly figures: DeliveryFigures;
  /** All of it for a person. */
  readonly text: string;
}

/** @param now milliseconds since 1970, by this machine's clock */
export function historyOf(view: HostView, now: number): History {
  const figures = deliveryFigures(view.ledger, now);
  const lines = describeHistory(view.ledger);
  return {
    entries: view.ledger,
    revisions: revisionsOf(view),
    figures,
    text: view.ledger.length === 0 ? lines : `${lines}\n\n${describeFigures(figures)}`,
  };
}

function revisionsOf(view: HostView): readonly RevisionHistory[] {
  const stable = new Set(stableRevisions(view.ledger));
  const serving = servingContainer(view)?.revision;
  const known = new Map<number, RevisionHistory>();
  for (const entry of view.ledger) {
    if (entry.event === "unlocked" || entry.event === "proxy") continue;
    const before = known.get(entry.revision);
    known.set(entry.revision, {
      revision: entry.revision,
      image: entry.image,
      commit: entry.commit,
      outcome: entry.event === "started" || entry.event === "switched" ? "unfinished" : entry.event,
      reason: entry.reason,
      by: entry.by,
      from: before?.from ?? entry.at,
      at: entry.at,
      stable: stable.has(entry.revision),
      serving: entry.revision === serving,
    });
    const left = known.get(entry.left ?? 0);
    if (left !== undefined && entry.event === "promoted")
      known.set(left.revision, { ...left, ...leftBy(entry) });
  }
  return [...known.values()];
}

function leftBy({ at, by, reason, revision }: LedgerEntry): Partial<RevisionHistory> {
  const why = `left by the rollback to revision ${revision}${reason === "" ? "" : `: ${reason}`}`;
  return { outcome: "rolled-back", reason: why, by, at };
}
