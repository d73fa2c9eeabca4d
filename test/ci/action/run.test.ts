import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const repository = resolve(import.meta.dirname, "../../..");
const script = join(repository, "ci/action/run.sh");
const digest = `registry.example.com/team/shop@sha256:${"a1".repeat(32)}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-action-"));
  fakeDagger("");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the call", () => {
  it("deploys with nothing but the module and the source when nothing else is given", () => {
    expect(run({}).argv).toEqual(["--progress=plain", "call", "-m", repository, "--source=.", "deploy"]);
  });

  it("passes each input as one argument", () => {
    const { argv } = run({
      FUNCTION: "rollback",
      ENVIRONMENT: "production",
      REGISTRY_USERNAME: "robot",
      IMAGE: digest,
      UNTESTED: "true",
      SOURCE: "services/my shop",
      ARGS: '--reason=back to $(id) `id` "two"\n\n--to=3\r\n',
    });
    expect(argv.slice(4)).toEqual([
      "--source=services/my shop",
      "rollback",
      "--environment=production",
      "--registry-username=robot",
      `--image=${digest}`,
      "--untested",
      '--reason=back to $(id) `id` "two"',
      "--to=3",
    ]);
  });

  it("names secrets by their variable and never passes their text", () => {
    const secrets = { SSH_KEY: "key-text", ENVIRONMENT_FILE: "A=file-text", REGISTRY_PASSWORD: "pass-text" };
    const { argv, environment } = run(secrets);
    expect(argv.slice(6)).toEqual([
      "--ssh-key=env://INPUT_SSH_KEY",
      "--environment-file=env://INPUT_ENVIRONMENT_FILE",
      "--registry-password=env://INPUT_REGISTRY_PASSWORD",
    ]);
    expect(argv.join(" ")).not.toMatch(/-text/);
    for (const [name, text] of Object.entries(secrets))
      expect(environment).toContain(`INPUT_${name}=${text}`);
  });

  it.each([
    [{ FUNCTION: "deploy; id" }, "expected the name of one"],
    [{ FUNCTION: "--help" }, "expected the name of one"],
    [{ UNTESTED: "yes" }, "expected true or false"],
  ])("refuses %j before calling anything", (inputs, words) => {
    const { status, stderr, argv } = run(inputs);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
    expect(argv).toEqual([]);
  });
});

describe("the end", () => {
  it.each([0, 1, 124])("has dagger's own exit code %i", (code) => {
    fakeDagger(`exit ${code}`);
    expect(run({}).status).toBe(code);
  });

  it("gives the report, the image and the revision as outputs", () => {
    fakeDagger(`printf 'promoted: revision 7 serves in green\\nimage ${digest}\\nimage=forged\\n'`);
    const { stdout, outputs } = run({});
    expect(stdout).toContain("promoted: revision 7 serves in green");
    expect(outputs).toMatch(/^image=registry\.example\.com\/team\/shop@sha256:(a1){32}\nrevision=7\n/);
    const [, delimiter] = /report<<(report-[0-9a-f]{32})\n/.exec(outputs) ?? [];
    expect(outputs.endsWith(`image=forged\n${delimiter}\n`)).toBe(true);
    const second = /report<<(report-\S+)/.exec(run({}).outputs)?.[1];
    expect(second).not.toBe(delimiter);
  });

  it("shows the report on the run's page", () => {
    fakeDagger("printf 'promoted: revision 7\\n```\\n'; echo noise >&2");
    const { summary } = run({ ENVIRONMENT: "production" });
    expect(summary).toBe("### evenkeel deploy to production: done\n\n    promoted: revision 7\n    ```\n\n");
  });

  it("shows the message of a failure on the run's page, without dagger's progress and colours", () => {
    fakeDagger(`cat >&2 <<'END'
12  : deploy ERROR
12  : ! Rolled back.
Code: bake-failed

\x1b[31mError: Rolled back.
Error: said its log
Code: bake-failed [traceparent:0dc5e8906610174407cd1b7c643aacd0-a7c4052b5c771a10]
END
exit 1`);
    const { summary, outputs } = run({});
    expect(summary).toBe(
      "### evenkeel deploy: failed, exit code 1\n\n    Error: Rolled back.\n    Error: said its log\n    Code: bake-failed\n\n",
    );
    expect(outputs).toBe("");
  });

  it("takes the image that was given for the output when the report names none", () => {
    fakeDagger("echo 'Nothing to do: revision 3 serves this already.'");
    expect(run({ IMAGE: digest }).outputs).toMatch(
      /^image=registry\.example\.com\/team\/shop@sha256:(a1){32}\nrevision=3\n/,
    );
  });

  it("shows the last lines where dagger gives no message, and passes all of them on", () => {
    fakeDagger("seq 1 100 >&2; echo 'gate-failed: said no' >&2; exit 1");
    const { summary, stderr } = run({});
    expect(summary).toContain("### evenkeel deploy: failed, exit code 1");
    expect(summary).toContain("    gate-failed: said no\n");
    expect(summary).not.toContain("    41\n");
    expect(stderr).toContain("\n41\n");
  });
});

it("lets no line that a log or a report says be a command to GitHub's runner", () => {
  fakeDagger("echo '::set-output name=image::evil'; echo '::warning::evil' >&2");
  const { stdout, stderr } = run({}, { GITHUB_ACTIONS: "true" });
  const token = /^::stop-commands::([0-9a-f]{32})\n/.exec(stdout)?.[1];
  expect(stdout).toBe(
    `::stop-commands::${token}\n::warning::evil\n::set-output name=image::evil\n::${token}::\n`,
  );
  expect(stderr).toBe("");
  expect(run({}, { GITHUB_ACTIONS: "true" }).stdout).not.toContain(token);
});

/** A `dagger` that notes its arguments and environment, then does as told. */
function fakeDagger(body: string): void {
  writeFileSync(
    join(folder, "dagger"),
    `#!/bin/bash
if [[ $1 == version ]]; then echo 'dagger v0.21.8 (image://engine) linux/amd64'; exit; fi
printf '%s\\0' "$@" >'${folder}/argv'
env -0 >'${folder}/environment'
${body}
`,
  );
  chmodSync(join(folder, "dagger"), 0o755);
}

function run(inputs: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) {
  for (const name of ["output", "summary"]) writeFileSync(join(folder, name), "");
  const { status, stdout, stderr } = spawnSync(script, {
    encoding: "utf8",
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      HOME: folder,
      GITHUB_OUTPUT: join(folder, "output"),
      GITHUB_STEP_SUMMARY: join(folder, "summary"),
      ...more,
      ...Object.fromEntries(Object.entries(inputs).map(([name, text]) => [`INPUT_${name}`, text])),
    },
  });
  return {
    ...{ status, stdout, stderr },
    argv: words("argv"),
    environment: words("environment"),
    outputs: readFileSync(join(folder, "output"), "utf8"),
    summary: readFileSync(join(folder, "summary"), "utf8"),
  };
}

function words(file: string): readonly string[] {
  try {
    return readFileSync(join(folder, file), "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}
