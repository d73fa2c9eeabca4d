import { isoTime } from "../image/labels.js";

/**
 * The engine writes into an image's configuration when it made, or first pulled, each of its layers, so that
 * no two engines make the same image of the same files. Here these times become the commit's, and the notes
 * about how the engine made a layer are left out.
 */
export function sealConfig(config: string, createdSeconds: number | null): string {
  const image = JSON.parse(config) as { history?: readonly { readonly empty_layer?: boolean }[] };
  const created = isoTime(createdSeconds ?? 0);
  const history = (image.history ?? []).map(({ empty_layer }) => ({
    created,
    created_by: "evenkeel",
    ...(empty_layer === true ? { empty_layer } : {}),
  }));
  return JSON.stringify(sorted({ ...image, created, history }));
}

/** The manifest with another configuration in it. */
export function sealManifest(
  manifest: string,
  config: { readonly digest: string; readonly size: number },
): string {
  const image = JSON.parse(manifest) as { readonly config: object };
  return JSON.stringify({ ...image, config: { ...image.config, ...config } });
}

// The order of keys, and of labels among themselves, would else be the engine's.
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
