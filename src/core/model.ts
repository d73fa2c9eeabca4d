/**
 * The vocabulary of a deploy as plain, readonly data. `core` decides over these types, `commands` spells
 * the steps for a host and parses its answers, `effects` runs them, and the simulated host of the tests
 * interprets them. Nothing here touches the outside world.
 */

/** A place for one release of an app in an environment. Whether it serves or is idle is a role, not a name. */
export type Slot = "blue" | "green";

export function otherSlot(slot: Slot): Slot {
  return slot === "blue" ? "green" : "blue";
}

/** What the proxy reads once per request: the live slot and, during the bake, the slot standing by. */
export type Pointer =
  | { readonly mode: "solo"; readonly live: Slot }
  | { readonly mode: "pair"; readonly live: Slot; readonly standby: Slot };

/** One app in one environment on one host. Everything on a host is keyed by it. */
export interface Key {
  readonly app: string;
  readonly environment: string;
}

/** How a slot is asked whether it is healthy. */
export interface HealthPolicy {
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Consecutive 2xx answers, without redirects, that make a proof. */
  readonly passes: number;
  /** From the start of the container to the last pass. */
  readonly deadlineMs: number;
  /** When set, the answer's body must contain the release's commit. */
  readonly expectCommit: boolean;
}

/** How a release is watched after the switch. */
export interface BakePolicy {
  readonly durationMs: number;
  readonly intervalMs: number;
  /** Samples (requests and probes together) below which the watch cannot tell. */
  readonly minimumSamples: number;
  /** A request that takes longer counts as slow. */
  readonly slowMs: number;
  /** How long "cannot tell" may extend the bake before it counts as a failure. */
  readonly deadlineMs: number;
}

export interface Volume {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** Everything of the configuration that shapes a container; kept with each release so that going back uses its own. */
export interface RuntimeSpec {
  readonly port: number;
  readonly command: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  /** Names of the secrets the release was given; never their values. */
  readonly secretNames: readonly string[];
  readonly memoryBytes: number | null;
  readonly cpus: number | null;
  readonly volumes: readonly Volume[];
  readonly networks: readonly string[];
  readonly health: HealthPolicy;
  readonly bake: BakePolicy;
  /** Time a stopping container has, from SIGTERM to SIGKILL, to finish requests in flight. */
  readonly drainMs: number;
  /** How long the previous slot stays running after promotion, for an instant rollback. */
  readonly hotMs: number;
  readonly preDeploy: { readonly command: readonly string[]; readonly timeoutMs: number } | null;
}

/** An image digest, a configuration and an environment: immutable. */
export interface Release {
  /** `repository@sha256:…` */
  readonly image: string;
  readonly commit: string | null;
  /** When the commit was made, ISO 8601, where the image tells; for people, no decision reads it. */
  readonly committedAt?: string;
  /** Whether the image carries the record that its tests passed. */
  readonly tested: boolean;
  readonly runtime: RuntimeSpec;
  /** SHA-256 over the canonical JSON of `runtime`. */
  readonly configHash: string;
  /** HMAC-SHA-256, with the host's own key, over the secrets; tells whether they changed, not what they are. */
  readonly secretsHash: string;
}

/** How requests from outside reach the app. The proxy's text is made from this alone, so two equal sites are one text. */
export interface Site {
  /** Version of the text that is made from a site; a newer evenkeel that writes another text has another number. */
  readonly format: number;
  /** Host names; empty means every request that no other app's domain claims. */
  readonly domains: readonly string[];
  readonly tls:
    | { readonly mode: "off" }
    | {
        readonly mode: "acme";
        readonly email: string | null;
        /** The directory of another certificate authority than the proxy's own choice, and on the host what to trust it by. */
        readonly server?: string;
        readonly serverRoot?: string;
      }
    | { readonly mode: "files"; readonly certificate: string; readonly key: string };
  /** Per slot, because a release may change its port or path while the other slot still serves with its own. */
  readonly slots: Readonly<Record<Slot, SlotRoute>>;
  readonly healthTimeoutMs: number;
  readonly responseTimeoutMs: number;
}

export interface SlotRoute {
  readonly port: number;
  readonly healthPath: string;
}

/** A site before the slots are known. */
export type SiteRequest = Omit<Site, "format" | "slots">;

export type Stage = "created" | "running" | "restarting" | "exited" | "dead" | "paused" | "removing";

/** A container of this key, as Docker and its labels describe it. */
export interface ContainerView {
  readonly id: string;
  readonly name: string;
  readonly slot: Slot;
  readonly revision: number;
  readonly image: string;
  readonly configHash: string;
  readonly secretsHash: string;
  readonly stage: Stage;
  readonly restarts: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly restartPolicy: string;
  /** Seconds since 1970 by the host's own wall clock; only compared with other times of that clock. */
  readonly startedAtSeconds: number;
}

export type LedgerEvent =
  | "started"
  | "switched"
  | "promoted"
  | "aborted"
  | "rolled-back"
  /** Gone back from because nobody confirmed the switch, which says nothing about the release. */
  | "reverted"
  | "halted"
  | "unlocked"
  | "proxy";

/** One line of the append-only ledger, the only memory of a host. */
export interface LedgerEntry {
  /** ISO 8601 by the host's wall clock, for people; no decision reads it. */
  readonly at: string;
  readonly fence: number;
  readonly event: LedgerEvent;
  readonly revision: number;
  readonly image: string;
  readonly commit: string | null;
  /** For a promotion: when the commit was made, where the image told. */
  readonly committedAt?: string;
  /** For a rollback: the revision that was left, which loses its stable mark. */
  readonly left?: number;
  readonly by: string;
  readonly reason: string;
}

export interface LockView {
  readonly holder: string;
  readonly reason: string;
  readonly fence: number;
  /** Milliseconds until the lease ends by the host's monotonic clock; 0 when it has ended or the host was rebooted. */
  readonly remainingMs: number;
}

/** An armed dead man's switch: unless confirmed in time, the guardian goes back to `previous`. */
export interface GuardView {
  readonly token: string;
  readonly fence: number;
  readonly revision: number;
  readonly live: Slot;
  readonly previous: Slot;
  readonly remainingMs: number;
}

/** What the guardian did on its own: `previous` when it went back, `halted` when the previous slot was dead and it kept the live one. */
export interface GuardOutcome {
  readonly token: string;
  readonly revision: number;
  readonly verdict: "reverted" | "halted";
  readonly serving: Slot;
}

export interface ReleaseRecord {
  readonly revision: number;
  readonly release: Release;
  /** Whether the image is still on the host. */
  readonly imagePresent: boolean;
}

export interface ProxyView {
  /** `foreign`: a container of that name that evenkeel did not make, or that belongs to another account of the host. */
  readonly state: "absent" | "stopped" | "running" | "foreign";
  readonly guardian: "absent" | "stopped" | "running";
  /** Image and version recorded at installation, `repository@sha256:…`. */
  readonly image: string | null;
  /** The site that is loaded for this key, read back from a comment of its text; null when there is none. */
  readonly site: Site | null;
  /** Whether files of the host that the site needs, such as a renewed certificate, are no longer what the proxy has of them. */
  readonly filesChanged: boolean;
  /** Who else holds the public ports: a container name, or the word "process". */
  readonly portTakenBy: string | null;
}

/** Everything one round trip of *observe* returns. */
export interface HostView {
  readonly dockerVersion: string;
  readonly architecture: string;
  readonly diskFreeBytes: number;
  readonly inodesFree: number;
  readonly memoryAvailableBytes: number;
  readonly fence: number;
  readonly lock: LockView | null;
  readonly pointer: Pointer | null;
  readonly guard: GuardView | null;
  readonly outcome: GuardOutcome | null;
  readonly containers: readonly ContainerView[];
  /** Names that this key's slots need but a foreign container has. */
  readonly foreignNames: readonly string[];
  readonly ledger: readonly LedgerEntry[];
  readonly releases: readonly ReleaseRecord[];
  /** Revisions that an image of the host is tagged with, which may be all that is left of them. */
  readonly tagged: readonly number[];
  readonly proxy: ProxyView;
  /** HMAC of the desired secrets with this host's key, to compare with a release's `secretsHash`. */
  readonly desiredSecretsHash: string;
}

/** One answer of a slot to one health probe. */
export interface ProbeSample {
  /** HTTP status, or null when no answer came. */
  readonly status: number | null;
  readonly durationMs: number;
  /** First bytes of the body, or the reason why there was none; control characters stripped. */
  readonly detail: string;
  /** Whether the body contains the commit asked for; true when none was asked for. */
  readonly commitMatches: boolean;
}

/** A probe of one container and how that container was at the time. */
export interface ProbeReport {
  readonly container: ContainerView | null;
  readonly samples: readonly ProbeSample[];
  /** The host's uptime when the last sample of the look was taken, for the age of a proof; 0 when the host could not ask. */
  readonly atMs: number;
}

export interface Tally {
  readonly requests: number;
  readonly failures: number;
  readonly slow: number;
}

/** Where reading of the access log stopped. */
export interface LogPosition {
  readonly inode: number;
  readonly offset: number;
}

export interface TrafficReport {
  readonly position: LogPosition;
  readonly slots: Readonly<Record<Slot, Tally>>;
}

/** One observation of the bake: both slots probed, the traffic counted per slot, the guard and the lock renewed. */
export interface WatchReport {
  /** `unsaved`: still armed, but its lease could not be made longer, as on a full disk. */
  readonly guard: "armed" | "unsaved" | "gone";
  readonly live: ProbeReport;
  readonly standby: ProbeReport | null;
  /** Null when the access log could not be read. */
  readonly traffic: TrafficReport | null;
}

export interface Guard {
  readonly token: string;
  readonly revision: number;
  readonly live: Slot;
  readonly previous: Slot;
  readonly leaseMs: number;
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** A ledger line before the host adds its time and the fence. */
export type LedgerDraft = Without<LedgerEntry, "at" | "fence">;

/**
 * What can be asked of a host. Every step but `observe`, `pull` and `acquire` carries the fence number under
 * which it may act; a host that has a higher one refuses it. `visit`, `consult` and `wait` are asked of no host.
 */
export type Step =
  | { readonly kind: "observe" }
  | { readonly kind: "pull"; readonly image: string }
  /** Takes the lock with the next fence number. Granted when it is free, its lease is over, or `holder` (unique to a run) holds it already. */
  | { readonly kind: "acquire"; readonly holder: string; readonly reason: string; readonly leaseMs: number }
  /** Installs network, proxy and guardian where absent, or starts them; `upgrade` replaces the proxy's image. */
  | { readonly kind: "install-proxy"; readonly fence: number; readonly upgrade: boolean }
  /** Gives the proxy this key's site and reloads it. */
  | { readonly kind: "route"; readonly fence: number; readonly site: Site }
  /** Writes the release's folder: manifest and environment, and tags its image for retention. */
  | { readonly kind: "stage"; readonly fence: number; readonly revision: number; readonly release: Release }
  /** Runs the pre-deploy command in the candidate's image and waits for it. */
  | {
      readonly kind: "pre-deploy";
      readonly fence: number;
      readonly revision: number;
      readonly release: Release;
    }
  /** Removes what the idle slot holds and starts the revision there, restart policy `no`. */
  | {
      readonly kind: "start";
      readonly fence: number;
      readonly slot: Slot;
      readonly revision: number;
      readonly release: Release;
    }
  /**
   * Up to `count` probes of each slot, side by side and `intervalMs` apart, for a slot ending at the first
   * that fails, and for all when the first slot's do. With `compare`, and when the first slot passed, what
   * the access log says of the time before.
   */
  | {
      readonly kind: "probe";
      readonly fence: number;
      readonly slots: readonly Watched[];
      readonly count: number;
      readonly intervalMs: number;
      readonly compare: { readonly notBeforeSeconds: number; readonly slowMs: number } | null;
    }
  /** Restart policy, guard, pointer: the switch. Without a guard, one that is armed is disarmed in the same act. */
  | {
      readonly kind: "switch";
      readonly fence: number;
      readonly containerId: string;
      readonly to: Pointer;
      readonly guard: Guard | null;
      readonly port: number;
      readonly health: HealthPolicy;
      readonly previousPort: number | null;
      readonly previousHealth: HealthPolicy | null;
      /** The host's uptime up to which the proofs hold; later the host refuses with `step-failed`, because a runner may have been stopped in between. */
      readonly provenUntilMs?: number;
      /** The host's uptime from which the proxy believes in the candidate as well; the pointer is not renamed before. */
      readonly believedFromMs?: number;
      readonly entry: LedgerDraft;
    }
  | {
      readonly kind: "watch";
      readonly fence: number;
      readonly token: string | null;
      readonly leaseMs: number;
      readonly live: Watched;
      readonly standby: Watched | null;
      readonly since: LogPosition;
      readonly slowMs: number;
    }
  /** Pointer to solo, guard removed, ledger appended, in one act; refused when the guard is gone. */
  | {
      readonly kind: "confirm";
      readonly fence: number;
      readonly token: string | null;
      readonly live: Slot;
      readonly entry: LedgerDraft;
    }
  /** Pointer back to solo on `live`, guard and outcome removed, ledger appended, in one act. */
  | {
      readonly kind: "point-back";
      readonly fence: number;
      readonly live: Slot;
      /** As for `switch`: what was seen of the slots holds until then. */
      readonly provenUntilMs?: number;
      readonly entry: LedgerDraft;
    }
  | { readonly kind: "logs"; readonly fence: number; readonly containerId: string; readonly lines: number }
  /** Sets restart policy `no`, stops with the drain time and removes; after `afterMs` by the host itself where that is not 0. Refused for a slot the pointer names. */
  | {
      readonly kind: "retire";
      readonly fence: number;
      readonly containerId: string;
      readonly slot: Slot;
      readonly drainMs: number;
      readonly afterMs: number;
    }
  | { readonly kind: "record"; readonly fence: number; readonly entry: LedgerDraft }
  /** Forgets releases other than these: folder, tag and, where nothing else uses it, image. */
  | { readonly kind: "retain"; readonly fence: number; readonly revisions: readonly number[] }
  | { readonly kind: "unlock"; readonly fence: number }
  /** Asks the public address from the runner's side; informs, never decides. */
  | { readonly kind: "visit"; readonly url: string }
  /**
   * What the promotion gate says of a candidate by now, from the runner's side: the first time for a container
   * begins its decision, and no time waits for it.
   */
  | { readonly kind: "consult"; readonly candidate: Promotable }
  | { readonly kind: "wait"; readonly ms: number };

/** A candidate as the promotion gate is told of it. */
export interface Promotable {
  readonly containerId: string;
  readonly slot: Slot;
  readonly revision: number;
  readonly image: string;
  readonly commit: string | null;
}

/** A say in the promotion that the host has no part in. */
export interface GatePolicy {
  /** How long a promotion waits for it once the bake has passed; then it counts as a veto. */
  readonly timeoutMs: number;
}

/** A slot as the bake looks at it. */
export interface Watched {
  readonly slot: Slot;
  readonly containerId: string;
  readonly port: number;
  readonly health: HealthPolicy;
  readonly commit: string | null;
}

export type Failure = { readonly verdict: "failed"; readonly code: FailureCode; readonly message: string };

/** Why a host could not do a step; each is explained in the catalogue of errors. */
export type FailureCode =
  | "registry-unreachable"
  | "registry-denied"
  | "image-missing"
  | "wrong-architecture"
  | "disk-full"
  | "port-taken"
  | "name-taken"
  | "docker-unavailable"
  | "proxy-failed"
  | "container-gone"
  | "slot-serving"
  | "guard-gone"
  | "bad-environment"
  | "pre-deploy-failed"
  | "step-failed";

export interface Answers {
  readonly observe: HostView;
  readonly pull: { readonly verdict: "done" } | Failure;
  readonly acquire:
    | { readonly verdict: "granted"; readonly fence: number }
    | { readonly verdict: "held"; readonly lock: LockView };
  readonly "install-proxy": { readonly verdict: "done" } | Failure;
  readonly route: { readonly verdict: "done" } | Failure;
  readonly stage: { readonly verdict: "done" } | Failure;
  readonly "pre-deploy": { readonly verdict: "done"; readonly output: string } | Failure;
  readonly start: { readonly verdict: "done"; readonly containerId: string } | Failure;
  /** In the order of the slots. */
  readonly probe: { readonly reports: readonly ProbeReport[]; readonly traffic: TrafficReport | null };
  readonly switch: { readonly verdict: "done" } | Failure;
  readonly watch: WatchReport;
  readonly confirm: { readonly verdict: "done" } | Failure;
  readonly "point-back": { readonly verdict: "done" } | Failure;
  readonly logs: { readonly text: string };
  readonly retire: { readonly verdict: "done" } | Failure;
  readonly record: { readonly verdict: "done" } | Failure;
  readonly retain: { readonly verdict: "done" } | Failure;
  readonly unlock: { readonly verdict: "done" } | Failure;
  readonly visit: { readonly status: number | null; readonly detail: string };
  readonly consult: { readonly verdict: "undecided" | "promote" | "veto"; readonly reason: string };
  readonly wait: { readonly verdict: "done" };
}

export type StepKind = Step["kind"];
export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;

/**
 * What came back for a step. `lost`: the connection broke, so whether the host acted is unknown (the
 * runner has already connected again, or could not: `reconnected`). `fenced`: the host refused because
 * somebody else holds the lock now.
 */
export type Reply<K extends StepKind = StepKind> =
  | { readonly kind: "answer"; readonly nowMs: number; readonly answer: Answers[K] }
  | { readonly kind: "lost"; readonly nowMs: number; readonly reconnected: boolean; readonly message: string }
  | { readonly kind: "fenced"; readonly nowMs: number };

/** Where a deploy is, for reporters and for the outcome; `reason` says why, in a sentence. */
export type Phase =
  | { readonly phase: "idle" }
  | { readonly phase: "pulled" }
  | { readonly phase: "locked"; readonly fence: number }
  | { readonly phase: "started"; readonly slot: Slot; readonly revision: number }
  | { readonly phase: "gated"; readonly revision: number; readonly reason: string }
  | { readonly phase: "switched"; readonly revision: number; readonly guarded: boolean }
  | { readonly phase: "baking"; readonly revision: number; readonly reason: string }
  | Outcome;

/** How a run ended. Only `promoted` and `nothing-to-do` are successes. */
export type Outcome =
  | {
      readonly phase: "nothing-to-do";
      readonly revision: number;
      readonly slot: Slot;
      readonly reason: string;
    }
  | { readonly phase: "promoted"; readonly revision: number; readonly slot: Slot; readonly reason: string }
  | {
      readonly phase: "aborted";
      readonly code: OutcomeCode;
      readonly serving: number | null;
      readonly reason: string;
      readonly logs: string;
    }
  | {
      readonly phase: "rolled-back";
      readonly code: OutcomeCode;
      readonly serving: number | null;
      readonly reason: string;
      readonly logs: string;
    }
  | {
      readonly phase: "halted";
      readonly code: OutcomeCode;
      readonly serving: number | null;
      readonly reason: string;
      readonly logs: string;
    }
  /** The connection is gone for good: the host settles by itself, and `reason` says how. */
  | {
      readonly phase: "lost";
      readonly code: "lost";
      readonly serving: null;
      readonly reason: string;
      readonly logs: string;
    };

export type OutcomeCode =
  | FailureCode
  | "locked"
  | "fenced"
  | "lost"
  | "gate-failed"
  | "bake-failed"
  | "vetoed"
  | "preflight"
  | "deadline"
  | "no-stable-release"
  | "unconfirmed-switch";

/** What happens in a run besides steps: told to reporters, never answered. */
export type Notice =
  | { readonly kind: "phase"; readonly at: Phase }
  | { readonly kind: "note"; readonly level: "info" | "warning"; readonly text: string };

/** What is asked for. */
export interface DeployRequest {
  readonly key: Key;
  /** Without `secretsHash`, which only the host can make. */
  readonly release: Omit<Release, "secretsHash">;
  readonly site: SiteRequest;
  readonly publicUrl: string | null;
  /** Null: the bake alone decides. */
  readonly promotionGate: GatePolicy | null;
  readonly holder: string;
  readonly reason: string;
  /** How long the image is expected to be, unpacked, in bytes; 0 when unknown. */
  readonly imageBytes: number;
  readonly imageArchitecture: string | null;
  readonly keepReleases: number;
  /** The whole run ends within this time. */
  readonly deadlineMs: number;
}
