import type { Secret } from "@dagger.io/dagger";
import { expect, it } from "vitest";
import { parseConfig } from "../../../src/config/parse.js";
import { readContext } from "../../../src/pipeline/source/context.js";
import { folderOf } from "../support/fake-engine.js";

const secret = (value: string) => ({ plaintext: async () => value }) as Secret;

function read(
  build: object,
  files: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>> | null = {},
) {
  const text = JSON.stringify({
    app: "shop",
    image: "registry.example.com/shop",
    build,
    environments: { production: { host: "203.0.113.7", user: "deploy" } },
  });
  const secrets =
    given === null ? null : new Map(Object.entries(given).map(([name, value]) => [name, secret(value)]));
  return readContext(folderOf(files), parseConfig(text, { file: "evenkeel.yaml" }), secrets);
}

const node = { "package.json": "{}" };
const docker = { Dockerfile: "FROM scratch" };

it.each([
  ["a Dockerfile that is there", {}, { ...node, ...docker }, true],
  ["a Dockerfile by another name", { dockerfile: "ci/Dockerfile" }, { "ci/Dockerfile": "" }, true],
  ["Node where nothing else is there", {}, node, false],
  ["Node where it is asked for", { node: { start: ["node", "x.js"] } }, { ...node, ...docker }, false],
  [
    "what lies in the context",
    { context: "services/api" },
    { ...docker, "services/api/package.json": "{}" },
    false,
  ],
])("takes %s", async (_, build, files, hasDockerfile) => {
  expect(await read(build, files)).toMatchObject({ hasDockerfile });
});

it.each([
  ["a context that is not in the commit", { context: "services/apj" }, node, "build.context is services/apj"],
  ["a context that is a file", { context: "package.json" }, node, "build.context is package.json"],
  ["a Dockerfile that is not there", { dockerfile: "Dockerfil" }, docker, "build.dockerfile is Dockerfil"],
  ["secrets without a Dockerfile", { secrets: ["TOKEN"] }, node, "only a Dockerfile is given secrets"],
])("refuses %s, whether it is tested or built", async (_, build, files, words) => {
  const refused = { code: "config-invalid", detail: expect.stringContaining(words) };
  await expect(read(build, files, { TOKEN: "x" })).rejects.toMatchObject(refused);
  await expect(read(build, files, null)).rejects.toMatchObject(refused);
});

it("tests what it could not build, but does not build it", async () => {
  expect(await read({}, { "test.py": "" }, null)).toMatchObject({ hasDockerfile: false });
  await expect(read({}, { "test.py": "" })).rejects.toMatchObject({
    code: "config-invalid",
    detail: expect.stringContaining("neither a Dockerfile nor a package.json"),
  });
});

it("counts an empty build secret as missing, as an absent one, and names both at once", async () => {
  const build = { secrets: ["A", "B", "C"] };
  expect(await read(build, docker, { A: "a", B: "b", C: "c" })).toBeDefined();
  expect(await read(build, docker, null)).toBeDefined();
  await expect(read(build, docker, { A: "a", B: "" })).rejects.toMatchObject({
    code: "secrets-missing",
    detail: "Build secrets are missing; not given: C; given, but empty: B.",
  });
});

it("tells every problem at once", async () => {
  await expect(read({ dockerfile: "Dockerfil", secrets: ["A"] }, docker)).rejects.toMatchObject({
    code: "config-invalid",
    detail: expect.stringMatching(/build\.dockerfile is Dockerfil[\s\S]*build\.secrets: not given: A/),
  });
  await expect(read({ secrets: ["A"] }, { "test.py": "" })).rejects.toMatchObject({
    detail: expect.stringMatching(/only a Dockerfile[\s\S]*neither a Dockerfile/),
  });
});
