import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute } from "../../ci/lab/command.js";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { createProject } from "./support/committed-project.js";

/** The ways of docs/calling-from-another-repository.md, each with a call that needs the caller's own files. */
const root = resolve(import.meta.dirname, "../..");

describe("from another repository", () => {
  let folder: string;
  let lab: Lab;
  let target: Target;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "evenkeel-calling-"));
    lab = await openLab({ quiet: true });
    target = lab.targets[0] as Target;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("with -m and --source=., the caller's repository is the source", async () => {
    const path = await project("plain");
    expect(await call(path, "-m", root, "--source=.", "host-key")).toMatchObject({
      code: 0,
      stdout: offered(),
    });
  });

  it("with -m and a .env, the same without --source", async () => {
    const path = await project("env", { ".env": "EVENKEEL_SOURCE=.\n" });
    expect(await call(path, "-m", root, "host-key")).toMatchObject({ code: 0, stdout: offered() });
  });

  it("as a blueprint, with nothing at all", async () => {
    const path = await project("blueprint", {
      "dagger.json": JSON.stringify({
        name: "caller",
        engineVersion: "v0.21.8",
        blueprint: { name: "evenkeel", source: "./evenkeel" },
      }),
    });
    // By a local path a blueprint must lie in the same git repository.
    for (const part of ["src", "dagger.json", "package.json", "package-lock.json", "tsconfig.json"])
      cpSync(join(root, part), join(path, "evenkeel", part), { recursive: true });
    expect(await call(path, "host-key")).toMatchObject({ code: 0, stdout: offered() });
  });

  it("says what to do where nothing is configured", async () => {
    const path = await project("bare");
    rmSync(join(path, "evenkeel.yaml"));
    const { code, stderr } = await call(path, "-m", root, "--source=.", "deploy");
    expect(code).toBe(1);
    expect(stderr).toContain("Write evenkeel.yaml at the root of the repository");
  });

  async function project(name: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
    const path = join(folder, name);
    await createProject(path, { lab, target, app: "caller" }, more);
    return path;
  }

  const call = (cwd: string, ...args: readonly string[]) =>
    execute(["dagger", "--progress=plain", "call", ...args], { cwd, env: lab.env });

  const offered = () => expect.stringContaining(target.hostKeyLine);
});
