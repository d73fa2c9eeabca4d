import { stableRevisions } from "./ledger.js";
import { GUARD_LEASE_MS } from "./lock.js";
import type {
  ContainerView,
  GatePolicy,
  HostView,
  LedgerEvent,
  Release,
  RuntimeSpec,
  Slot,
  StepOf,
} from "./model.js";

/** A started container on its way to serving, and what it leaves if it gets there. */
export interface Candidate {
  readonly container: { readonly id: string; readonly slot: Slot };
  readonly revision: number;
  readonly release: Release;
  /** For a rollback: the revision left, which loses its stable mark. */
  readonly left: number | null;
  /** It ran already, as the way back of a rollback: asked at once as often as its proof needs, not at a pace for what is new. */
  readonly hot: boolean;
}

/** Who asked, and what for; the same for every ledger line of a run. */
export interface Errand {
  readonly token: string;
  readonly holder: string;
  /** Why it was asked for, in a person's words. */
  readonly reason: string;
  readonly keepReleases: number;
  readonly publicUrl: string | null;
  /** Who else has a say in the promotion; null for nobody, as in a rollback: the way back is not vetoed. */
  readonly promotionGate: GatePolicy | null;
}

/** The container that served until now; as long as it proves that it could again, it stands by. */
export interface Standby {
  readonly container: ContainerView;
  readonly runtime: RuntimeSpec;
}

/** What may be gone back to without having stood by: it may only be starting, but it has been good once. */
export function onceStable(view: HostView, previous: Standby | null): Standby | null {
  const stable = stableRevisions(view.ledger);
  return previous !== null && stable.includes(previous.container.revision) ? previous : null;
}

/** The dead man's switch of a candidate: back to what served before, which is asked then whether it answers. */
export function guardOf(
  errand: Errand,
  { container, revision }: Candidate,
  previous: Standby | null,
): Pick<StepOf<"switch">, "guard" | "previousPort" | "previousHealth"> {
  if (previous === null) return { guard: null, previousPort: null, previousHealth: null };
  return {
    guard: {
      token: errand.token,
      revision,
      live: container.slot,
      previous: previous.container.slot,
      leaseMs: GUARD_LEASE_MS,
    },
    previousPort: previous.runtime.port,
    previousHealth: previous.runtime.health,
  };
}

/** A line for the ledger about a candidate. */
export function line(errand: Errand, candidate: Candidate, event: LedgerEvent, reason: string) {
  const { revision, release, left } = candidate;
  return {
    event,
    revision,
    image: release.image,
    commit: release.commit,
    by: errand.holder,
    reason,
    ...(event === "promoted" && release.committedAt !== undefined
      ? { committedAt: release.committedAt }
      : {}),
    ...(event === "promoted" && left !== null ? { left } : {}),
  };
}
