import { createHash } from "node:crypto";

/**
 * JSON with the keys of every object sorted by code unit, without spaces: equal data give equal text,
 * whatever order it was written in. Throws a TypeError for what JSON cannot say (undefined, NaN, functions),
 * because two configurations that differ there would hash alike.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  const text = typeof value === "number" && !Number.isFinite(value) ? undefined : JSON.stringify(value);
  if (text === undefined) throw new TypeError(`no canonical JSON for ${String(value)}`);
  return text;
}

/** SHA-256, in lower-case hexadecimal, over the canonical JSON of a release's configuration. */
export function hashConfig(runtime: object): string {
  return createHash("sha256").update(canonicalJson(runtime)).digest("hex");
}
