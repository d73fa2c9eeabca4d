import { setTimeout as sleep } from "node:timers/promises";
import type { Container, Secret } from "@dagger.io/dagger";
import { EvenkeelError } from "../../errors.js";
import { engineWords } from "../engine-error.js";
import type { Provenance } from "../image/labels.js";
import type { Registry, RegistryLogin } from "./registry.js";
import { decideReuse } from "./reuse.js";

/** Where an image goes. */
export interface Destination {
  /** Without a tag. */
  readonly repository: string;
  readonly registry: Registry;
  readonly login: RegistryLogin<Secret> | null;
}

/** What tells one published image from another. */
export type Inputs = Pick<Provenance, "revision" | "build">;

/**
 * The image that was published for these inputs before, as `repository@sha256:…`; null when there is none.
 *
 * @throws EvenkeelError `publish-conflict` when the tag names another image, and what the registry throws
 */
export async function findPublished(destination: Destination, inputs: Inputs): Promise<string | null> {
  const { repository, registry } = destination;
  const name = `${repository}:${inputs.revision}`;
  const reuse = decideReuse(await registry.find(name), inputs);
  if (reuse.verdict === "absent") return null;
  if (reuse.verdict === "same") return `${repository}@${reuse.digest}`;
  throw new EvenkeelError("publish-conflict", `${name} is ${reuse.digest} already, and ${reuse.reason}.`);
}

/**
 * Publishes an image under its revision, once: pushed by its digest first, then given its tag in one write.
 *
 * @returns `repository@sha256:…`
 * @throws EvenkeelError `publish-failed`, `publish-conflict`, and what the registry throws
 */
export async function publishImage(
  container: Container,
  destination: Destination,
  provenance: Provenance,
): Promise<string> {
  const { repository, registry } = destination;
  const pushed = await push(container, destination);
  const bare = pushed.slice(pushed.indexOf("@") + 1);
  const digest = await registry.seal(repository, bare, provenance.committedSeconds);
  // Another job may have published the same commit meanwhile; a Dockerfile's build need not be reproducible. No
  // registry can compare and write in one step, so this is looked at last.
  const meanwhile = await findPublished(destination, provenance);
  if (meanwhile !== null) return meanwhile;
  await registry.tag(repository, digest, provenance.revision);
  return `${repository}@${digest}`;
}

// A name with a digest makes the engine push without a tag; which digest is its own to say.
const ANY_DIGEST = `sha256:${"0".repeat(64)}`;
const PAUSES_MS = [1_000, 3_000, 9_000];

async function push(container: Container, { repository, login }: Destination): Promise<string> {
  const image =
    login === null ? container : container.withRegistryAuth(repository, login.username, login.password);
  for (const pauseMs of [...PAUSES_MS, null]) {
    try {
      return await image.publish(`${repository}@${ANY_DIGEST}`);
    } catch (cause) {
      const words = engineWords(cause);
      if (pauseMs === null || !isPassing(words))
        throw new EvenkeelError(
          "publish-failed",
          `The image could not be pushed to ${repository}: ${words}.`,
          { cause },
        );
      await sleep(pauseMs);
    }
  }
  throw new EvenkeelError("bug", "The push neither ended nor failed.");
}

/** Whether a registry's answer, in the engine's words, is of the kind that passes: 429, 5xx, a lost connection. */
export function isPassing(words: string): boolean {
  return (
    /\b(429|50[0-4]|too many requests|toomanyrequests|internal server error|bad gateway|service unavailable|gateway timeout)\b/i.test(
      words,
    ) || /connection re(set|fused)|i\/o timeout|unexpected EOF|TLS handshake timeout/i.test(words)
  );
}
