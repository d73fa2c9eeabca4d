import { expect, it } from "vitest";
import type { TestConfig } from "../../../src/config/config.js";
import { runTests } from "../../../src/pipeline/test-gate/gate.js";
import { type FakeEngine, fakeEngine, folderOf } from "../support/fake-engine.js";

const config: TestConfig = {
  command: ["sh", "-c", "npm test"],
  image: "node:24",
  timeoutMs: 60_000,
  silenceMs: 60_000,
  env: {},
};

interface Image {
  readonly npm: boolean;
  readonly ended?: { readonly exitCode: number; readonly stdout: string; readonly stderr: string };
}

/** An engine in which the test command ends so; where nothing is said, it passes. */
function engineOf({ npm, ended }: Image): FakeEngine {
  const engine = fakeEngine({
    imageRef: async () => "docker.io/library/node:24@sha256:1",
    digest: async () => "xxh3:1",
    stdout: async () => (npm ? "/usr/local/bin/npm\n" : ""),
    stderr: async () => "evenkeel: ended: 1 s\n",
    sync: async () => {
      const supervised = engine.calls.some(([name]) => name === "withMountedFile");
      if (supervised && ended !== undefined) throw Object.assign(new Error("exit code"), ended);
      return engine.container;
    },
  });
  return engine;
}

const run = (engine: FakeEngine, files: Readonly<Record<string, string>>, hasDockerfile: boolean) =>
  runTests(engine.client, { folder: folderOf(files), hasDockerfile }, config);

const dependencies = JSON.stringify({ dependencies: { ms: "2" } });
const yarn4 = { "package.json": dependencies, "yarn.lock": "__metadata:\n  version: 8\n" };
const bun = { "package.json": dependencies, "bun.lock": "{}" };
const unlocked = { "package.json": dependencies };
const unreadable = [
  ["Yarn 2 or later", yarn4],
  ["Bun", bun],
  ["no lockfile", unlocked],
] as const;

it.each(unreadable)("%s: is refused before the tests, with the way out", async (words, files) => {
  const refused = run(engineOf({ npm: true }), files, false);
  await expect(refused).rejects.toMatchObject({
    code: "build-failed",
    detail: expect.stringContaining(words),
    next: expect.stringContaining("Build with a Dockerfile"),
  });
});

it.each(unreadable)(
  "%s: is left to the test command where a Dockerfile makes the image",
  async (_, files) => {
    const engine = engineOf({ npm: true });
    expect(await run(engine, files, true)).toMatchObject({ verdict: "passed" });
    expect(engine.calls.map(([name]) => name)).not.toContain("withMountedCache");
  },
);

it.each(unreadable)("%s: is nobody's concern in an image without npm", async (_, files) => {
  expect(await run(engineOf({ npm: false }), files, false)).toMatchObject({ verdict: "passed" });
});

it("says that nothing was installed when tests fail that should have done so", async () => {
  const ended = { exitCode: 127, stdout: "sh: 1: jest: not found\n", stderr: "evenkeel: ended: 0 s\n" };
  await expect(run(engineOf({ npm: true, ended }), yarn4, true)).rejects.toMatchObject({
    code: "test-failed",
    detail: expect.stringMatching(/jest: not found\nNothing was installed before it: yarn\.lock belongs to/),
  });
});

it("shows why the command could not be started, which is not its own doing", async () => {
  const stderr = "mkdir: /tmp: Read-only file system\nevenkeel: no place for a temporary file in /tmp\n";
  const failed = run(engineOf({ npm: true, ended: { exitCode: 125, stdout: "", stderr } }), {}, false);
  await expect(failed).rejects.toMatchObject({
    code: "test-failed",
    detail:
      "npm test was not started:\n  mkdir: /tmp: Read-only file system\n  evenkeel: no place for a temporary file in /tmp",
  });
});

it("takes the same exit code of the command itself for what it is", async () => {
  const ended = { exitCode: 125, stdout: "", stderr: "evenkeel: ended: 2 s\n" };
  await expect(run(engineOf({ npm: true, ended }), {}, false)).rejects.toMatchObject({
    detail: "npm test failed with exit code 125 after 2 s.\nIt printed nothing.",
  });
});

it("says which image cannot be had", async () => {
  const engine = fakeEngine({ imageRef: async () => Promise.reject(new Error("not found")) });
  await expect(run(engine, {}, false)).rejects.toMatchObject({
    code: "image-missing",
    detail: expect.stringContaining("node:24"),
  });
});
