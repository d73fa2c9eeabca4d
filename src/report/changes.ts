import { formatDuration } from "../config/units.js";
import type { Release, RuntimeSpec } from "../core/model.js";

/** What a release differs in from the one that served before it. */
export interface Changes {
  /** Null for a first release. */
  readonly from: ReleaseName | null;
  readonly to: ReleaseName;
  /** Keys of evenkeel.yaml whose values differ, dotted, in alphabetical order. */
  readonly configuration: readonly ConfigurationChange[];
  readonly secrets: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    /** Whether any value differs; null where that cannot be told. Values are never known here. */
    readonly valuesChanged: boolean | null;
  };
}

export interface ReleaseName {
  /** Null while it has none. */
  readonly revision: number | null;
  /** `repository@sha256:…` */
  readonly image: string;
  readonly commit: string | null;
}

/** `before` null: it was not there. `after` null: it is gone. */
export interface ConfigurationChange {
  readonly key: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface Numbered {
  readonly revision: number | null;
  readonly release: Omit<Release, "secretsHash"> & { readonly secretsHash: string | null };
}

export function changesBetween(before: Numbered | null, after: Numbered): Changes {
  const old = before?.release.runtime;
  const next = after.release.runtime;
  const oldNames = old?.secretNames ?? [];
  const known = before !== null && before.release.secretsHash !== null && after.release.secretsHash !== null;
  return {
    from: before === null ? null : nameOf(before),
    to: nameOf(after),
    configuration: old === undefined ? [] : differences(flat(old), flat(next)),
    secrets: {
      added: next.secretNames.filter((name) => !oldNames.includes(name)),
      removed: oldNames.filter((name) => !next.secretNames.includes(name)),
      valuesChanged: known ? before.release.secretsHash !== after.release.secretsHash : null,
    },
  };
}

function nameOf({ revision, release }: Numbered): ReleaseName {
  return { revision, image: release.image, commit: release.commit };
}

function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly ConfigurationChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .sort()
    .map((key) => ({
      key,
      before: shown(key, before.get(key) ?? null),
      after: shown(key, after.get(key) ?? null),
    }));
}

/** Plain variables are no secrets by the configuration's own words, and are sometimes made to hold one. */
const SOUNDS_SECRET = /pass|secret|token|key|credential|auth|dsn|private/i;

function shown(key: string, value: string | null): string | null {
  if (value === null || !key.startsWith("container.env.")) return value;
  return SOUNDS_SECRET.test(key) || /:\/\/[^/@\s]+@/.test(value) ? "(hidden)" : value;
}

/** Leaves by their dotted path, in the words of evenkeel.yaml; lists as one value. Secrets are told apart from here. */
function flat({
  secretNames: _,
  health,
  bake,
  preDeploy,
  hotMs,
  ...container
}: RuntimeSpec): Map<string, string> {
  const written = { container, health, bake, preDeploy, keep: { hotMs } };
  return new Map(leavesOf(written, "").map(([key, value]) => inFileWords(key, value)));
}

function leavesOf(value: object, path: string): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    const key = path === "" ? name : `${path}.${name}`;
    if (inner === null || inner === undefined) return [];
    return typeof inner === "object" && !Array.isArray(inner) ? leavesOf(inner, key) : [[key, inner]];
  });
}

function inFileWords(key: string, value: unknown): [string, string] {
  // A variable may be called anything.
  if (typeof value === "number" && /[a-z]Ms$/.test(key)) return [key.slice(0, -2), formatDuration(value)];
  if (typeof value === "number" && key === "container.memoryBytes")
    return ["container.memory", value % MIB === 0 ? `${value / MIB}MiB` : `${value} bytes`];
  return [key, typeof value === "string" ? value : JSON.stringify(value)];
}

const MIB = 1024 ** 2;
