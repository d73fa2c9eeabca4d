/** What a registry knows of the image that is to be deployed, and the tag `latest` after a promotion. */
import type { Access } from "./access.js";
import { IMAGE_LABELS, TESTS_PASSED } from "./config/image-labels.js";
import type { RegistryOptions } from "./effects/registry/conversation.js";
import { copyTag, resolveImage } from "./effects/registry.js";
import { EvenkeelError } from "./errors.js";

export interface ImageFacts {
  readonly commit: string | null;
  /** ISO 8601; null where the image does not tell, or was not made by evenkeel and may tell something else. */
  readonly committedAt: string | null;
  readonly tested: boolean;
  /** Compressed. */
  readonly sizeBytes: number;
  /** Null for an image of several architectures: the host takes its own. */
  readonly architecture: string | null;
}

/**
 * Looks an image up by its digest.
 *
 * @throws EvenkeelError `usage` for anything but `repository@sha256:…` of the environment's own repository;
 *   `untested-image` for an image without the record that its tests passed, unless that is allowed.
 */
export async function lookUpImage(
  access: Access,
  image: string,
  { untested = false, signal }: { readonly untested?: boolean; readonly signal?: AbortSignal } = {},
): Promise<ImageFacts> {
  splitImage(access, image);
  const found = await resolveImage(image, registryOptions(access, signal));
  const tested = found.labels[IMAGE_LABELS.tested] === TESTS_PASSED;
  if (!tested && !untested) {
    throw new EvenkeelError(
      "untested-image",
      `${image} has no record that its tests passed (label ${IMAGE_LABELS.tested}).`,
    );
  }
  const commit = found.labels[IMAGE_LABELS.revision] ?? "";
  const created = found.labels[IMAGE_LABELS.inputs] === undefined ? "" : found.labels[IMAGE_LABELS.created];
  return {
    committedAt: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(created ?? "") ? (created ?? null) : null,
    // What an image says of itself goes into the ledger and onto screens, so only what can name a commit.
    commit: /^[\w.-]{1,128}$/.test(commit) ? commit : null,
    tested,
    sizeBytes: found.sizeBytes,
    architecture: found.architectures.length === 1 ? (found.architectures[0] ?? null) : null,
  };
}

/** Lets `latest` name what was promoted, by the manifest's own bytes. */
export async function moveLatest(access: Access, image: string, signal?: AbortSignal): Promise<void> {
  const { repository, digest } = splitImage(access, image);
  await copyTag(repository, digest, "latest", registryOptions(access, signal));
}

function splitImage(access: Access, image: string): { readonly repository: string; readonly digest: string } {
  const match = /^(.+)@(sha256:[0-9a-f]{64})$/.exec(image);
  const [, repository, digest] = match ?? [];
  if (repository === undefined || digest === undefined) {
    throw new EvenkeelError("usage", `The image ${JSON.stringify(image)} is not named by its digest.`, {
      why: "A tag may name another image tomorrow, so only a digest says what is deployed.",
      next: "Give it as `publish` returns it: `--image=repository@sha256:…`.",
    });
  }
  const named = repository.replace(/:[^/]*$/, "");
  if (named !== access.environment.image) {
    throw new EvenkeelError(
      "usage",
      `The image ${named} is not this app's, which is ${access.environment.image}.`,
      {
        why: "An environment is deployed from its own repository only.",
        next: "Give an image of that repository, or change `image` in evenkeel.yaml.",
      },
    );
  }
  return { repository: named, digest };
}

function registryOptions(access: Access, signal: AbortSignal | undefined): RegistryOptions {
  const username = access.registryUsername;
  const password = access.registryPassword;
  return {
    // As Docker and the engine do where they are told so: a registry at a private address may speak plain HTTP.
    plainHttpAtPrivateAddresses: true,
    ...(signal === undefined ? {} : { signal }),
    ...(username === null || password === null ? {} : { login: { username, password } }),
  };
}
