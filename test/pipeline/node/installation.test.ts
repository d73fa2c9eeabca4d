import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { manifestsForProduction, neededToInstall } from "../../../src/pipeline/node/installation.js";
import type { PackageManager } from "../../../src/pipeline/node/package-manager.js";

const manager = (name: PackageManager["name"]) => ({ name, lockfile: "the.lock" }) as PackageManager;
const manifest = (scripts: object) => JSON.stringify({ name: "x", scripts });

interface Given {
  readonly name?: PackageManager["name"];
  readonly entries?: readonly string[];
  readonly scripts?: object;
  readonly more?: Readonly<Record<string, string>>;
  readonly lockfile?: string;
}

function needed({ name = "npm", entries = [], scripts = {}, more = {}, lockfile = "" }: Given) {
  const manifests = new Map(Object.entries({ "package.json": manifest(scripts), ...more }));
  return neededToInstall(manager(name), { entries, manifests, lockfile });
}

it("needs manifests, the lockfile and the manager's own files only, so that a change of the source installs nothing", () => {
  const patterns = needed({
    scripts: { test: "vitest", build: "tsc" },
    more: { "a/package.json": "no JSON" },
  });
  expect(patterns).toContain("the.lock");
  expect(patterns).toContain("**/package.json");
  expect(patterns).not.toContain("**");
});

it.each<[string, Given]>([
  ["a script of the installation", { scripts: { postinstall: "node x.js" } }],
  ["prepublish, which npm ci runs", { scripts: { prepublish: "node x.js" } }],
  ["a script of a workspace", { more: { "packages/a/package.json": manifest({ prepare: "tsc" }) } }],
  ["an addon to compile", { entries: ["binding.gyp"] }],
  ["a .yarnrc, which may name a Yarn of the project's own", { name: "yarn", entries: [".yarnrc"] }],
  ["a package in the project, to npm", { lockfile: '"resolved": "file:vendor/ms-2.1.3.tgz"' }],
  ["a package in the project, to pnpm", { name: "pnpm", lockfile: "version: file:vendor/ms-2.1.3.tgz" }],
  ["a package in the project, to Yarn", { name: "yarn", lockfile: "ms@./vendor/ms-2.1.3.tgz:" }],
])("needs every file with %s", (_, given) => {
  expect(needed(given)).toEqual(["**"]);
});

it("lets what prepares a checkout for work fail in production, and nothing else", () => {
  const scripts = { prepare: "husky", prepublish: "tsc && exit 3", postinstall: "node x.js" };
  const changed = manifestsForProduction(
    new Map([
      ["package.json", manifest(scripts)],
      ["packages/a/package.json", manifest({ test: "vitest" })],
      ["fixtures/package.json", "no JSON"],
    ]),
  );
  expect([...changed.keys()]).toEqual(["package.json"]);
  const after = JSON.parse(changed.get("package.json") ?? "");
  expect(after).toMatchObject({ name: "x", scripts: { postinstall: "node x.js" } });
  for (const script of [after.scripts.prepare, after.scripts.prepublish])
    expect(() =>
      execFileSync("/bin/sh", ["-c", script], { stdio: "ignore", env: { PATH: "" } }),
    ).not.toThrow();
});
