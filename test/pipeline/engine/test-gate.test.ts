import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { EvenkeelError } from "../../../src/index.js";
import { execFailureOf } from "../../../src/pipeline/engine-error.js";
import { test } from "../../../src/pipeline/pipeline.js";
import { useEngine } from "./support/engine.js";
import { type Example, type Repository, repositoryOf } from "./support/repository.js";
import { workOn } from "./support/work.js";

const engine = useEngine();
let repository: Repository;
afterEach(() => repository?.remove());

const run = async () => test(await workOn(engine.client, repository));

async function failure(): Promise<{ error: EvenkeelError; exitCode: number | undefined }> {
  const error = await run().then(
    () => {
      throw new Error("the tests passed");
    },
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof EvenkeelError)) throw error;
  return { error, exitCode: execFailureOf(error.cause)?.exitCode };
}

const tested = (command: string, more = "") => `test:\n  command: ${JSON.stringify(command)}\n${more}`;

function having(command: string, more = ""): void {
  repository = repositoryOf("node-npm", engine.lab.registry);
  const config = repository
    .read("evenkeel.yaml")
    .replace(/^test:\n {2}command: .*\n/m, tested(command, more));
  repository.write("evenkeel.yaml", config);
}

describe("the project's own tests", () => {
  it.each<Example>(["node-npm", "node-pnpm", "node-yarn", "python-dockerfile"])(
    "of %s pass",
    async (example) => {
      repository = repositoryOf(example, engine.lab.registry);
      const { summary } = await run();
      expect(summary).toMatch(/^Tests passed in \d+ s: \S+/);
      expect(summary).not.toContain("Warning");
    },
  );

  it("see the commit's files, what has been changed since, and CI=true; not what git ignores, nor .git", async () => {
    having('echo "CI=$CI"; ls -a; cat changed.txt; exit 3');
    repository.write(".gitignore", "node_modules\nignored.txt\n");
    repository.write("ignored.txt", "");
    repository.commit("Ignore");
    repository.write("changed.txt", "changed since\n");
    const { error, exitCode } = await failure();
    expect(exitCode).toBe(3);
    expect(error.code).toBe("test-failed");
    expect(error.message).toContain("CI=true");
    expect(error.message).toContain("changed since");
    expect(error.message).toContain("node_modules");
    expect(error.message).not.toContain("ignored.txt");
    expect(error.message).not.toMatch(/^ *\.git$/m);
  });
});

it("a hung run is ended, with exit code 124 and the server that nobody stopped named", async () => {
  having("node main.js & echo started; wait", "  silence: 4s\n");
  const { error, exitCode } = await failure();
  expect(exitCode).toBe(124);
  expect(error.code).toBe("test-hung");
  expect(error.message).toMatch(/no output for [45] s/);
  expect(error.message).toContain("started");
  expect(error.message).toMatch(/node main\.js \(pid \d+\), started by sh -c/);
});

it("a server left behind by tests that passed is a warning", async () => {
  having("setsid node main.js & sleep 2; exit 0");
  const { summary } = await run();
  expect(summary).toMatch(
    /Warning: it left processes running.*\n {2}node main\.js \(pid \d+\), started by .*, which has ended/,
  );
});

it("what passed tests leave behind cannot command a terminal, whatever it is called", async () => {
  having(String.raw`setsid node main.js "$(printf '\033]0;owned\007')" & sleep 2; exit 0`);
  const { summary } = await run();
  expect(summary).toContain("node main.js");
  expect(summary).not.toMatch(/[^\P{Cc}\n]/u);
});

it("a lockfile that does not suit package.json fails before the tests, in npm's own words", async () => {
  having("npm test");
  repository.write("package.json", repository.read("package.json").replace('"ms": "2.1.3"', '"ms": "2.1.2"'));
  const { error } = await failure();
  expect(error.code).toBe("build-failed");
  expect(error.message).toMatch(/npm ci|package-lock\.json/);
});

it("a lockfile that nothing is installed from is left to the test command, where a Dockerfile makes the image", async () => {
  having("test ! -e node_modules");
  rmSync(join(repository.path, "package-lock.json"));
  repository.write("yarn.lock", "__metadata:\n  version: 8\n");
  const { error } = await failure();
  expect(error).toMatchObject({ code: "build-failed", detail: expect.stringContaining("Yarn 2 or later") });
  repository.write("Dockerfile", "FROM scratch\n");
  expect((await run()).summary).toMatch(/^Tests passed/);
});

it("a container in which the command cannot be watched says why", async () => {
  having("npm test", "  env: { TMPDIR: /proc/none }\n");
  const { error, exitCode } = await failure();
  expect(exitCode).toBe(125);
  expect(error.detail).toMatch(
    /npm test was not started:\n(.*\n)*.*no place for a temporary file in \/proc\/none/,
  );
});

it("an image that is not there is named as such", async () => {
  having("npm test", `  image: ${engine.lab.registry}/no-such-image:1\n`);
  const { error } = await failure();
  expect(error).toMatchObject({ code: "image-missing", detail: expect.stringContaining("no-such-image:1") });
});

it.each(["services/apj", "package.json", "./services/"])(
  "a context that is no folder of the commit is named as such: %s",
  async (context) => {
    having("npm test");
    repository.write("evenkeel.yaml", `${repository.read("evenkeel.yaml")}build: { context: ${context} }\n`);
    const { error } = await failure();
    expect(error).toMatchObject({ code: "config-invalid", detail: expect.stringContaining(context) });
  },
);
