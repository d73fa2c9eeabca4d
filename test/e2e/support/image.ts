import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Lab } from "../../../ci/lab/lab.js";
import { byDigest, manifests, pushed } from "../../support/lab-registry.js";

export interface AppImage {
  readonly repository: string;
  /** `repository@sha256:…` */
  readonly reference: string;
}

const folder = fileURLToPath(new URL("./app", import.meta.url));
const name = "e2e/shop";

/** The tests' app in the lab's registry; built and pushed where this very app is not there yet. */
export async function appImage(lab: Lab): Promise<AppImage> {
  const base = await lab.docker("image", "inspect", "-f", "{{.Id}}", lab.nodeImage).catch(() => "");
  const tag = `app-${hashOf(base, ...readdirSync(folder).map((file) => readFileSync(`${folder}/${file}`)))}`;
  const repository = `${lab.registry}/${name}`;
  const there = await byDigest(`${repository}:${tag}`);
  if (there !== null) return { repository, reference: there };

  const local = `evenkeel-lab-e2e-shop:${tag}`;
  await lab.docker("build", "--quiet", "--build-arg", `BASE=${lab.nodeImage}`, "--tag", local, folder);
  return { repository, reference: await pushed(lab, local, `${name}:${tag}`) };
}

/** Another image of the same layers, whose own configuration differs in this. */
export async function retouchedImage(
  lab: Lab,
  tag: string,
  { labels, ...differs }: { readonly labels?: object; readonly [member: string]: unknown },
): Promise<string> {
  const { repository, reference } = await appImage(lab);
  const registry = `http://${lab.registry}/v2/${name}`;
  const manifest = (await read(`${registry}/manifests/${reference.split("@")[1]}`)) as Manifest;
  const image = (await read(`${registry}/blobs/${manifest.config.digest}`)) as Configuration;
  const labelled = labels === undefined ? image.config : { ...image.config, Labels: labels };
  const blob = JSON.stringify({ ...image, ...differs, config: labelled });
  const digest = await upload(registry, blob);
  const put = await fetch(`${registry}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": manifest.mediaType },
    body: JSON.stringify({
      ...manifest,
      config: { ...manifest.config, digest, size: Buffer.byteLength(blob) },
    }),
  });
  if (!put.ok) throw new Error(`the registry refused the manifest: ${await put.text()}`);
  return `${repository}@${put.headers.get("docker-content-digest")}`;
}

/** Takes an image out of the registry. */
export async function forgetImage(lab: Lab, reference: string): Promise<void> {
  const digest = reference.split("@")[1];
  const gone = await fetch(`http://${lab.registry}/v2/${name}/manifests/${digest}`, { method: "DELETE" });
  if (!gone.ok) throw new Error(`the registry keeps ${reference}: ${await gone.text()}`);
}

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string };
}

interface Configuration {
  readonly config: object;
}

async function read(address: string): Promise<unknown> {
  return (await fetch(address, { headers: { accept: `${manifests}, */*` } })).json();
}

async function upload(registry: string, blob: string): Promise<string> {
  const digest = `sha256:${createHash("sha256").update(blob).digest("hex")}`;
  const begun = await fetch(`${registry}/blobs/uploads/`, { method: "POST" });
  const place = new URL(begun.headers.get("location") ?? "", registry);
  place.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream" };
  const put = await fetch(place, { method: "PUT", headers, body: blob });
  if (!put.ok) throw new Error(`the registry refused the blob: ${await put.text()}`);
  return digest;
}

function hashOf(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\n");
  return hash.digest("hex").slice(0, 12);
}
