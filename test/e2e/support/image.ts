import { fileURLToPath } from "node:url";
import type { Lab } from "../../../ci/lab/lab.js";

export interface AppImage {
  readonly repository: string;
  /** `repository@sha256:…` */
  readonly reference: string;
}

/** What is asked of a registry for an image's digest. */
const MANIFESTS =
  "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

const built = new Map<string, Promise<AppImage>>();

/** The tests' app in the lab's registry; each variant has a digest of its own. */
export function appImage(lab: Lab, variant = "plain"): Promise<AppImage> {
  const known = built.get(variant) ?? buildImage(lab, variant);
  built.set(variant, known);
  return known;
}

async function buildImage(lab: Lab, variant: string): Promise<AppImage> {
  const folder = fileURLToPath(new URL("./app", import.meta.url));
  const name = `evenkeel-lab-e2e-shop:${variant}`;
  await lab.docker("build", "--quiet", "--tag", name, "--label", `variant=${variant}`, folder);
  await lab.pushImage(name, `e2e/shop:${variant}`);
  const repository = `${lab.registry}/e2e/shop`;
  return { repository, reference: `${repository}@${await digestOf(lab, "e2e/shop", variant)}` };
}

async function digestOf(lab: Lab, repository: string, tag: string): Promise<string> {
  const address = `http://${lab.registry}/v2/${repository}/manifests/${tag}`;
  const answer = await fetch(address, { method: "HEAD", headers: { accept: MANIFESTS } });
  const digest = answer.headers.get("docker-content-digest");
  if (digest === null) throw new Error(`${address} answered ${answer.status}, without a digest`);
  return digest;
}

/** The same image, saying in its own configuration that it is for another processor. */
export async function imageForAnotherProcessor(lab: Lab): Promise<string> {
  const { repository, reference } = await appImage(lab);
  const registry = `http://${lab.registry}/v2/e2e/shop`;
  const manifest = (await (
    await fetch(`${registry}/manifests/${reference.split("@")[1]}`, { headers: { accept: MANIFESTS } })
  ).json()) as { mediaType: string; config: { digest: string; size: number } };
  const config = (await (await fetch(`${registry}/blobs/${manifest.config.digest}`)).json()) as object;

  const blob = JSON.stringify({ ...config, architecture: "arm64" });
  const digest = await upload(registry, blob);
  const body = JSON.stringify({
    ...manifest,
    config: { ...manifest.config, digest, size: Buffer.byteLength(blob) },
  });
  const put = await fetch(`${registry}/manifests/arm64`, {
    method: "PUT",
    headers: { "content-type": manifest.mediaType },
    body,
  });
  if (!put.ok) throw new Error(`the registry refused the manifest: ${await put.text()}`);
  return `${repository}@${put.headers.get("docker-content-digest")}`;
}

async function upload(registry: string, blob: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(blob));
  const digest = `sha256:${Buffer.from(bytes).toString("hex")}`;
  const begun = await fetch(`${registry}/blobs/uploads/`, { method: "POST" });
  const place = new URL(begun.headers.get("location") ?? "", registry);
  place.searchParams.set("digest", digest);
  const put = await fetch(place, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: blob,
  });
  if (!put.ok) throw new Error(`the registry refused the blob: ${await put.text()}`);
  return digest;
}
