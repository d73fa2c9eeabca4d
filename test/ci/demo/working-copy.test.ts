import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  diesLater,
  failsLater,
  neverClosed,
  nextVersion,
  slogan,
  unhealthy,
} from "../../../ci/demo/changes.js";
import { createWorkingCopy, type WorkingCopy } from "../../../ci/demo/working-copy.js";
import { loadConfig } from "../../../src/index.js";

const example = join(import.meta.dirname, "../../../examples/unleash");
let copy: WorkingCopy;

beforeAll(async () => {
  copy = await createWorkingCopy(example, {
    image: "127.0.0.1:5000/demo/flags",
    host: "127.0.0.1",
    user: "deploy",
    hostKeyLine: "127.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIACJHpdjDEJhSlEJNNmV2ntxVIT/zI5453F+KIsX39/E",
    network: "flags",
  });
});

afterAll(() => rmSync(dirname(copy.folder), { recursive: true }));

const read = (file: string): string => readFileSync(join(copy.folder, file), "utf8");
const status = (): string => execFileSync("git", ["status", "--porcelain"], { cwd: copy.folder }).toString();

describe("the demo's working copy", () => {
  it("is the example with the lab's addresses, valid and committed", () => {
    const production = loadConfig(join(copy.folder, "evenkeel.yaml")).environments.get("production");

    expect(production?.host).toMatchObject({ address: "127.0.0.1", user: "deploy" });
    expect(production?.host.knownHosts).toContain("ssh-ed25519");
    expect(production?.runtime.networks).toEqual(["flags"]);
    expect(status()).toBe("");
  });

  it("moves to the next version with a lockfile that agrees", async () => {
    const { diff } = await copy.release(nextVersion);
    const lock = JSON.parse(read("package-lock.json"));

    expect(JSON.parse(read("package.json")).dependencies).toEqual({ "unleash-server": "7.6.5" });
    expect(lock.packages["node_modules/unleash-server"].version).toBe("7.6.5");
    expect(diff).toEqual(['-    "unleash-server": "7.5.1"', '+    "unleash-server": "7.6.5"']);
    expect(status()).toBe("");
  });

  it.each([unhealthy, failsLater, diesLater])(
    "breaks server.js in a way that still is JavaScript: $title",
    async (change) => {
      await copy.attempt(change);

      expect(() =>
        execFileSync(process.execPath, ["--check", "server.js"], { cwd: copy.folder }),
      ).not.toThrow();
      expect(read("server.js")).toContain("preHook");
      await copy.leave();
      expect(read("server.js")).not.toContain("preHook");
    },
  );

  it("leaves an attempt behind and starts the next one from the main branch", async () => {
    await copy.attempt(neverClosed);
    const { diff } = await copy.attempt(slogan("Spring release"));

    expect(diff).toEqual([
      '-    ui: { slogan: "Flags for the team" },',
      '+    ui: { slogan: "Spring release" },',
    ]);
    expect(read("evenkeel.yaml")).not.toContain("silence");
    await copy.leave();
  });

  it("refuses a change that changes nothing", async () => {
    await expect(copy.attempt(slogan("Flags for the team"))).rejects.toThrow(/left .*settings\.js as it was/);
  });
});
