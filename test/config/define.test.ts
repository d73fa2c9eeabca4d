import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { defineConfig } from "../../src/config/define.js";
import { loadConfig } from "../../src/config/load.js";
import { parseConfig } from "../../src/config/parse.js";
import type { WrittenConfig } from "../../src/config/schema.js";

const written = {
  app: "shop",
  image: "registry.example.com/team/shop",
  container: { port: 8080, memory: "256MiB", env: { LOG_LEVEL: "info" }, secrets: ["DATABASE_URL"] },
  bake: { duration: "20s" },
  environments: {
    staging: { host: "staging.example.com", user: "deploy" },
    production: {
      host: "shop.example.com",
      user: "deploy",
      domains: ["shop.example.com"],
      tls: "acme",
      // In part, over what the whole file says.
      container: { memory: "1GiB" },
      keep: { releases: 9 },
    },
  },
} as const satisfies WrittenConfig;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-define-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function problemsOf(value: unknown, from?: string): readonly string[] {
  try {
    defineConfig(value as WrittenConfig, from);
  } catch (error) {
    return (error as { detail: string }).detail.split("\n");
  }
  return [];
}

describe("defineConfig", () => {
  it("makes of an object what the same text makes", () => {
    const { file: _, ...config } = defineConfig(written);
    const { file: __, ...fromText } = parseConfig(stringify(written), { file: "evenkeel.yaml" });
    expect(config).toEqual(fromText);
    expect(config.environments.get("production")).toMatchObject({
      runtime: { port: 8080, memoryBytes: 1024 ** 3, env: { LOG_LEVEL: "info" } },
      keepReleases: 9,
    });
  });

  it("tells every problem at once, each by its path and without lines that nobody wrote", () => {
    expect(
      problemsOf({
        app: "Shop",
        image: "registry.example.com/shop:latest",
        contianer: {},
        environments: { production: { host: "shop.example.com", helth: { path: "x" } } },
      }),
    ).toEqual([
      "The configuration has 5 problems:",
      expect.stringMatching(/^ {2}app is "Shop"; expected a name of lower-case letters/),
      expect.stringMatching(/^ {2}image is .* expected a repository without a tag/),
      "  contianer is not a key here; did you mean container?",
      expect.stringMatching(/^ {2}environments\.production\.user is missing; expected/),
      "  environments.production.helth is not a key here; did you mean health?",
    ]);
  });

  it("names the file that it stands in", () => {
    const path = join(folder, "deploy.config.ts");
    expect(problemsOf({}, pathToFileURL(path).href)[0]).toContain(`${path} has `);
  });

  it.each([
    ["nothing", undefined, "the file is empty"],
    ["a list", [], "the file is something else"],
    ["a number that is none", { ...written, container: { port: Number.NaN } }, "container.port is empty"],
  ])("refuses %s", (_, value, words) => {
    expect(problemsOf(value).join("\n")).toContain(words);
  });

  it("refuses what is not plain data", () => {
    const round: Record<string, unknown> = { ...written };
    round.self = round;
    expect(problemsOf(round)[0]).toContain("is not plain data");
    expect(problemsOf({ ...written, container: { port: 3000n } })[0]).toContain("is not plain data");
  });

  it("takes what is left undefined for not said", () => {
    const value = { ...written, bake: undefined, container: { port: undefined } };
    expect(defineConfig(value as never).environments.get("staging")?.runtime.port).toBe(3000);
  });

  it("finds the pinned keys beside its file, or in the current folder", () => {
    mkdirSync(join(folder, "keys"), { recursive: true });
    const line =
      "shop.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZ5W5b5zj2yUj1VxY1o6d8vEJd3vKQqg3j0l5k1m2n3";
    writeFileSync(join(folder, "keys/known_hosts"), `${line}\n`);
    const production = { host: "shop.example.com", user: "deploy", knownHosts: "keys/known_hosts" };
    const value = { app: "shop", image: "registry.example.com/shop", environments: { production } };
    const at = (from?: string) => defineConfig(value, from).environments.get("production")?.host;
    expect(at(pathToFileURL(join(folder, "deploy.ts")).href)?.knownHosts).toContain("ssh-ed25519");
    expect(at(join(folder, "deploy.ts"))?.knownHosts).toContain("ssh-ed25519");
    expect(at()?.knownHostsFrom).toContain("which is not there");
  });
});

describe("loadConfig of a program", () => {
  const load = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return loadConfig(join(folder, name));
  };
  const plain = JSON.stringify(written);

  it.each([
    ["plain.mjs", `export default ${plain};`],
    ["typed.mts", `const written: object = ${plain};\nexport default written;`],
    ["common.cjs", `exports.default = ${plain};`],
  ])("takes the default export of %s", (name, text) => {
    expect(load(name, text).environments.get("production")?.keepReleases).toBe(9);
  });

  it("names the file where it says something that is not allowed", () => {
    expect(() => load("wrong.mjs", `export default ${JSON.stringify({ ...written, app: "Shop" })};`)).toThrow(
      /wrong\.mjs has 1 problem:\n {2}app is "Shop"/,
    );
  });

  it.each([
    ["none.mjs", "export const config = {};", "has no configuration as its default export"],
    ["throws.mjs", "throw new Error('no');", "cannot be run: no"],
    ["syntax.mjs", "export default {", "cannot be run"],
    ["slow.mjs", "await null; export default {};", "cannot be run"],
  ])("refuses %s", (name, text, words) => {
    expect(() => load(name, text)).toThrow(words);
  });

  it("says that there is none", () => {
    expect(() => loadConfig(join(folder, "absent.ts"))).toThrow(
      /absent\.ts cannot be read[\s\S]*config-missing/,
    );
  });
});
