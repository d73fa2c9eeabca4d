import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { moduleSurface } from "../../docs/support/module-surface.js";

const repository = resolve(import.meta.dirname, "../../..");
const script = join(repository, "ci/action/run.sh");
const inputsOf = join(repository, "ci/action/inputs.sh");
const key = { SSH_KEY: "key-text" };
/** Flags that have no input of their own. */
const BY_ARGS = ["--dirty", "--slot", "--lines", "--since", "--follow"];
const digest = `registry.example.com/team/shop@sha256:${"a1".repeat(32)}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-action-"));
  writeFileSync(join(folder, "evenkeel.yaml"), "");
  fakeDagger("");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the call", () => {
  it("deploys with nothing but the module, the source and the key when nothing else is given", () => {
    const { argv } = run({ SSH_KEY: "key-text" });
    expect(argv.filter((word) => !word.startsWith("--facts="))).toEqual([
      "--progress=plain",
      "call",
      "-m",
      repository,
      "--source=.",
      "deploy",
      "--ssh-key=env://INPUT_SSH_KEY",
    ]);
  });

  it("passes each input as one argument", () => {
    mkdirSync(join(folder, "services/my shop"), { recursive: true });
    writeFileSync(join(folder, "services/my shop/other.yaml"), "");
    const { argv } = run({
      FUNCTION: "rollback",
      ENVIRONMENT: "production",
      SSH_KEY: "key-text",
      TO: "3",
      REASON: 'back to $(id) `id` "two"',
      SOURCE: "services/my shop",
      CONFIG: "other.yaml",
      KNOWN_HOSTS: "shop.example.com ssh-ed25519 AAAA\nother ssh-rsa BBBB",
      ARGS: '\n--one=$(id) `id` "two"\r\n\n--two=3\r\n',
    });
    expect(argv.slice(4).filter((word) => !word.startsWith("--facts="))).toEqual([
      "--source=services/my shop",
      "--config=other.yaml",
      "--known-hosts=shop.example.com ssh-ed25519 AAAA\nother ssh-rsa BBBB",
      "rollback",
      "--environment=production",
      "--ssh-key=env://INPUT_SSH_KEY",
      "--to=3",
      '--reason=back to $(id) `id` "two"',
      '--one=$(id) `id` "two"',
      "--two=3",
    ]);
  });

  it("deploys an image that exists, also an untested one", () => {
    const { argv } = run({ SSH_KEY: "key-text", IMAGE: digest, UNTESTED: "true" });
    expect(argv.slice(-2)).toEqual([`--image=${digest}`, "--untested"]);
  });

  it("names secrets by their variable and never passes their text", () => {
    const secrets = {
      SSH_KEY: "key-text",
      ENV_FILE: "A=file-text",
      REGISTRY_PASSWORD: "pass-text",
      BUILD_SECRETS: "B=build-text",
    };
    const { argv, environment } = run(secrets);
    expect(argv.slice(7)).toEqual([
      "--ssh-key=env://INPUT_SSH_KEY",
      "--environment-file=env://INPUT_ENV_FILE",
      "--registry-password=env://INPUT_REGISTRY_PASSWORD",
      "--build-secrets=env://INPUT_BUILD_SECRETS",
    ]);
    expect(argv.join(" ")).not.toMatch(/-text/);
    for (const [name, text] of Object.entries(secrets))
      expect(environment).toContain(`INPUT_${name}=${text}`);
  });

  it("says who calls, and where to look for them", () => {
    const { argv } = run(key, {
      GITHUB_ACTOR: "octocat",
      GITHUB_REPOSITORY: "team/shop",
      GITHUB_RUN_ID: "17",
    });
    expect(argv).toContain("--holder=octocat, https://github.com/team/shop/actions/runs/17");
  });
});

describe("wrong inputs", () => {
  it.each([
    [{ FUNCTION: "deploy; id" }, "function is 'deploy; id', expected one of: build deploy history"],
    [{ FUNCTION: "--help" }, "function is '--help'"],
    [{ FUNCTION: "@" }, "function is '@'"],
    [{ SSH_KEY: "" }, "ssh-key is empty, and deploy needs the private key for the host."],
    [{ FUNCTION: "status", IMAGE: digest }, "image is given, and status takes none."],
    [{ FUNCTION: "test", ...key }, "ssh-key is given, and test takes none."],
    [{ UNTESTED: "yes", ...key }, "untested is 'yes', expected true or false."],
    [{ UNTESTED: "true", ...key }, "untested is true without an image"],
    [{ IMAGE: "shop:latest", ...key }, "image is 'shop:latest', expected repository@sha256:…"],
    [{ IMAGE: `x\noutcome=promoted\nz=${digest}`, ...key }, "image is 'x outcome=promoted z="],
    [{ IMAGE: digest, BUILD_SECRETS: "A=1", ...key }, "image and build-secrets are both given"],
    [{ REGISTRY_USERNAME: "robot", ...key }, "registry-username is given and registry-password is empty."],
    [{ FUNCTION: "rollback", TO: "two", ...key }, "to is 'two', expected the number of a revision."],
    [
      { VERSION: "0.20.1", ...key },
      "version is '0.20.1', expected a version of dagger: 0.21.8 or later of 0.21.",
    ],
    [{ VERSION: "latest", ...key }, "version is 'latest'"],
    [{ SOURCE: "nowhere", ...key }, "there is no folder 'nowhere' (source). Is actions/checkout a step"],
    [{ CONFIG: "other.yaml", ...key }, "there is no other.yaml in '.'."],
    [{ REASON: "x", ARGS: "--reason=y", ...key }, "reason is given, and args have --reason as well."],
    [{ ENV_FILE: "A=1", ARGS: "--environment-file=env://B", ...key }, "env-file is given, and args have"],
  ])("%j are told before anything is called", (inputs, words) => {
    const { status, stderr, argv, summary, outputs } = run(inputs as Readonly<Record<string, string>>);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).toContain("nothing was run");
    expect(summary).toContain(words.slice(0, 30));
    expect(outputs).toMatch(/^outcome=failed\ncode=usage\n/);
    expect(argv).toEqual([]);
  });

  it("are all told at once, in one annotation that its text cannot end", () => {
    const inputs = { UNTESTED: "100%\n::set-output name=x::y", TO: "1", IMAGE: "shop" };
    const { stdout } = run(inputs, { GITHUB_ACTIONS: "true" });
    const [annotation, ...rest] = stdout.trimEnd().split("\n");
    expect(rest).toEqual([]);
    expect(annotation).toMatch(/^::error title=evenkeel deploy%3A wrong inputs::/);
    expect(annotation).toMatch(
      /to is given.*%0Assh-key is empty.*%0Auntested is '100%25 ::set-output.*%0Aimage is/,
    );
  });
});

it("which inputs go with which function is what the module says", () => {
  const table = spawnSync(
    "bash",
    [
      "-c",
      `here=. module=. ; source ${inputsOf}; for f in "\${!TAKES[@]}"; do echo "$f \${TAKES[$f]}"; done`,
    ],
    {
      encoding: "utf8",
    },
  ).stdout;
  const ours = table
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/ +/));
  const { functions } = moduleSurface();
  expect(ours.map(([name]) => name).sort()).toEqual([...functions.keys()].sort());
  for (const [name = "", ...inputs] of ours) {
    const flags = [...(functions.get(name) ?? [])].filter((flag) => !BY_ARGS.includes(flag));
    const flagOf = (input: string) => (input === "env-file" ? "--environment-file" : `--${input}`);
    expect(inputs.map(flagOf).sort(), name).toEqual(flags.sort());
  }
});

it("every input of action.yml reaches the script, and no other", () => {
  const { inputs, runs } = parse(readFileSync(join(repository, "action.yml"), "utf8"));
  const given = Object.entries(runs.steps[0].env as Readonly<Record<string, string>>).filter(([name]) =>
    name.startsWith("INPUT_"),
  );
  const expected = Object.keys(inputs).map((name) => [
    `INPUT_${name.replaceAll("-", "_").toUpperCase()}`,
    `\${{ inputs.${name} }}`,
  ]);
  expect(given.sort()).toEqual(expected.sort());
});

describe("the end", () => {
  it.each([0, 1, 124])("has dagger's own exit code %i", (code) => {
    fakeDagger(`exit ${code}`);
    const { status, outputs } = run(key);
    expect(status).toBe(code);
    expect(outputs).toContain(code === 0 ? "outcome=done\n" : "outcome=failed\n");
  });

  it("gives what the module tells a machine as outputs, and the text for people as report", () => {
    fakeDagger(`printf 'Revision 7 serves.\\nimage=forged\\n'
facts "outcome promoted" "image ${digest}" "digest sha256:${"a1".repeat(32)}" "revision 7" "url https://shop.example.com" "summary ### It worked" "summary " "summary well"`);
    const { stdout, outputs, summary } = run(key);
    expect(stdout).toBe("Revision 7 serves.\nimage=forged\n");
    expect(outputs).toMatch(
      /^outcome=promoted\ncode=\nimage=registry\.example\.com\/team\/shop@sha256:(a1){32}\ndigest=sha256:(a1){32}\nrevision=7\nurl=https:\/\/shop\.example\.com\n/,
    );
    const [, delimiter] = /report<<(report-[0-9a-f]{32})\n/.exec(outputs) ?? [];
    expect(outputs.endsWith(`\nRevision 7 serves.\nimage=forged\n\n${delimiter}\n`)).toBe(true);
    expect(summary).toBe("### It worked\n\nwell\n\n");
    const second = /report<<(report-\S+)/.exec(run(key).outputs)?.[1];
    expect(second).not.toBe(delimiter);
  });

  it("lets no fact of several lines become an output of its own", () => {
    fakeDagger(`facts "outcome failed" "image x" "image outcome=promoted" "url" "url z"`);
    expect(run(key).outputs).toMatch(/^outcome=failed\ncode=\nimage=x\ndigest=\nrevision=\nurl=\npage=\n/);
  });

  it("keeps the page of a run in a file, and says nothing of one where there was no run", () => {
    fakeDagger(`facts "outcome promoted" "page <!doctype html>" "page " "page <p>x</p>"`);
    const path = /^page=(.+)$/m.exec(run(key, { RUNNER_TEMP: folder }).outputs)?.[1] ?? "";
    expect(path.startsWith(`${folder}/evenkeel-`)).toBe(true);
    expect(readFileSync(path, "utf8")).toBe("<!doctype html>\n\n<p>x</p>\n");
    fakeDagger(`facts "outcome done"`);
    expect(run(key, { RUNNER_TEMP: folder }).outputs).toMatch(/^page=$/m);
  });

  it("tells why a deploy failed, what serves and what to do, and shows no fact as it is", () => {
    fakeDagger(`{ cat <<'END'
12  : deploy ERROR
12  : ! Rolled back.
Code: bake-failed
END
facts "outcome halted"
cat <<'END'

\x1b[31mError: Rolled back.
Error: said its log
Code: bake-failed
END
facts "outcome rolled-back" "code bake-failed" "revision 6" "error Rolled back: 100% failed." "error Revision 6 serves." "next Read the logs." "warning one, two" "summary ### Rolled back" |
  sed '$ s/$/ [traceparent:0dc5e8906610174407cd1b7c643aacd0-a7c4052b5c771a10]/'
} >&2
exit 1`);
    const { stdout, outputs, summary, status } = run(key, { GITHUB_ACTIONS: "true" });
    expect(status).toBe(1);
    expect(stdout).toContain("::warning title=evenkeel deploy::one, two\n");
    expect(stdout).toContain(
      "::error title=evenkeel deploy%3A rolled-back (bake-failed)::Rolled back: 100%25 failed.%0ARevision 6 serves.%0ANext: Read the logs.\n",
    );
    expect(stdout).not.toContain("facts-");
    expect(outputs).toMatch(/^outcome=rolled-back\ncode=bake-failed\nimage=\ndigest=\nrevision=6\nurl=\n/);
    expect(outputs).toContain("\nError: Rolled back.\nError: said its log\nCode: bake-failed\n\nreport-");
    expect(summary).toBe("### Rolled back\n\n");
  });

  it("takes no fact from whoever does not know the word, however much it looks like one", () => {
    fakeDagger("printf 'facts-00 begin\\nfacts-00 outcome promoted\\nfacts-00 end\\n'; exit 1");
    expect(run(key).outputs).toMatch(/^outcome=failed\n/);
  });

  it("shows the last lines where dagger gives no message, and passes all of them on", () => {
    fakeDagger("seq 1 100 >&2; echo 'no engine to be had' >&2; exit 1");
    const { summary, stderr } = run({ ...key, ENVIRONMENT: "production" });
    expect(summary).toContain("### ❌ evenkeel deploy to production: failed, exit code 1");
    expect(summary).toContain("    no engine to be had\n");
    expect(summary).not.toContain("    41\n");
    expect(stderr).toContain("\n41\n");
    expect(stderr).toMatch(/error: evenkeel deploy to production: failed\n[\s\S]*no engine to be had\n$/);
  });

  it("says so when there is no dagger to be had", () => {
    fakeDagger("", "v0.20.0");
    const { status, stdout, summary } = run(key, {
      GITHUB_ACTIONS: "true",
      EVENKEEL_DAGGER_RELEASES: "http://127.0.0.1:1",
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/::error title=evenkeel deploy%3A no dagger::.*could not download http/);
    expect(summary).toContain("could not download http://127.0.0.1:1");
  });
});

describe("on GitHub's runner", () => {
  it("no line that a log or a report says is a command", () => {
    fakeDagger("printf '::set-output name=image::evil'; printf '::warning::evil\\n\\e[c' >&2");
    const { stdout, stderr } = run(key, { GITHUB_ACTIONS: "true" });
    const spoken: string[] = [];
    let token = "";
    for (const line of stdout.split("\n")) {
      const stopped = /^::stop-commands::([0-9a-f]{32})$/.exec(line)?.[1];
      if (token !== "") {
        if (line === `::${token}::`) token = "";
      } else if (stopped !== undefined) token = stopped;
      else if (line.startsWith("::")) spoken.push(line);
    }
    expect(spoken).toEqual(["::add-mask::key-text", "::group::evenkeel deploy", "::endgroup::"]);
    expect(stdout.match(/evil/g)).toHaveLength(2);
    expect(stderr).toBe("");
    const tokens = [...stdout.matchAll(/^::stop-commands::(\w+)$/gm)].map(([, word]) => word);
    expect(new Set(tokens).size).toBe(2);
  });

  it("is told to hide each part of the secrets, and elsewhere nothing is told", () => {
    const secrets = {
      SSH_KEY: "-----BEGIN KEY-----\nfirst-line-of-it\nsecond%line\n-----END KEY-----\n",
      REGISTRY_PASSWORD: "pa55",
      ENV_FILE: "DATABASE='postgres://u:pass@db/x'\nMODE=production\n",
    };
    const { stdout } = run(secrets, { GITHUB_ACTIONS: "true" });
    expect(stdout.match(/^::add-mask::.*$/gm)).toEqual([
      "::add-mask::first-line-of-it",
      "::add-mask::second%25line",
      "::add-mask::pa55",
      "::add-mask::postgres://u:pass@db/x",
    ]);
    const elsewhere = run(secrets);
    expect(elsewhere.stdout + elsewhere.stderr).not.toMatch(/pa55|first-line|postgres/);
  });
});

/** A `dagger` that notes its arguments and environment, then does as told. */
function fakeDagger(body: string, version = "v0.21.8"): void {
  writeFileSync(
    join(folder, "dagger"),
    `#!/bin/bash
if [[ $1 == version ]]; then echo 'dagger ${version} (image://engine) linux/amd64'; exit; fi
for word in "$@"; do if [[ $word == --facts=* ]]; then mark=\${word#--facts=}; fi; done
facts() { printf "$mark %s\\n" begin "$@" end; }
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
    cwd: folder,
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
