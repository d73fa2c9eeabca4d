import type { ContainerView, HostView, LedgerEntry, ReleaseRecord, RuntimeSpec } from "./model.js";

/** What of a ledger's line says which revisions are stable. */
type Verdict = Pick<LedgerEntry, "event" | "revision" | "left">;

/**
 * Revisions that may be gone back to, in the order of their promotion. A promotion makes a revision
 * stable; being left by a rollback, or rolled back from, takes the mark away, so that two rollbacks go
 * further back instead of to and fro between a good and a bad release. One that was only not confirmed, because
 * its run was cut off, keeps the mark.
 */
export function stableRevisions(ledger: readonly Verdict[]): readonly number[] {
  const stable: number[] = [];
  const forget = (revision: number) => {
    const at = stable.indexOf(revision);
    if (at >= 0) stable.splice(at, 1);
  };
  for (const entry of ledger) {
    if (entry.event === "promoted") {
      forget(entry.revision);
      stable.push(entry.revision);
      // No revision is number 0.
      forget(entry.left ?? 0);
    }
    if (entry.event === "rolled-back") forget(entry.revision);
  }
  return stable;
}

/** One more than any number that the ledger, a release folder, a container or an image's tag has ever used. */
export function nextRevision(view: HostView): number {
  return (
    1 +
    Math.max(
      0,
      ...view.ledger.map((entry) => entry.revision),
      ...view.releases.map((record) => record.revision),
      ...view.containers.map((container) => container.revision),
      ...view.tagged,
    )
  );
}

export function recordOf(view: HostView, revision: number): ReleaseRecord | null {
  return view.releases.find((record) => record.revision === revision) ?? null;
}

/** How a container was asked to run, as its release says; null where that is no longer on the host. */
export function runtimeOf(view: HostView, { revision }: ContainerView): RuntimeSpec | null {
  return recordOf(view, revision)?.release.runtime ?? null;
}

/** The newest stable revisions, what serves, and what is in a slot are kept; everything else may go. */
export function revisionsToKeep(
  host: { readonly ledger: readonly Verdict[]; readonly containers: readonly ContainerView[] },
  promoted: number,
  keep: number,
): readonly number[] {
  const stable = stableRevisions(host.ledger).filter((revision) => revision !== promoted);
  const running = host.containers.map((container) => container.revision);
  return [
    ...new Set([promoted, ...stable.slice(Math.max(0, stable.length - Math.max(0, keep - 1))), ...running]),
  ].sort((a, b) => a - b);
}
