import type { Vocabulary } from "../../../src/commands/vocabulary.js";
import type {
  BakePolicy,
  HealthPolicy,
  LedgerDraft,
  Release,
  RuntimeSpec,
  Site,
  Step,
} from "../../../src/core/model.js";

export const health: HealthPolicy = {
  path: "/health",
  intervalMs: 100,
  timeoutMs: 1_000,
  passes: 2,
  deadlineMs: 10_000,
  expectCommit: false,
};
const bake: BakePolicy = {
  durationMs: 5_000,
  intervalMs: 500,
  minimumSamples: 5,
  slowMs: 1_000,
  deadlineMs: 10_000,
};
export const runtime: RuntimeSpec = {
  port: 3000,
  command: ["serve", "--all of it"],
  env: { GREETING: "it's" },
  secretNames: ["PEM"],
  memoryBytes: 256 * 1024 * 1024,
  cpus: 0.5,
  volumes: [{ name: "data", path: "/data", readOnly: true }],
  networks: ["backend"],
  health,
  bake,
  drainMs: 5_000,
  hotMs: 60_000,
  preDeploy: { command: ["migrate"], timeoutMs: 5_000 },
};
export const release: Release = {
  image: `registry.example/app@sha256:${"a".repeat(64)}`,
  commit: "c0ffee",
  tested: true,
  runtime,
  configHash: "config",
  secretsHash: "secrets",
};
export const site: Site = {
  format: 1,
  domains: [],
  tls: { mode: "off" },
  slots: { blue: { port: 3000, healthPath: "/health" }, green: { port: 3001, healthPath: "/health" } },
  healthTimeoutMs: 1_000,
  responseTimeoutMs: 60_000,
};
export const secret = "-----BEGIN\nhidden'quoted\" $HOME `x`\nEND-----";
export const password = "pass'word $x";
export const vocabulary: Vocabulary = {
  key: { app: "shop", environment: "production" },
  secrets: new Map([["PEM", secret]]),
  registryLogin: { registry: "registry.example", username: "robot", password },
  proxyImage: "caddy:2.11.9",
  root: null,
};
export const entry: LedgerDraft = {
  event: "switched",
  revision: 3,
  image: release.image,
  commit: null,
  by: "Bo's laptop",
  reason: 'a "reason"\nof two lines',
};
const live = { slot: "blue", containerId: "c0ffee", port: 3000, health, commit: "c0ffee" } as const;
const standby = { ...live, slot: "green", containerId: "decade" } as const;

/** One of every step that a host is asked. */
export const steps: readonly Step[] = [
  { kind: "observe" },
  { kind: "pull", image: release.image },
  { kind: "acquire", holder: "Bo's laptop", reason: 'a "reason"', leaseMs: 30_000 },
  { kind: "install-proxy", fence: 1, upgrade: false },
  { kind: "route", fence: 1, site },
  {
    kind: "route",
    fence: 1,
    site: {
      ...site,
      domains: ["shop.example"],
      tls: { mode: "files", certificate: "/etc/a b.pem", key: "/etc/k.pem" },
    },
  },
  { kind: "stage", fence: 1, revision: 3, release },
  { kind: "pre-deploy", fence: 1, revision: 3, release },
  { kind: "start", fence: 1, slot: "blue", revision: 3, release },
  { kind: "probe", fence: 1, slots: [live], count: 3, intervalMs: 1_000, compare: null },
  {
    kind: "probe",
    fence: 1,
    slots: [live, { ...live, slot: "green", commit: null }],
    count: 5,
    intervalMs: 250,
    compare: { notBeforeSeconds: 1_700_000_000, slowMs: 1_000 },
  },
  {
    kind: "switch",
    fence: 1,
    containerId: "c0ffee",
    to: { mode: "pair", live: "blue", standby: "green" },
    guard: { token: "token", revision: 3, live: "blue", previous: "green", leaseMs: 15_000 },
    port: 3000,
    health,
    previousPort: 3000,
    previousHealth: health,
    provenUntilMs: 20_000,
    believedFromMs: 10_400,
    entry,
  },
  {
    kind: "watch",
    fence: 1,
    token: "token",
    leaseMs: 15_000,
    live,
    standby,
    since: { inode: 1, offset: 2 },
    slowMs: 1_000,
  },
  {
    kind: "confirm",
    fence: 1,
    token: "token",
    live: "blue",
    entry: { ...entry, event: "promoted", left: 2 },
  },
  {
    kind: "point-back",
    fence: 1,
    live: "green",
    provenUntilMs: 20_000,
    entry: { ...entry, event: "rolled-back" },
  },
  { kind: "logs", fence: 1, containerId: "c0ffee", lines: 50 },
  { kind: "retire", fence: 1, containerId: "decade", slot: "green", drainMs: 1_000, afterMs: 0 },
  { kind: "retire", fence: 1, containerId: "decade", slot: "green", drainMs: 1_000, afterMs: 1_000 },
  { kind: "record", fence: 1, entry },
  { kind: "retain", fence: 1, revisions: [1, 2] },
  { kind: "unlock", fence: 1 },
];
