import { gunzipSync } from "node:zlib";
import type { Lab } from "../../ci/lab/lab.js";

/** What the lab's registry is asked for, so that it names the digest of the manifest that it has. */
export const manifests =
  "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/** Pushes an image of the lab's Docker to `name:tag` in the lab's registry; `repository@sha256:…` of it there. */
export async function pushed(lab: Lab, image: string, nameAndTag: string): Promise<string> {
  const reference = await lab.pushImage(image, nameAndTag);
  const pinned = await byDigest(reference);
  if (pinned === null) throw new Error(`the registry does not have ${reference}, which was pushed just now`);
  return pinned;
}

/** `repository@sha256:…` of what a tag in the lab's registry names now; null where there is none. */
export async function byDigest(reference: string): Promise<string | null> {
  const [, registry, name, tag] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
  const address = `http://${registry}/v2/${name}/manifests/${tag}`;
  const answer = await fetch(address, { method: "HEAD", headers: { accept: manifests } });
  return answer.ok ? `${registry}/${name}@${answer.headers.get("docker-content-digest")}` : null;
}

export interface Manifest {
  readonly layers: readonly { readonly digest: string }[];
  readonly config: { readonly digest: string };
}

/** The manifest of `repository@sha256:…` in the lab's registry. */
export async function manifestOf(image: string): Promise<Manifest> {
  const url = addressOf(image, "manifests", image.split("@")[1] ?? "");
  return (await fetch(url, { headers: { accept: manifests } })).json() as Promise<Manifest>;
}

/** All that an image consists of: its layers, unpacked, and its configuration with the history. */
export async function contentsOf(image: string): Promise<readonly Buffer[]> {
  const { layers, config } = await manifestOf(image);
  return Promise.all(
    [...layers, config].map(async ({ digest }) => {
      const bytes = Buffer.from(await (await fetch(addressOf(image, "blobs", digest))).arrayBuffer());
      return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
    }),
  );
}

function addressOf(image: string, kind: "manifests" | "blobs", digest: string): string {
  const [registry = "", ...rest] = (image.split("@")[0] ?? "").split("/");
  return `http://${registry}/v2/${rest.join("/")}/${kind}/${digest}`;
}
