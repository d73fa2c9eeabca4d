import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { versions } from "../../../ci/lab/versions.js";

const script = resolve(import.meta.dirname, "../../../ci/action/dagger.sh");

let folder: string;
let server: Server;
let archive: Buffer;
let asked: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-dagger-"));
  asked = [];
  program("downloaded", "v0.21.8");
  execFileSync("tar", ["-czf", "archive", "--transform", "s/downloaded/dagger/", "downloaded"], {
    cwd: folder,
  });
  archive = readFileSync(join(folder, "archive"));
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end(archive);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
});
afterEach(async () => {
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true, force: true });
});

describe("a dagger on PATH", () => {
  it.each(["v0.21.8", "v0.21.11"])("is used when it is %s", async (version) => {
    program("dagger", version);
    expect(await find()).toMatchObject({ status: 0, path: join(folder, "dagger") });
    expect(asked).toEqual([]);
  });

  it.each(["v0.21.7", "v0.20.9", "v0.22.0", "v1.21.8", "what"])(
    "is not used when it is %s",
    async (version) => {
      program("dagger", version);
      const { path } = await find();
      expect(path).not.toBe(join(folder, "dagger"));
      expect(asked).not.toEqual([]);
    },
  );
});

describe("a version that is asked for", () => {
  it("is used from PATH when it is there", async () => {
    program("dagger", "v0.21.9");
    expect(await find({ version: "0.21.9" })).toMatchObject({ status: 0, path: join(folder, "dagger") });
    expect(asked).toEqual([]);
  });

  it("is downloaded when another one is there, newer or not", async () => {
    program("dagger", "v0.21.10");
    const { stderr } = await find({ version: "0.21.9" });
    expect(stderr).toContain("dagger on PATH is v0.21.10, not 0.21.9");
    expect(asked[0]).toMatch(/^\/0\.21\.9\//);
  });
});

describe("a downloaded dagger", () => {
  it("is used when its archive has the digest that is expected, and downloaded once", async () => {
    const ours = scriptFor(archive);
    const path = join(folder, "tools/evenkeel-dagger/v0.21.8/dagger");
    expect(await find({ path: ours })).toMatchObject({ status: 0, path });
    expect(execFileSync(path, ["version"], { encoding: "utf8" })).toContain("v0.21.8");
    expect(await find({ path: ours })).toMatchObject({ status: 0, path });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^\/0\.21\.8\/dagger_v0\.21\.8_linux_(amd64|arm64)\.tar\.gz$/);
  });

  it("is refused when its archive has another digest, and nothing of it stays", async () => {
    const { status, path, stderr } = await find();
    expect(status).toBe(1);
    expect(path).toBe("");
    expect(stderr).toMatch(/refuses .* its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}/);
    expect(existsSync(join(folder, "tools/evenkeel-dagger/v0.21.8/dagger"))).toBe(false);
  });

  it("of another version is compared with the checksum beside it", async () => {
    const archiveOf = (request: string) => (request.endsWith("checksums.txt") ? sums : archive);
    server.removeAllListeners("request");
    server.on("request", (request, response) => {
      asked.push(request.url ?? "");
      response.end(archiveOf(request.url ?? ""));
    });
    const digest = createHash("sha256").update(archive).digest("hex");
    const lines = ["amd64", "arm64"].map((cpu) => `${digest}  dagger_v0.21.9_linux_${cpu}.tar.gz\n`);
    let sums = lines.join("");
    const path = join(folder, "tools/evenkeel-dagger/v0.21.9/dagger");
    expect(await find({ version: "v0.21.9" })).toMatchObject({ status: 0, path });
    expect(asked.some((url) => url === "/0.21.9/checksums.txt")).toBe(true);

    sums = sums.replaceAll(digest, "0".repeat(64)).replaceAll("v0.21.9", "v0.21.10");
    expect(await find({ version: "0.21.10" })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/refuses .*0\.21\.10/),
    });
    sums = "<html>";
    expect(await find({ version: "0.21.11" })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("found no checksum of dagger_v0.21.11_linux_"),
    });
  });

  it("says what it could not download", async () => {
    const { status, stderr } = await find({ releases: "http://127.0.0.1:1" });
    expect(status).toBe(1);
    expect(stderr).toContain("could not download http://127.0.0.1:1/0.21.8/");
  });
});

it("is the version of the lab's engine and of dagger.json", () => {
  const module = JSON.parse(readFileSync(resolve(script, "../../../dagger.json"), "utf8"));
  expect(readFileSync(script, "utf8")).toContain(`readonly made_for=${versions.dagger.slice(1)}\n`);
  expect(module.engineVersion).toBe(versions.dagger);
});

function program(name: string, version: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\necho 'dagger ${version} (engine) linux/amd64'\n`);
  chmodSync(join(folder, name), 0o755);
}

/** The script with the digest of an archive of ours, because the real one is not here to be served. */
function scriptFor(content: Buffer): string {
  const digest = createHash("sha256").update(content).digest("hex");
  const path = join(folder, "dagger.sh");
  const text = readFileSync(script, "utf8").replace(/(sha256_(?:amd64|arm64))=[0-9a-f]{64}/g, `$1=${digest}`);
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

function find({
  path = script,
  releases = `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  version = "",
} = {}) {
  const child = spawn(path, version === "" ? [] : [version], {
    env: {
      // Without this machine's own dagger.
      PATH: `${folder}:/usr/bin:/bin`,
      HOME: folder,
      RUNNER_TOOL_CACHE: join(folder, "tools"),
      EVENKEEL_DAGGER_RELEASES: releases,
    },
  });
  const printed = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    printed.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    printed.stderr += chunk;
  });
  return new Promise<{ status: number | null; path: string; stderr: string }>((done) =>
    child.on("close", (status) => done({ status, path: printed.stdout.trim(), stderr: printed.stderr })),
  );
}
