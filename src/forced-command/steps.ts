/**
 * Every step as it may come from outside: what is not described here, to the last field, is refused. Texts that
 * mean something to Docker or to the proxy are those that the configuration allows, and containers are named by
 * their whole id, which nobody guesses of another app's.
 */
import { z } from "zod";
import {
  absolutePath,
  acmeDirectory,
  dockerName,
  domain,
  emailAddress,
  urlPath,
  volumeName,
} from "../config/names.js";
import type { Step, StepKind } from "../core/model.js";

/** Those that a host is asked; the others are done where the run is. */
type HostStepKind = Exclude<StepKind, "visit" | "consult" | "wait">;

const count = z.int().min(0);
/** A duration, or an uptime; three centuries are more than either. */
const ms = z.number().min(0).max(1e13);
/** Nobody keeps a lock or a guard for good. */
const leaseMs = z.number().min(0).max(600_000);
const text = z
  .string()
  .max(65_536)
  .regex(/^[^\0]*$/);
/** A text of one line, without what could end it. */
export const line = z
  .string()
  .max(1_000)
  .regex(/^\P{Cc}*$/u);
export const slot = z.enum(["blue", "green"]);
const port = z.int().min(1).max(65_535);
const containerId = z.string().regex(/^[0-9a-f]{64}$/);
const image = z
  .string()
  .max(400)
  .regex(/^[a-z0-9[][\w.:/[\]-]*@sha256:[0-9a-f]{64}$/);
const words = z.array(text).min(1).max(1_000);

const health = z.strictObject({
  path: urlPath(),
  intervalMs: ms,
  timeoutMs: ms,
  passes: count,
  deadlineMs: ms,
  expectCommit: z.boolean(),
});

const bake = z.strictObject({
  durationMs: ms,
  intervalMs: ms,
  minimumSamples: count,
  slowMs: ms,
  deadlineMs: ms,
});

const runtime = z.strictObject({
  port,
  command: words.nullable(),
  env: z.record(z.string(), z.string().max(1_048_576)),
  secretNames: z.array(z.string()),
  memoryBytes: z.number().positive().nullable(),
  cpus: z.number().positive().nullable(),
  // Never a folder of the host: that would be the whole host.
  volumes: z.array(
    z.strictObject({
      name: volumeName(),
      path: absolutePath("inside the container", "/data"),
      readOnly: z.boolean(),
    }),
  ),
  networks: z.array(dockerName("a network's name")),
  health,
  bake,
  drainMs: ms,
  hotMs: ms,
  preDeploy: z.strictObject({ command: words, timeoutMs: ms }).nullable(),
});

const release = z.strictObject({
  image,
  commit: line.nullable(),
  committedAt: line.optional(),
  tested: z.boolean(),
  runtime,
  configHash: line,
  secretsHash: line,
});

const route = z.strictObject({ port, healthPath: urlPath() });
const path = absolutePath("on the host", "/etc/ssl/shop.pem");
const site = z.strictObject({
  format: count,
  domains: z.array(domain()),
  tls: z.discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("off") }),
    z.strictObject({
      mode: z.literal("acme"),
      email: emailAddress().nullable(),
      server: acmeDirectory().optional(),
      serverRoot: path.optional(),
    }),
    z.strictObject({ mode: z.literal("files"), certificate: path, key: path }),
  ]),
  slots: z.strictObject({ blue: route, green: route }),
  healthTimeoutMs: ms,
  responseTimeoutMs: ms,
});

const watched = z.strictObject({ slot, containerId, port, health, commit: line.nullable() });

const entry = z.strictObject({
  event: z.enum([
    ...(["started", "switched", "promoted", "aborted", "rolled-back", "reverted"] as const),
    ...(["halted", "unlocked", "proxy"] as const),
  ]),
  revision: count,
  image: text,
  commit: line.nullable(),
  committedAt: line.optional(),
  left: count.optional(),
  by: line,
  reason: text,
});

const fence = count;
const revision = count;

const shapes = {
  observe: {},
  pull: { image },
  acquire: { holder: line, reason: text, leaseMs },
  "install-proxy": { fence, upgrade: z.boolean() },
  route: { fence, site },
  stage: { fence, revision, release },
  "pre-deploy": { fence, revision, release },
  start: { fence, slot, revision, release },
  probe: {
    fence,
    slots: z.array(watched).min(1).max(2),
    count: z.int().min(1).max(1_000),
    intervalMs: ms,
    compare: z.strictObject({ notBeforeSeconds: z.number().min(0), slowMs: ms }).nullable(),
  },
  switch: {
    fence,
    containerId,
    to: z.discriminatedUnion("mode", [
      z.strictObject({ mode: z.literal("solo"), live: slot }),
      z.strictObject({ mode: z.literal("pair"), live: slot, standby: slot }),
    ]),
    guard: z.strictObject({ token: line, revision, live: slot, previous: slot, leaseMs }).nullable(),
    port,
    health,
    previousPort: port.nullable(),
    previousHealth: health.nullable(),
    provenUntilMs: ms.optional(),
    believedFromMs: ms.optional(),
    entry,
  },
  watch: {
    fence,
    token: line.nullable(),
    leaseMs,
    live: watched,
    standby: watched.nullable(),
    since: z.strictObject({ inode: count, offset: count }),
    slowMs: ms,
  },
  confirm: { fence, token: line.nullable(), live: slot, entry },
  "point-back": { fence, live: slot, provenUntilMs: ms.optional(), entry },
  logs: { fence, containerId, lines: z.int().min(0).max(10_000) },
  retire: { fence, containerId, slot, drainMs: ms, afterMs: ms },
  record: { fence, entry },
  retain: { fence, revisions: z.array(revision) },
  unlock: { fence },
} satisfies Readonly<Record<HostStepKind, z.core.$ZodLooseShape>>;

const kinds = new Map<unknown, z.ZodType>(
  Object.entries(shapes).map(([kind, shape]) => [kind, z.strictObject({ kind: z.literal(kind), ...shape })]),
);

/**
 * The step that a value is.
 *
 * @throws RangeError for everything else, with the place of what is wrong.
 */
export function readStep(value: unknown): Step {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  const schema = kinds.get(kind);
  if (schema === undefined)
    throw new RangeError("the host is asked for something that is no step of a deploy");
  const read = schema.safeParse(value);
  if (read.success) return read.data as Step;
  const [issue] = read.error.issues;
  throw new RangeError(`${kind}: ${issue?.path.join(".")}: ${issue?.message}`);
}
