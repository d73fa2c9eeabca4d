import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeAll, expect, it } from "vitest";
import { type Lab, openLab } from "../../../ci/lab/lab.js";
import { type Repository, repositoryOf } from "./support/repository.js";

const root = new URL("../../../", import.meta.url).pathname;
let lab: Lab;
let repository: Repository;
beforeAll(async () => {
  lab = await openLab({ quiet: true });
});
afterEach(() => repository?.remove());

interface Called {
  readonly code: number | null;
  /** What the function returned, on stdout. */
  readonly result: string;
  readonly log: string;
}

/** `dagger --progress=plain call …` in the repository. */
function call(...args: readonly string[]): Promise<Called> {
  const child = spawn("dagger", ["--progress=plain", "call", ...args], {
    cwd: repository.path,
    env: lab.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let result = "";
  let log = "";
  child.stdout.on("data", (chunk) => {
    result += chunk;
  });
  child.stderr.on("data", (chunk) => {
    log += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, result: result.trim(), log: stripVTControlCharacters(log) }));
  });
}

it("gives the tests' own exit code, and says what failed and what to do", async () => {
  repository = repositoryOf("node-npm", lab.registry);
  repository.write(
    "package.json",
    repository.read("package.json").replace("node --test", "echo broken; exit 7"),
  );
  const { code, log } = await call("-m", root, "--source=.", "test");
  expect(code).toBe(7);
  expect(log).toMatch(/Error: npm test failed with exit code 7/);
  expect(log).toMatch(/^Next: /m);
});

it("publishes from another repository with -m and --source, and with a .env beside it in place of --source", async () => {
  repository = repositoryOf("node-npm", lab.registry);
  const commit = repository.commit("Published from another repository");
  const first = await call("-m", root, "--source=.", "publish");
  expect(first.code).toBe(0);
  expect(first.result).toMatch(/@sha256:[0-9a-f]{64}$/);
  expect(first.log).toContain(commit);
  repository.write(".env", "EVENKEEL_SOURCE=.\n");
  repository.write(".gitignore", "node_modules\n.env\n");
  repository.commit("Ignore .env");
  const { code, result } = await call("-m", root, "test");
  expect(code).toBe(0);
  expect(result).toMatch(/^Tests passed/);
});

it("needs neither -m nor --source as a blueprint", async () => {
  repository = repositoryOf("node-npm", lab.registry);
  // A local blueprint has to lie in the same repository; one by address need not.
  const module = join(repository.path, "evenkeel");
  mkdirSync(module);
  for (const name of ["src", "dagger.json", "package.json", "package-lock.json", "tsconfig.json"])
    if (existsSync(join(root, name))) cpSync(join(root, name), join(module, name), { recursive: true });
  const blueprint = { name: "evenkeel", source: "./evenkeel" };
  writeFileSync(
    join(repository.path, "dagger.json"),
    JSON.stringify({ name: "shop", engineVersion: "v0.21.8", blueprint }),
  );
  repository.commit("Add the blueprint");
  const { code, result, log } = await call("test");
  expect(code, log).toBe(0);
  expect(result).toMatch(/^Tests passed/);
});

it("called with nothing configured, says which file is missing and what to write", async () => {
  repository = repositoryOf("node-npm", lab.registry);
  const { code, log } = await call("-m", root, "--source=.", "--config=nowhere.yaml", "deploy");
  expect(code).toBe(1);
  expect(log).toContain("There is no nowhere.yaml in the source.");
  expect(log).toMatch(/^Next: /m);
});
