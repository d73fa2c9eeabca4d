import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** The command line as a process of its own, as far as it gets without a host. */
const root = resolve(import.meta.dirname, "../..");
const node = ["--import", "tsx", join(root, "cli/main.ts")];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-cli-"));
  writeFileSync(
    join(folder, "evenkeel.yaml"),
    "app: shop\nimage: registry.example.com/shop\nenvironments:\n  production: { host: 127.0.0.1, port: 9, user: deploy }\n",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, ...args], {
    // Where its packages are found, whatever folder it works in.
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, SSH_AUTH_SOCK: "", HOME: folder },
  });
  return { status, stdout, stderr };
}

describe("evenkeel", () => {
  it("prints its version and its help as a result", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(run("--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
    expect(run("help")).toMatchObject({ status: 0, stdout: expect.stringContaining("usage: npx evenkeel") });
    expect(run("help", "deploy")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("--image=IMAGE"),
    });
  });

  it("says what it did not understand on the other stream, and fails", () => {
    const { status, stdout, stderr } = run("statsu");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(
      /did you mean status\?\nWhy: .*\nNext: See `npx evenkeel help`\.\nCode: usage\n$/s,
    );
  });

  it("fails with the reason where there is no configuration, no such environment or no host", () => {
    const config = `--config=${join(folder, "evenkeel.yaml")}`;
    expect(run("status", "--config=none.yaml")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("Code: config-missing"),
    });
    expect(run("host-key", config, "--environment=staging")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('There is no environment "staging"'),
    });
    expect(run("host-key", config)).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringContaining("Code: ssh-unreachable"),
    });
    expect(run("status", config)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("No SSH key was given"),
    });
  });
});

describe("a signal", () => {
  let silent: Server;
  let port: number;
  beforeAll(async () => {
    // Whoever connects is never answered.
    silent = createServer(() => {});
    await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
    port = (silent.address() as { port: number }).port;
    writeFileSync(
      join(folder, "silent.yaml"),
      `app: shop\nimage: registry.example.com/shop\nenvironments:\n  production: { host: 127.0.0.1, port: ${port}, user: deploy }\n`,
    );
  });
  afterAll(() => silent.close());

  async function interrupted(signals: readonly NodeJS.Signals[], ...args: readonly string[]) {
    const connected = new Promise((done) => silent.once("connection", done));
    const child = spawn(process.execPath, [...node, ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, SSH_AUTH_SOCK: "" },
    });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise<number | null>((done) => child.on("close", done));
    await connected;
    for (const signal of signals) child.kill(signal);
    return { code: await ended, stderr };
  }

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s stops it, says what became of it, and is its exit code", async (signal, code) => {
    const outcome = await interrupted([signal], "host-key", `--config=${join(folder, "silent.yaml")}`);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toMatch(/Stopped before anything was changed\.[\s\S]*Code: stopped\n$/);
  });
});
