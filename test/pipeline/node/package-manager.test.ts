import { expect, it } from "vitest";
import { findPackageManager, readManifest } from "../../../src/pipeline/node/package-manager.js";

const manifest = (more: object = {}) => readManifest(JSON.stringify({ dependencies: { ms: "2" }, ...more }));

function find(entries: readonly string[], lockfile = "", more: object = {}) {
  return findPackageManager(entries, manifest(more), async () => lockfile);
}

it.each([
  ["package-lock.json", "", "npm", null],
  ["npm-shrinkwrap.json", "", "npm", null],
  ["pnpm-lock.yaml", "lockfileVersion: '9.0'\n", "pnpm", "pnpm@10.34.8"],
  ["pnpm-lock.yaml", "lockfileVersion: '6.0'\n", "pnpm", "pnpm@8.15.9"],
  ["yarn.lock", "# yarn lockfile v1\n", "yarn", "yarn@1.22.22"],
])("%s (%j) belongs to %s", async (entry, lockfile, name, exact) => {
  const manager = await find(["package.json", entry], lockfile);
  expect(manager).toMatchObject({ name, package: exact, lockfile: entry });
});

it("takes the version that packageManager names, without corepack's hash", async () => {
  const asked = { packageManager: "pnpm@9.15.4+sha512.abc" };
  expect((await find(["pnpm-lock.yaml"], "lockfileVersion: '9.0'", asked))?.package).toBe("pnpm@9.15.4");
});

it("lets packageManager decide between two lockfiles, and refuses to guess without it", async () => {
  const both = ["package-lock.json", "yarn.lock"];
  expect((await find(both, "", { packageManager: "yarn@1.22.22" }))?.name).toBe("yarn");
  await expect(find(both)).rejects.toThrow(/package-lock\.json and yarn\.lock/);
});

it("refuses dependencies without a lockfile, and needs none where there are none", async () => {
  await expect(find(["package.json"])).rejects.toThrow(/no lockfile/);
  expect(await findPackageManager(["package.json"], readManifest("{}"), async () => "")).toBeNull();
});

it("refuses Yarn 2 and later, and a lockfile of pnpm that it cannot read", async () => {
  await expect(find(["yarn.lock"], "__metadata:\n  version: 8\n")).rejects.toThrow(/Yarn 2 or later/);
  await expect(find(["pnpm-lock.yaml"], "lockfileVersion: '42.0'\n")).rejects.toThrow(/packageManager/);
});

it("installs exactly what the lockfile says, and for production less", async () => {
  const npm = await find(["package-lock.json"]);
  expect(npm?.install.slice(0, 2)).toEqual(["npm", "ci"]);
  expect(npm?.installProduction).toContain("--omit=dev");
  const yarn = await find(["yarn.lock"], "# yarn lockfile v1");
  expect(yarn?.install).toContain("--frozen-lockfile");
});

it("says where package.json is broken", () => {
  expect(() => readManifest("{")).toThrow(/package\.json is not valid JSON/);
});
