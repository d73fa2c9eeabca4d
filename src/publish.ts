/** Joins the pipeline with the registry: what is published where, and under which login. */
import type { Secret } from "@dagger.io/dagger";
import { SecretText } from "./config/secret-text.js";
import {
  type Conversation,
  converse,
  digestOf,
  type RegistryOptions,
} from "./effects/registry/conversation.js";
import { MANIFEST_TYPES, readManifest } from "./effects/registry/manifest.js";
import { type ImageReference, parseReference } from "./effects/registry/reference.js";
import { copyTag, findImage } from "./effects/registry.js";
import { EvenkeelError } from "./errors.js";
import type { Destination } from "./pipeline/publish/publish.js";
import type { Registry } from "./pipeline/publish/registry.js";
import { sealConfig, sealManifest } from "./pipeline/publish/seal.js";

/** A user of the registry that images are published to. */
export interface PublishLogin {
  readonly username: string;
  readonly password: Secret;
}

/** Where the images of a repository are published. */
export async function destinationOf(repository: string, login: PublishLogin | null): Promise<Destination> {
  return { repository, login, registry: registryWith(await optionsFor(login)) };
}

async function optionsFor(login: PublishLogin | null): Promise<RegistryOptions> {
  // As the engine does where it is told so: a registry at a private address may speak plain HTTP.
  const options = { plainHttpAtPrivateAddresses: true };
  if (login === null) return options;
  return {
    ...options,
    login: { username: login.username, password: new SecretText(await login.password.plaintext()) },
  };
}

function registryWith(options: RegistryOptions): Registry {
  return {
    find: (name) => findImage(name, options),
    seal: (repository, digest, createdSeconds) => {
      const image = parseReference(`${repository}@${digest}`);
      return converse(image, "pull,push", options, (conversation) =>
        seal(conversation, image, digest, createdSeconds),
      );
    },
    tag: (repository, digest, tag) => copyTag(repository, digest, tag, options),
  };
}

async function seal(
  { ask }: Conversation,
  image: ImageReference,
  digest: string,
  createdSeconds: number | null,
): Promise<string> {
  const pushed = await ask({ method: "GET", path: `manifests/${digest}`, accept: MANIFEST_TYPES.join(", ") });
  if (pushed.status !== 200) throw refused(image, "return the image that was just pushed", pushed.status);
  const { config } = readManifest(pushed.body);
  const written = await ask({ method: "GET", path: `blobs/${config.digest}` });
  if (written.status !== 200) throw refused(image, "return the configuration of the image", written.status);

  const sealed = Buffer.from(sealConfig(written.body.toString("utf8"), createdSeconds));
  const sealedDigest = digestOf(sealed);
  const place = await ask({
    method: "POST",
    path: "blobs/uploads/",
    content: { type: OCTETS, bytes: Buffer.alloc(0) },
  });
  const location = place.headers.location;
  if (place.status !== 202 || typeof location !== "string")
    throw refused(image, "open an upload", place.status);
  const path = `${location}${location.includes("?") ? "&" : "?"}digest=${encodeURIComponent(sealedDigest)}`;
  const uploaded = await ask({ method: "PUT", path, content: { type: OCTETS, bytes: sealed } });
  if (uploaded.status !== 201) throw refused(image, "take the configuration of the image", uploaded.status);

  const manifest = Buffer.from(
    sealManifest(pushed.body.toString("utf8"), { digest: sealedDigest, size: sealed.length }),
  );
  const type = String(pushed.headers["content-type"] ?? MANIFEST_TYPES[0]);
  const sealedAs = digestOf(manifest);
  const put = await ask({
    method: "PUT",
    path: `manifests/${sealedAs}`,
    content: { type, bytes: manifest },
  });
  if (put.status < 200 || put.status > 299)
    throw refused(image, "take the manifest of the image", put.status);
  return sealedAs;
}

const OCTETS = "application/octet-stream";

function refused(image: ImageReference, what: string, status: number): EvenkeelError {
  return new EvenkeelError(
    "publish-failed",
    `${image.registry} did not ${what} (${image.repository}, answer ${status}).`,
  );
}
