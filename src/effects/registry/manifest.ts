import { EvenkeelError } from "../../errors.js";

/** What one blob or manifest is, by its digest. */
export interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

export interface PlatformEntry extends Descriptor {
  readonly architecture: string;
}

export const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

export const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
] as const;

export function isIndex(mediaType: string): boolean {
  return INDEX_TYPES.some((type) => type === mediaType);
}

/** The Linux images of an index; attestations, which stand there as images of an unknown platform, are not. */
export function readIndex(bytes: Buffer): readonly PlatformEntry[] {
  return list(parse(bytes).manifests).flatMap((entry) => {
    const platform = record(entry.platform);
    if (platform.os !== "linux" || platform.architecture === "unknown") return [];
    return [{ ...descriptor(entry), architecture: architectureOf(platform) }];
  });
}

export function readManifest(bytes: Buffer): { config: Descriptor; layers: readonly Descriptor[] } {
  const manifest = parse(bytes);
  return { config: descriptor(record(manifest.config)), layers: list(manifest.layers).map(descriptor) };
}

export function readConfig(bytes: Buffer): { architecture: string; labels: Record<string, string> } {
  const config = parse(bytes);
  const labels = Object.entries(record(record(config.config).Labels));
  return {
    architecture: architectureOf(config),
    labels: Object.fromEntries(
      labels.filter((label): label is [string, string] => typeof label[1] === "string"),
    ),
  };
}

type Json = Readonly<Record<string, unknown>>;

function parse(bytes: Buffer): Json {
  try {
    return record(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw unreadable(cause);
  }
}

function descriptor(value: Json): Descriptor {
  const { digest, size } = value;
  if (typeof digest !== "string" || !/^sha256:[0-9a-f]{64}$/.test(digest)) throw unreadable();
  return { digest, size: typeof size === "number" && size > 0 ? size : 0 };
}

// The variant is told apart only where it matters: every arm64 is v8.
function architectureOf(platform: Json): string {
  const { architecture, variant } = platform;
  if (typeof architecture !== "string" || architecture === "") throw unreadable();
  return architecture === "arm" && typeof variant === "string" ? `${architecture}/${variant}` : architecture;
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function unreadable(cause?: unknown): EvenkeelError {
  return new EvenkeelError(
    "registry-unreachable",
    "The registry describes the image in a way that cannot be read.",
    {
      why: "It is no image for containers, or of a form older than 2016, or damaged.",
      cause,
    },
  );
}
