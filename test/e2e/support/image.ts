import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
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
  return remade(lab, tag, ({ image, layers }) => {
    const labelled = labels === undefined ? image.config : { ...image.config, Labels: labels };
    return { image: { ...image, ...differs, config: labelled }, layers };
  });
}

/** Another image with a layer of its own, of so many bytes, that no host has yet. */
export async function imageWithLayer(lab: Lab, tag: string, bytes: number): Promise<string> {
  const tar = tarOf(randomBytes(bytes));
  return remade(lab, tag, async ({ image, layers }, registry) => {
    const blob = gzipSync(tar);
    const layer = { ...layers[0], digest: await upload(registry, blob), size: blob.length };
    const rootfs = { ...image.rootfs, diff_ids: [...image.rootfs.diff_ids, digestOf(tar)] };
    return { image: { ...image, rootfs }, layers: [...layers, layer] };
  });
}

async function remade(
  lab: Lab,
  tag: string,
  remake: (original: Parts, registry: string) => Parts | Promise<Parts>,
): Promise<string> {
  const { repository, reference } = await appImage(lab);
  const registry = `http://${lab.registry}/v2/${name}`;
  const manifest = (await read(`${registry}/manifests/${reference.split("@")[1]}`)) as Manifest;
  const image = (await read(`${registry}/blobs/${manifest.config.digest}`)) as Parts["image"];
  const parts = await remake({ image, layers: manifest.layers }, registry);
  const blob = Buffer.from(JSON.stringify(parts.image));
  const digest = await upload(registry, blob);
  const put = await fetch(`${registry}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": manifest.mediaType },
    body: JSON.stringify({
      ...manifest,
      config: { ...manifest.config, digest, size: blob.length },
      layers: parts.layers,
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
  readonly layers: readonly object[];
}

interface Parts {
  /** What the registry calls the image's configuration. */
  readonly image: {
    readonly config: object;
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
  readonly layers: readonly object[];
}

async function read(address: string): Promise<unknown> {
  return (await fetch(address, { headers: { accept: `${manifests}, */*` } })).json();
}

async function upload(registry: string, blob: Buffer): Promise<string> {
  const digest = digestOf(blob);
  const begun = await fetch(`${registry}/blobs/uploads/`, { method: "POST" });
  const place = new URL(begun.headers.get("location") ?? "", registry);
  place.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream" };
  const put = await fetch(place, { method: "PUT", headers, body: new Uint8Array(blob) });
  if (!put.ok) throw new Error(`the registry refused the blob: ${await put.text()}`);
  return digest;
}

/** An archive with one file of these bytes (POSIX.1-1988, ustar). */
function tarOf(bytes: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  header.write("ballast", 0);
  header.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100);
  header.write(`${octal(bytes.length, 11)}\0${octal(0, 11)}\0${" ".repeat(8)}0`, 124);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc(1024 + ((512 - (bytes.length % 512)) % 512))]);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function hashOf(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\n");
  return hash.digest("hex").slice(0, 12);
}
