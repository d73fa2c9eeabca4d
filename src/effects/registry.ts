import { EvenkeelError } from "../errors.js";
import { type Conversation, converse, digestOf, type RegistryOptions } from "./registry/conversation.js";
import {
  type Descriptor,
  INDEX_TYPES,
  isIndex,
  MANIFEST_TYPES,
  readConfig,
  readIndex,
  readManifest,
} from "./registry/manifest.js";
import { type ImageReference, parseReference } from "./registry/reference.js";

/** What a registry says about an image, without pulling it. */
export interface ResolvedImage {
  /** `sha256:…` of the manifest, or of the index where there are several architectures. */
  readonly digest: string;
  readonly mediaType: string;
  /** In Docker's words: `amd64`, `arm64`, `arm/v7`. */
  readonly architectures: readonly string[];
  /** Of the image for the architecture asked for, or of the first one. */
  readonly labels: Readonly<Record<string, string>>;
  /** Compressed, as it is transferred; of the same architecture. */
  readonly sizeBytes: number;
}

export interface ResolveOptions extends RegistryOptions {
  /** Which of several architectures `labels` and `sizeBytes` are read from, where it is there. */
  readonly architecture?: string;
}

/**
 * Looks an image up by tag or digest.
 *
 * @throws EvenkeelError `image-missing`, `registry-denied`, `registry-unreachable`, or `usage` for a name
 *   that is none.
 */
export async function resolveImage(name: string, options: ResolveOptions = {}): Promise<ResolvedImage> {
  const found = await findImage(name, options);
  if (found !== null) return found;
  throw new EvenkeelError("image-missing", `The registry has no image ${name}.`);
}

/** As `resolveImage`, with null for an image that is not there. */
export async function findImage(name: string, options: ResolveOptions = {}): Promise<ResolvedImage | null> {
  const image = parseReference(name);
  return converse(image, "pull", options, async (conversation) => {
    const top = await fetchManifest(conversation, image, image.digest ?? image.tag ?? "latest");
    if (top === null) return null;
    if (!isIndex(top.mediaType)) {
      const facts = await readPlatform(conversation, image, top.bytes);
      return { digest: top.digest, mediaType: top.mediaType, ...facts, architectures: [facts.architecture] };
    }
    const entries = readIndex(top.bytes);
    const chosen = entries.find((entry) => entry.architecture === options.architecture) ?? entries[0];
    if (chosen === undefined)
      throw new EvenkeelError("image-missing", `${name} is an index without any image.`);
    const platform = await fetchManifest(conversation, image, chosen.digest);
    if (platform === null)
      throw new EvenkeelError("image-missing", `${name} names ${chosen.digest}, which is gone.`);
    const { labels, sizeBytes } = await readPlatform(conversation, image, platform.bytes);
    return {
      digest: top.digest,
      mediaType: top.mediaType,
      architectures: entries.map((entry) => entry.architecture),
      labels,
      sizeBytes,
    };
  });
}

/** Whether a tag, or digest, is there. */
export async function tagExists(name: string, options: RegistryOptions = {}): Promise<boolean> {
  const image = parseReference(name);
  const path = `manifests/${image.digest ?? image.tag ?? "latest"}`;
  return converse(image, "pull", options, async ({ ask }) => {
    const answer = await ask({ method: "HEAD", path, accept: ACCEPT });
    if (answer.status === 200) return true;
    if (answer.status === 404) return false;
    throw unexpected(image, answer.status);
  });
}

/**
 * Lets a tag name what a digest names, by writing the same bytes under it: nothing is built or pulled.
 *
 * @param repository without tag or digest.
 * @throws EvenkeelError as `resolveImage`, and `publish-failed` when the registry does not take it.
 */
export async function copyTag(
  repository: string,
  digest: string,
  tag: string,
  options: RegistryOptions = {},
): Promise<void> {
  const image = parseReference(`${repository}@${digest}`);
  await converse(image, "pull,push", options, async (conversation) => {
    const manifest = await fetchManifest(conversation, image, digest);
    if (manifest === null)
      throw new EvenkeelError("image-missing", `The registry has no ${repository}@${digest}.`);
    const answer = await conversation.ask({
      method: "PUT",
      path: `manifests/${tag}`,
      content: { type: manifest.mediaType, bytes: manifest.bytes },
    });
    if (answer.status < 200 || answer.status > 299) {
      throw new EvenkeelError(
        "publish-failed",
        `${image.registry} did not let the tag ${tag} of ${image.repository} be moved (answer ${answer.status}).`,
      );
    }
  });
}

interface FetchedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES].join(", ");

async function fetchManifest(
  { ask }: Conversation,
  image: ImageReference,
  reference: string,
): Promise<FetchedManifest | null> {
  const answer = await ask({ method: "GET", path: `manifests/${reference}`, accept: ACCEPT });
  if (answer.status === 404) return null;
  if (answer.status !== 200) throw unexpected(image, answer.status);
  const digest = digestOf(answer.body);
  const promised = reference.startsWith("sha256:") ? reference : answer.headers["docker-content-digest"];
  if (typeof promised === "string" && promised !== digest) throw damaged(image, promised, digest);
  const type =
    String(answer.headers["content-type"] ?? "")
      .split(";")[0]
      ?.trim() ?? "";
  return { digest, mediaType: type, bytes: answer.body };
}

async function readPlatform({ ask }: Conversation, image: ImageReference, manifest: Buffer) {
  const { config, layers } = readManifest(manifest);
  const answer = await ask({ method: "GET", path: `blobs/${config.digest}` });
  if (answer.status !== 200) throw unexpected(image, answer.status);
  if (digestOf(answer.body) !== config.digest) throw damaged(image, config.digest, digestOf(answer.body));
  return { ...readConfig(answer.body), sizeBytes: sum([config, ...layers]) };
}

function sum(descriptors: readonly Descriptor[]): number {
  return descriptors.reduce((total, { size }) => total + size, 0);
}

function unexpected(image: ImageReference, status: number): EvenkeelError {
  return new EvenkeelError(
    "registry-unreachable",
    `${image.registry} gave the unexpected answer ${status} about ${image.repository}.`,
  );
}

function damaged(image: ImageReference, promised: string, got: string): EvenkeelError {
  return new EvenkeelError(
    "registry-unreachable",
    `${image.registry} gave other bytes for ${image.repository} than ${promised} (they are ${got}).`,
    { why: "What a registry holds under a digest is damaged, or something on the way changes it." },
  );
}
