import type {
  BakePolicy,
  ContainerView,
  DeployRequest,
  HealthPolicy,
  HostView,
  LedgerEntry,
  ProbeReport,
  ProbeSample,
  Release,
  RuntimeSpec,
  Site,
  Tally,
  WatchReport,
} from "../../src/core/model.js";
import type { RollbackRequest } from "../../src/core/rollback.js";
import { SITE_FORMAT } from "../../src/core/sites.js";

/** Happy defaults: a test states only how its case differs. */

export const MIB = 1024 * 1024;

export function aHealth(differs: Partial<HealthPolicy> = {}): HealthPolicy {
  return {
    path: "/health",
    intervalMs: 1_000,
    timeoutMs: 1_000,
    passes: 3,
    deadlineMs: 30_000,
    expectCommit: false,
    ...differs,
  };
}

export function aBake(differs: Partial<BakePolicy> = {}): BakePolicy {
  return {
    durationMs: 10_000,
    intervalMs: 1_000,
    minimumSamples: 10,
    slowMs: 1_000,
    deadlineMs: 30_000,
    ...differs,
  };
}

export function aRuntime(differs: Partial<RuntimeSpec> = {}): RuntimeSpec {
  return {
    port: 3000,
    command: null,
    env: {},
    secretNames: [],
    memoryBytes: 128 * MIB,
    cpus: null,
    volumes: [],
    networks: [],
    health: aHealth(),
    bake: aBake(),
    drainMs: 5_000,
    hotMs: 60_000,
    preDeploy: null,
    ...differs,
  };
}

/** The image of a release by the name of what it does: `anImage("v2")`. */
export function anImage(name: string): string {
  return `registry.example/shop@sha256:${name}`;
}

export function aRelease(differs: Partial<Release> = {}): Release {
  return {
    image: anImage("v1"),
    commit: null,
    tested: true,
    runtime: aRuntime(),
    configHash: "config-1",
    secretsHash: "secrets-1",
    ...differs,
  };
}

export function aSite(differs: Partial<Site> = {}): Site {
  const route = { port: 3000, healthPath: "/health" };
  return {
    format: SITE_FORMAT,
    domains: [],
    tls: { mode: "off" },
    slots: { blue: route, green: route },
    healthTimeoutMs: 1_000,
    responseTimeoutMs: 60_000,
    ...differs,
  };
}

export function aRequest(differs: Partial<DeployRequest> = {}): DeployRequest {
  return {
    key: { app: "shop", environment: "production" },
    release: aRelease({ image: anImage("v2") }),
    site: aSite(),
    publicUrl: null,
    promotionGate: null,
    holder: "run-1",
    reason: "deploy v2",
    imageBytes: 10 * MIB,
    imageArchitecture: "amd64",
    keepReleases: 5,
    deadlineMs: 600_000,
    ...differs,
  };
}

export function aRollbackRequest(differs: Partial<RollbackRequest> = {}): RollbackRequest {
  return {
    key: { app: "shop", environment: "production" },
    to: null,
    holder: "run-back",
    reason: "by hand",
    keepReleases: 5,
    publicUrl: null,
    deadlineMs: 600_000,
    ...differs,
  };
}

export function aContainer(differs: Partial<ContainerView> = {}): ContainerView {
  return {
    id: "container-1",
    name: "shop-production-blue",
    slot: "blue",
    revision: 1,
    image: anImage("v1"),
    configHash: "config-1",
    secretsHash: "secrets-1",
    stage: "running",
    restarts: 0,
    exitCode: 0,
    oomKilled: false,
    restartPolicy: "always",
    startedAtSeconds: 1_000,
    ...differs,
  };
}

export function anEntry(differs: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    at: "2030-01-01T00:00:00Z",
    fence: 1,
    event: "promoted",
    revision: 1,
    image: anImage("v1"),
    commit: null,
    by: "run-0",
    reason: "",
    ...differs,
  };
}

/** A host where revision 1, promoted, serves alone from blue. */
export function aView(differs: Partial<HostView> = {}): HostView {
  return {
    dockerVersion: "28.0.0",
    architecture: "x86_64",
    diskFreeBytes: 10_000 * MIB,
    inodesFree: 1_000_000,
    memoryAvailableBytes: 2_000 * MIB,
    fence: 1,
    lock: null,
    pointer: { mode: "solo", live: "blue" },
    guard: null,
    outcome: null,
    containers: [aContainer()],
    foreignNames: [],
    ledger: [anEntry({ event: "switched" }), anEntry()],
    releases: [{ revision: 1, release: aRelease(), imagePresent: true }],
    tagged: [1],
    proxy: {
      state: "running",
      guardian: "running",
      image: "docker.io/library/caddy@sha256:caddy",
      site: aSite(),
      filesChanged: false,
      portTakenBy: null,
    },
    desiredSecretsHash: "secrets-1",
    ...differs,
  };
}

/** A bare Docker host that evenkeel has never seen. */
export function aBareView(differs: Partial<HostView> = {}): HostView {
  return aView({
    fence: 0,
    pointer: null,
    containers: [],
    ledger: [],
    releases: [],
    tagged: [],
    proxy: {
      state: "absent",
      guardian: "absent",
      image: null,
      site: null,
      filesChanged: false,
      portTakenBy: null,
    },
    ...differs,
  });
}

export function aSample(differs: Partial<ProbeSample> = {}): ProbeSample {
  return { status: 200, durationMs: 5, detail: "ok", commitMatches: true, ...differs };
}

export function aProbe(differs: Partial<ProbeReport> = {}): ProbeReport {
  return { container: aContainer(), samples: [aSample(), aSample(), aSample()], atMs: 5_000, ...differs };
}

export function aTally(requests = 0, failures = 0, slow = 0): Tally {
  return { requests, failures, slow };
}

/** One look of the bake: green live with `live` traffic, blue standing by. */
export function aWatch(live: Tally = aTally(100), differs: Partial<WatchReport> = {}): WatchReport {
  return {
    guard: "armed",
    live: aProbe({ container: aContainer({ id: "container-2", slot: "green" }), samples: [aSample()] }),
    standby: aProbe({ samples: [aSample()] }),
    traffic: { position: { inode: 1, offset: 1 }, slots: { blue: aTally(), green: live } },
    ...differs,
  };
}
