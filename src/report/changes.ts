import type { Release } from "../core/model.js";

/** What a release differs in from the one that served before it. */
export interface Changes {
  /** Null for a first release. */
  readonly from: ReleaseName | null;
  readonly to: ReleaseName;
  /** Keys of the configuration that differ, dotted, in alphabetical order. */
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
  if (value === null) return null;
  if (!key.startsWith("env.")) return value;
  return SOUNDS_SECRET.test(key) || /:\/\/[^/@\s]+@/.test(value) ? "(hidden)" : value;
}

/** Leaves by their dotted path; lists as one value. The names of the secrets are told apart from here. */
function flat(value: object, path = ""): Map<string, string> {
  const leaves = new Map<string, string>();
  for (const [name, inner] of Object.entries(value)) {
    if (path === "" && name === "secretNames") continue;
    const key = path === "" ? name : `${path}.${name}`;
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner))
      for (const [at, text] of flat(inner, key)) leaves.set(at, text);
    else if (inner !== null) leaves.set(key, typeof inner === "string" ? inner : JSON.stringify(inner));
  }
  return leaves;
}
