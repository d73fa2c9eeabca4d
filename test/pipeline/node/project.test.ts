import { expect, it } from "vitest";
import { readNodeProject, withDependencies } from "../../../src/pipeline/node/project.js";
import { fakeEngine, folderOf } from "../support/fake-engine.js";

const files = {
  "package.json": JSON.stringify({ dependencies: { ms: "2" }, scripts: { prepare: "husky" } }),
  "package-lock.json": "{}",
};

async function installed(image: string, { production = false, digest = "xxh3:1" } = {}) {
  const engine = fakeEngine({ digest: async () => digest });
  const project = await readNodeProject(folderOf(files));
  await withDependencies(engine.client, engine.container, project, { image, production });
  return engine.calls;
}

async function volumeOf(...given: Parameters<typeof installed>) {
  return (await installed(...given)).find(([name]) => name === "cacheVolume")?.[1];
}

it("downloads into a volume of the image, the manager and what is installed alone", async () => {
  const volume = await volumeOf("node:24");
  expect(volume).toMatch(/^evenkeel-npm-[0-9a-f]{12}-xxh3:1$/);
  expect(await volumeOf("node:24", { production: true })).toBe(volume);
  expect(await volumeOf("node:24-alpine")).not.toBe(volume);
  expect(await volumeOf("node:24", { digest: "xxh3:2" })).not.toBe(volume);
});

it("changes package.json for production only", async () => {
  const changed = async (production: boolean) =>
    (await installed("node:24", { production })).filter(([name]) => name === "withNewFile");
  expect(await changed(false)).toEqual([]);
  expect(await changed(true)).toEqual([
    ["withNewFile", "package.json", expect.stringContaining('"husky || true"')],
  ]);
});
