import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { buildActionTools, installZizmor } from "../../ci/action/tools.js";
import { type CommandOutcome, execute, run } from "../../ci/lab/command.js";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { findPlace } from "../../ci/lab/place.js";
import { deploy, loadConfig } from "../../src/index.js";
import { type Page, pages, snippetsOf } from "../docs/support/pages.js";
import { type CommittedProject, createProject } from "./support/committed-project.js";

/**
 * The workflows that docs/github-actions.md shows, run by `act` on this machine as a runner would: a commit
 * is tested, built, published to the lab's registry and deployed to a host of the lab. Then what goes wrong
 * most often, each of which has to explain itself on the run's page.
 */
const root = resolve(import.meta.dirname, "../..");
const page = pages().find(({ path }) => path === "docs/github-actions.md") as Page;
const workflows = snippetsOf(page).filter(({ language }) => language === "yaml");

let folder: string;
let tools: string;
let zizmor: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-workflow-"));
  tools = await buildActionTools(run, findPlace());
  zizmor = await installZizmor(run, findPlace());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("every workflow, and the action itself", () => {
  const shown = workflows.map(({ text, place }) => ({ name: place.replaceAll(/[^\w]/g, "-"), text }));
  const files = ["examples/workflows", ".github/workflows"].flatMap((directory) =>
    readdirSync(join(root, directory)).map((name) => join(root, directory, name)),
  );

  it("is accepted by actionlint", async () => {
    const paths = [...files, ...shown.map(({ name, text }) => written(`${name}.yml`, text))];
    const { stdout, code } = await execute([join(tools, "actionlint"), "-oneline", ...paths], { cwd: root });
    expect({ stdout, code }).toEqual({ stdout: "", code: 0 });
  });

  it("has nothing that zizmor finds", async () => {
    const paths = [
      join(root, "action.yml"),
      ...files,
      ...shown.map(({ name, text }) => written(`.github/workflows/${name}.yml`, text)),
    ];
    const options = ["--offline", "--no-progress", "--strict-collection", "--format=json"];
    const config = ["--config", join(root, "ci/action/audit/zizmor.yml")];
    const { stdout, stderr, code } = await execute([zizmor, ...options, ...config, ...paths]);
    expect({ findings: JSON.parse(stdout || "null"), code }, stderr).toEqual({ findings: [], code: 0 });
    expect(stderr.match(/completed /g)).toHaveLength(paths.length);
  });

  it("is searched at all", async () => {
    const path = written(
      ".github/workflows/bad.yml",
      `on: pull_request_target\njobs:\n  bad:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo \${{ github.event.pull_request.title }}\n`,
    );
    expect((await execute([zizmor, "--offline", path])).code).not.toBe(0);
    expect((await execute([join(tools, "actionlint"), path])).code).toBe(1);
  });
});

it("the action's scripts pass shellcheck", async () => {
  const scripts = ["dagger.sh", "inputs.sh", "run.sh", "runner.sh"].map((name) =>
    join(root, "ci/action", name),
  );
  const checked = await execute(["shellcheck", "--external-sources", "--source-path=SCRIPTDIR", ...scripts]);
  expect(checked).toMatchObject({ stdout: "", code: 0 });
});

describe("the workflow of the page, on a runner", () => {
  let lab: Lab;
  let target: Target;
  let project: CommittedProject;
  let action: string;
  let key: string;
  let image: string;
  let shown = "";
  beforeAll(async () => {
    lab = await openLab({ quiet: true });
    target = await lab.freshTarget();
    action = await checkedOutAction();
    key = readFileSync(target.privateKeyPath, "utf8");
    project = await createProject(
      join(folder, "project"),
      { lab, target, app: "workflow" },
      {
        ".github/workflows/deploy.yml": example("deploy"),
        ".github/workflows/rollback.yml": example("rollback"),
        known_hosts: "# The workflow gives them.\n",
      },
    );
  });
  afterAll(async () => {
    if (target !== undefined) await lab.destroyTarget(target);
  });

  it("takes the commit to the host, and tells what serves and where", async () => {
    const { code, log, outputs, page, errors, warnings } = await act();
    expect(code, log).toBe(0);
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    expect(outputs).toMatchObject({ outcome: "promoted", code: "", revision: "1" });
    image = outputs.image ?? "";
    expect(image).toMatch(new RegExp(`^${lab.registry}/e2e/workflow@sha256:[0-9a-f]{64}$`));
    expect(outputs.digest).toBe(image.split("@")[1]);
    expect(outputs.url).toBe(`http://${target.host}`);
    expect(await (await fetch(outputs.url ?? "")).text()).toBe("hello from one");
    expect(page).toContain("### ✅ workflow to production: promoted");
    expect(page).toContain("| Serves now | revision 1 |");
    expect(page).toContain(`Published: ${image}`);
    for (const phase of ["pull", "start", "gate", "switch", "bake"])
      expect(page).toMatch(new RegExp(`^\\| ${phase} \\| [\\d.]+ s \\|$`, "m"));
  });

  it("goes back to the release before, by hand, and tells the same", async () => {
    const config = configOf(({ container }) => Object.assign(container, { env: { LEVEL: "debug" } }));
    const credentials = { sshKey: key, environmentFile: "TOKEN=s3cret" };
    expect((await deploy(config, { image, credentials })).outcome).toMatchObject({ revision: 2 });
    const { code, outputs, page, log, errors } = await act({ workflow: "rollback" });
    expect({ code, errors }, log).toEqual({ code: 0, errors: [] });
    expect(outputs).toMatchObject({ outcome: "promoted", revision: "1", url: `http://${target.host}` });
    expect(page).toContain("| Serves now | revision 1 |");
  });

  it("fails with the reason on the run's page when the commit's tests fail, and the host serves on", async () => {
    project.write({ "test.js": "console.error('the sum is wrong'); process.exit(3);\n" });
    await project.commit("two");
    const { code, errors, outputs, page } = await act();
    expect(code).not.toBe(0);
    expect(outputs).toMatchObject({ outcome: "failed", code: "test-failed", image: "", revision: "" });
    expect(page).toContain("### ❌ evenkeel deploy to production: failed (test-failed)");
    expect(page).toContain("the sum is wrong");
    expect(page).toContain("run `dagger call test`");
    expect(errors).toEqual([
      expect.stringMatching(/^evenkeel deploy to production: failed \(test-failed\)\n.*exit code 3/),
    ]);
    expect(await (await fetch(`http://${target.host}/`)).text()).toBe("hello from one");
  });

  it("of a release that does not start, shows why it was not given traffic and what it said last", async () => {
    project.write({
      "test.js": "",
      "server.js":
        "console.error('no configuration\\n```\\n::error title=forged::<b>forged</b>'); process.exit(7);\n",
    });
    await project.commit("three");
    const { code, errors, outputs, page } = await act();
    expect(code).not.toBe(0);
    expect(outputs).toMatchObject({ outcome: "aborted", code: "gate-failed", revision: "1" });
    expect(outputs.image).not.toBe(image);
    expect(readFileSync(outputs.page ?? "", "utf8")).toMatch(
      /^<!doctype html>[\s\S]*gate-failed[\s\S]*&#60;b&#62;forged/,
    );
    expect(page).toContain("### ❌ workflow to production: aborted");
    expect(page).toContain("| Serves now | revision 1 |");
    expect(page).toContain("**Next:** Read its logs, correct the cause and deploy again.");
    expect(page).toMatch(/^````text\nno configuration\n```\n::error title=forged::<b>forged<\/b>\n````$/m);
    expect(errors).toEqual([
      expect.stringMatching(/aborted \(gate-failed\)\n.*Revision 1 serves\.\nNext: Read its logs, correct/),
    ]);
    expect(await (await fetch(`http://${target.host}/`)).text()).toBe("hello from one");
  });

  it("with a key that the host does not know, says so and what to check", async () => {
    const other = join(folder, "other_key");
    await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other]);
    const { code, errors, outputs, page } = await act({ secrets: { SSH_KEY: readFileSync(other, "utf8") } });
    expect(code).not.toBe(0);
    expect(outputs).toMatchObject({ outcome: "failed", code: "ssh-denied" });
    expect(page).toContain("### ❌ evenkeel deploy to production: failed (ssh-denied)");
    expect(page).toContain("its public half is in the host's authorized_keys");
    expect(errors).toEqual([expect.stringContaining("\nNext: Check `user`, the private key")]);
  });

  it("with a secret that is not set, says which before anything is run", async () => {
    const { code, errors, outputs, page, log } = await act({ secrets: { SSH_KEY: "" } });
    expect(code).not.toBe(0);
    expect(outputs).toMatchObject({ outcome: "failed", code: "usage" });
    expect(errors).toEqual([
      expect.stringContaining("ssh-key is empty, and deploy needs the private key for the host."),
    ]);
    expect(page).toContain("### ❌ evenkeel deploy to production: wrong inputs");
    expect(log).not.toContain("evenkeel.yaml");
  });

  it("while somebody else deploys, says who, and how long that can last", async () => {
    const stop = new AbortController();
    let locked = () => {};
    const isLocked = new Promise<void>((resolve) => {
      locked = resolve;
    });
    // Nobody answers at this port, so the deploy keeps the lock.
    const neverReady = configOf(({ container, health }) => {
      Object.assign(container, { port: 3001 });
      Object.assign(health, { deadline: "5m" });
    });
    const other = deploy(neverReady, {
      image,
      holder: "somebody at work",
      credentials: { sshKey: key, environmentFile: "TOKEN=s3cret" },
      reporter: {
        phase: ({ at }) => at.phase === "started" && locked(),
        note: () => {},
        summary: () => {},
      },
      signal: stop.signal,
    }).catch((error: unknown) => error);
    await Promise.race([isLocked, other.then((ended) => Promise.reject(ended))]);
    const { code, errors, outputs, page } = await act();
    stop.abort();
    expect(code).not.toBe(0);
    expect(outputs).toMatchObject({ outcome: "aborted", code: "locked" });
    expect(errors).toEqual([
      expect.stringMatching(/locked by somebody at work#.*the lock ends by itself in \d+ s/),
    ]);
    expect(page).toContain("### ❌ workflow to production: aborted");
    expect(page).toContain("**Next:** Wait for it, or");
    await other;
  });

  it("showed no secret in any run, though the runner was told to hide none", () => {
    expect(shown).toContain("### ✅ workflow to production");
    expect(shown).not.toContain(key.split("\n")[1]);
    expect(shown).not.toContain("s3cret");
  });

  /** Runs the workflow with what GitHub keeps for it, and these instead. */
  async function act({
    workflow = "deploy",
    secrets: others = {},
  }: {
    readonly workflow?: string;
    readonly secrets?: Readonly<Record<string, string>>;
  } = {}) {
    const event = workflow === "deploy" ? ["push"] : ["workflow_dispatch", "--input", "reason=by hand"];
    const secrets = { SSH_KEY: key, PRODUCTION_ENV: "TOKEN=s3cret", REGISTRY_PASSWORD: "s3cret", ...others };
    const local = ["--local-repository", `OWNER/evenkeel@v1=${action}`, "--action-offline-mode"];
    const given = [
      ...["--secret-file", written("secrets.yml", stringify(secrets)), "--insecure-secrets"],
      ...["--var", `KNOWN_HOSTS=${target.hostKeyLine}`],
    ];
    const { code, stdout, stderr } = await execute(
      [
        ...[join(tools, "act"), ...event, "--workflows", `.github/workflows/${workflow}.yml`, "--json"],
        ...["-P", "ubuntu-latest=-self-hosted", ...local, ...given],
      ],
      { cwd: project.path, env: { ...lab.env, XDG_CACHE_HOME: join(folder, "cache") } },
    );
    const entries = stdout
      .split("\n")
      .flatMap((line): readonly Entry[] => (line === "" ? [] : [JSON.parse(line)]));
    const said = (command: string) => entries.filter((entry) => entry.command === command);
    const log = entries.map(({ msg }) => msg).join("\n") + stderr;
    shown += log;
    return {
      code,
      log,
      outputs: Object.fromEntries(said("set-output").map(({ name = "", arg = "" }) => [name, arg])),
      page: said("summary").at(-1)?.content ?? "",
      errors: said("error").map(({ kvPairs, arg }) => `${kvPairs?.title}\n${arg}`),
      warnings: said("warning").map(({ arg }) => arg),
    };
  }

  /** The project's configuration with a change, and with the host's key, which the workflow gives otherwise. */
  function configOf(change: (config: Changeable) => void) {
    const config = parse(readFileSync(join(project.path, "evenkeel.yaml"), "utf8"));
    config.environments.production.knownHosts = target.hostKeyLine;
    change(config);
    return loadConfig(written("changed.yaml", stringify(config)));
  }
});

interface Changeable {
  readonly container: object;
  readonly health: object;
}

function example(name: string): string {
  return readFileSync(join(root, `examples/workflows/${name}.yml`), "utf8");
}

function written(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** What act tells of a command that a step gave it, among other things. */
interface Entry {
  readonly msg: string;
  readonly command?: string;
  readonly name?: string;
  readonly arg?: string;
  readonly content?: string;
  readonly kvPairs?: { readonly title?: string };
}

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
