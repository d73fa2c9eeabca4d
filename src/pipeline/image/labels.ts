import { createHash } from "node:crypto";
import { canonicalJson } from "../../config/canonical.js";
import type { BuildConfig } from "../../config/config.js";
import { IMAGE_LABELS, TESTS_PASSED } from "../../config/image-labels.js";

/** What an image is made from: known before it is built. */
export interface Provenance {
  /** The commit, or `COMMIT-dirty-HASH`: also the image's tag. */
  readonly revision: string;
  /** When the commit was made, in seconds since 1970. */
  readonly committedSeconds: number | null;
  /** The repository's public address. */
  readonly sourceUrl: string | null;
  readonly build: BuildConfig;
}

/** An image that another one starts from. */
export interface BaseImage {
  /** As it was asked for, complete: `docker.io/library/node:24-bookworm-slim`. */
  readonly name: string;
  /** `sha256:…` */
  readonly digest: string;
}

const OCI = "org.opencontainers.image";

/** The labels of an image: the annotation keys of the OCI image specification, and evenkeel's own record. */
export function labelsOf(
  provenance: Provenance,
  base: BaseImage | null,
  tested: boolean,
): Readonly<Record<string, string>> {
  const { revision, committedSeconds, sourceUrl, build } = provenance;
  return {
    [IMAGE_LABELS.revision]: revision,
    ...(sourceUrl === null ? {} : { [`${OCI}.source`]: sourceUrl }),
    ...(committedSeconds === null ? {} : { [IMAGE_LABELS.created]: isoTime(committedSeconds) }),
    ...(base === null ? {} : { [`${OCI}.base.name`]: base.name, [`${OCI}.base.digest`]: base.digest }),
    [IMAGE_LABELS.inputs]: hashInputs(build),
    ...(tested ? { [IMAGE_LABELS.tested]: TESTS_PASSED } : {}),
  };
}

/**
 * SHA-256 over the configuration of the build: with the commit, what the image is made from. The digest of
 * the base image is no input: a job repeated after the base has moved must find its image, not a conflict.
 */
export function hashInputs(build: BuildConfig): string {
  return createHash("sha256").update(canonicalJson(build)).digest("hex");
}

/** `2026-11-23T14:56:26Z` */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

/**
 * The https address of a remote as git knows it, without user, password or `.git`; null for a path or a form
 * that is not known. In CI the remote's address often holds a token, and a label is public.
 */
export function publicSourceUrl(remote: string): string | null {
  const match =
    /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?([\w.-]+)(?::\d+)?\/(.+)$/.exec(remote) ??
    /^(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+):(?!\/)(.+)$/.exec(remote);
  const host = match?.[1];
  const path = match?.[2]?.replace(/\/$/, "").replace(/\.git$/, "");
  return host === undefined || path === undefined || /[?#\s]/.test(path) ? null : `https://${host}/${path}`;
}
