import { recordOf, stableRevisions } from "../core/ledger.js";
import { heldLock } from "../core/lock.js";
import type { HostView, Key, LockView, ProxyView, Slot, Stage } from "../core/model.js";
import { chooseRollback } from "../core/rollback.js";
import { servingContainer } from "../core/serving.js";
import { findUnsettled } from "../core/unsettled.js";
import { describeStatus } from "../effects/reporters/descriptions.js";

/** What one environment's host runs, and what could be done there. */
export interface Status {
  readonly app: string;
  readonly environment: string;
  /** The host's name or address. */
  readonly host: string;
  /** Null when nothing serves. */
  readonly serving: {
    readonly revision: number;
    readonly slot: Slot;
    /** `repository@sha256:…` */
    readonly image: string;
    readonly commit: string | null;
    /** ISO 8601 by the host's clock: the container's start. */
    readonly runningSince: string;
    /** ISO 8601 by the host's clock; null for a release that was not promoted. */
    readonly promotedAt: string | null;
    readonly stable: boolean;
  } | null;
  /** Containers besides the one that serves: standing by, kept for an instant rollback, or left. */
  readonly others: readonly { readonly slot: Slot; readonly revision: number; readonly stage: Stage }[];
  /** Revisions that a rollback may go to, the newest last. */
  readonly stable: readonly number[];
  /** Where `rollback` would go; null when there is nothing to go back to. */
  readonly previousStable: {
    readonly revision: number;
    readonly image: string;
    readonly commit: string | null;
  } | null;
  /** Of the tightest of the host's disks that matter. */
  readonly diskFreeBytes: number;
  /** Null when it is free. */
  readonly lock: LockView | null;
  readonly proxy: Pick<ProxyView, "state" | "guardian" | "image">;
  /** What an earlier run left to be put in order; `draining`: the host does it by itself. Null when nothing. */
  readonly unsettled: { readonly reason: string; readonly draining: boolean } | null;
  /** All of it for a person. */
  readonly text: string;
}

export function statusOf(key: Key, address: string, view: HostView): Status {
  const serving = servingContainer(view);
  const stable = stableRevisions(view.ledger);
  const back = chooseRollback(view, null);
  const unsettled = findUnsettled(view);
  const { state, guardian, image } = view.proxy;
  return {
    ...key,
    host: address,
    serving:
      serving === null
        ? null
        : {
            revision: serving.revision,
            slot: serving.slot,
            image: serving.image,
            commit: recordOf(view, serving.revision)?.release.commit ?? null,
            runningSince: new Date(serving.startedAtSeconds * 1000).toISOString(),
            promotedAt:
              view.ledger.findLast(
                ({ event, revision }) => event === "promoted" && revision === serving.revision,
              )?.at ?? null,
            stable: stable.includes(serving.revision),
          },
    others: view.containers
      .filter(({ id }) => id !== serving?.id)
      .map(({ slot, revision, stage }) => ({ slot, revision, stage })),
    stable,
    previousStable:
      back.verdict === "go"
        ? {
            revision: back.record.revision,
            image: back.record.release.image,
            commit: back.record.release.commit,
          }
        : null,
    diskFreeBytes: view.diskFreeBytes,
    lock: heldLock(view),
    proxy: { state, guardian, image },
    unsettled:
      unsettled === null
        ? null
        : {
            reason: unsettled.reason,
            draining: unsettled.kind === "leftover" && unsettled.draining === true,
          },
    text: describeStatus(key, address, view),
  };
}
