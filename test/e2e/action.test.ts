import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { buildActionTools } from "../../ci/action/tools.js";
import { type CommandOutcome, execute, run } from "../../ci/lab/command.js";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { findPlace } from "../../ci/lab/place.js";
import { type Page, pages, snippetsOf } from "../docs/support/pages.js";
import { type CommittedProject, createProject } from "./support/committed-project.js";

/**
 * The workflow that docs/github-actions.md shows, run by `act` on this machine as a runner would: a commit
 * is tested, built, published to the lab's registry and deployed to a host of the lab.
 */
const root = resolve(import.meta.dirname, "../..");
const page = pages().find(({ path }) => path === "docs/github-actions.md") as Page;
const workflows = snippetsOf(page).filter(({ language }) => language === "yaml");

let folder: string;
let tools: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-workflow-"));
  tools = await buildActionTools(run, findPlace());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(workflows)("$place is a workflow that GitHub would accept", async ({ text }) => {
  const path = join(folder, "shown.yml");
  writeFileSync(path, text);
  const { stdout, code } = await execute([join(tools, "actionlint"), "-oneline", path]);
  expect({ stdout, code }).toEqual({ stdout: "", code: 0 });
});

it("the action's scripts pass shellcheck", async () => {
  const scripts = ["dagger.sh", "run.sh"].map((name) => join(root, "ci/action", name));
  expect(await execute(["shellcheck", ...scripts])).toMatchObject({ stdout: "", code: 0 });
});

describe("the workflow of the page, on a runner", () => {
  let lab: Lab;
  let target: Target;
  let project: CommittedProject;
  let action: string;
  let shown = "";
  beforeAll(async () => {
    lab = await openLab({ quiet: true });
    target = await lab.freshTarget();
    action = await checkedOutAction();
    keepSecrets();
    project = await createProject(
      join(folder, "project"),
      { lab, target, app: "workflow" },
      { ".github/workflows/deploy.yml": workflows[0]?.text ?? "" },
    );
  });
  afterAll(async () => {
    if (target !== undefined) await lab.destroyTarget(target);
  });

  it("takes the commit to the host, and tells the image and the revision", async () => {
    const { code, stdout } = await act();
    expect(code, stdout).toBe(0);
    const image = /set-output:: image=(\S*)/.exec(stdout)?.[1];
    expect(image).toMatch(new RegExp(`^${lab.registry}/e2e/workflow@sha256:[0-9a-f]{64}$`));
    expect(stdout).toContain("set-output:: revision=1");
    expect(stdout).toContain("### evenkeel deploy to production: done");
    expect(await (await fetch(`http://${target.host}/`)).text()).toBe("hello from one");
  });

  it("fails with the reason on the run's page when the commit's tests fail, and the host serves on", async () => {
    project.write({ "test.js": "console.error('the sum is wrong'); process.exit(3);\n" });
    await project.commit("two");
    const { code, stdout } = await act();
    expect(code).not.toBe(0);
    expect(stdout).toContain("### evenkeel deploy to production: failed, exit code 3");
    expect(stdout.slice(stdout.indexOf("### evenkeel deploy"))).toContain("the sum is wrong");
    expect(await (await fetch(`http://${target.host}/`)).text()).toBe("hello from one");
  });

  it("showed no secret in either run, though the runner was told to hide none", () => {
    const key = readFileSync(target.privateKeyPath, "utf8").split("\n")[1] as string;
    expect(shown).toContain("### evenkeel deploy");
    expect(shown).not.toContain(key);
    expect(shown).not.toContain("s3cret");
  });

  async function act(): Promise<CommandOutcome> {
    const local = ["--local-repository", `OWNER/evenkeel@v1=${action}`, "--action-offline-mode"];
    const secrets = ["--secret-file", join(folder, "secrets.yml"), "--insecure-secrets"];
    const outcome = await execute(
      [join(tools, "act"), "push", "-P", "ubuntu-latest=-self-hosted", ...local, ...secrets],
      {
        cwd: project.path,
        env: { ...lab.env, XDG_CACHE_HOME: join(folder, "cache") },
      },
    );
    shown += outcome.stdout + outcome.stderr;
    return outcome;
  }

  /** What GitHub keeps for the page's workflow. */
  function keepSecrets(): void {
    const secrets = {
      SSH_KEY: readFileSync(target.privateKeyPath, "utf8"),
      PRODUCTION_ENV: "TOKEN=s3cret",
      REGISTRY_PASSWORD: "s3cret",
    };
    writeFileSync(join(folder, "secrets.yml"), stringify(secrets));
  }
});

/** The repository's files as GitHub hands an action to a runner: without .git and what git ignores. */
async function checkedOutAction(): Promise<string> {
  const { stdout } = await must([
    "git",
    "-C",
    root,
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
  ]);
  const path = join(folder, "action");
  for (const file of stdout.split("\0").filter((name) => /^(src|ci\/action)\/|^[^/]+$/.test(name)))
    cpSync(join(root, file), join(path, file));
  return path;
}

async function must(argv: readonly string[]): Promise<CommandOutcome> {
  const outcome = await execute(argv);
  if (outcome.code !== 0) throw new Error(`${argv.join(" ")} ended with ${outcome.code}:\n${outcome.stderr}`);
  return outcome;
}
