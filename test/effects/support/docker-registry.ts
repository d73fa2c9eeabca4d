import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./sshd.js";

const DOCKER_REGISTRY =
  ["/usr/bin/docker-registry", "/usr/local/bin/registry", "/usr/bin/registry"].find((path) =>
    existsSync(path),
  ) ?? null;

/** A real registry on a loopback port, plain HTTP. */
export interface TestRegistry {
  readonly host: string;
  readonly url: string;
  /** Uploads an image with these labels and returns its manifest's digest. */
  push(repository: string, tag: string | null, image: TestImage): Promise<string>;
  pushIndex(repository: string, tag: string, entries: readonly object[]): Promise<string>;
  stop(): Promise<void>;
}

export interface TestImage {
  readonly architecture?: string;
  readonly variant?: string;
  readonly labels?: Record<string, string>;
  readonly layers?: readonly string[];
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

export async function startRegistry(environment: Record<string, string> = {}): Promise<TestRegistry> {
  if (DOCKER_REGISTRY === null) throw new Error("no docker-registry on this machine");
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-registry-"));
  const port = await freePort();
  const config = join(folder, "config.yml");
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${folder}/data}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
  );
  const child = spawn(DOCKER_REGISTRY, ["serve", config], {
    stdio: "ignore",
    env: { ...process.env, ...environment },
  });
  const exited = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const host = `127.0.0.1:${port}`;
  const url = `http://${host}/v2/`;
  for (
    let tries = 0;
    !(await fetch(url).then(
      () => true,
      () => false,
    ));
    tries++
  ) {
    if (tries > 100 || child.exitCode !== null) throw new Error("docker-registry did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const blob = async (repository: string, bytes: Buffer) => {
    const digest = digestOf(bytes);
    const begun = await fetch(`${url}${repository}/blobs/uploads/`, { method: "POST" });
    const place = new URL(begun.headers.get("location") ?? "", url);
    place.searchParams.set("digest", digest);
    const done = await fetch(place, { method: "PUT", body: new Uint8Array(bytes) });
    if (done.status !== 201) throw new Error(`blob: ${done.status}`);
    return { digest, size: bytes.length };
  };
  const manifest = async (repository: string, tag: string | null, type: string, content: object) => {
    const bytes = Buffer.from(JSON.stringify(content));
    const digest = digestOf(bytes);
    const place = `${url}${repository}/manifests/${tag ?? digest}`;
    const done = await fetch(place, {
      method: "PUT",
      body: new Uint8Array(bytes),
      headers: { "content-type": type },
    });
    if (done.status !== 201) throw new Error(`manifest: ${done.status} ${await done.text()}`);
    return digest;
  };
  return {
    host,
    url,
    push: async (repository, tag, { architecture = "amd64", variant, labels = {}, layers = ["layer"] }) => {
      const config = {
        architecture,
        variant,
        os: "linux",
        config: { Labels: labels },
        rootfs: { type: "layers" },
      };
      const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
      return manifest(repository, tag, MANIFEST, {
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: {
          mediaType: "application/vnd.oci.image.config.v1+json",
          ...(await blob(repository, Buffer.from(JSON.stringify(config)))),
        },
        layers: await Promise.all(
          layers.map(async (text) => ({ mediaType, ...(await blob(repository, Buffer.from(text))) })),
        ),
      });
    },
    pushIndex: (repository, tag, manifests) =>
      manifest(repository, tag, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests }),
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
