import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../cli/call.js";
import { COMMANDS, ENGINE_COMMANDS } from "../../cli/commands.js";
import { FLAGS } from "../../cli/flags.js";
import { helpOf, helpOfAll } from "../../cli/help.js";
import { EvenkeelError } from "../../src/errors.js";
import { moduleDoc, moduleSurface } from "../docs/support/module-surface.js";

const image = `registry.example.com/team/shop@sha256:${"0".repeat(64)}`;
const read = (line: string) => readCommandLine(line.split(" ").filter((word) => word !== ""));

function refusal(line: string): EvenkeelError {
  try {
    read(line);
  } catch (error) {
    if (error instanceof EvenkeelError) return error;
    throw error;
  }
  throw new Error(`${line} was understood`);
}

describe("a command line", () => {
  it.each([
    [`deploy --image=${image} --untested`, "deploy", { image, untested: "true" }],
    [`deploy --image ${image} --environment staging`, "deploy", { image, environment: "staging" }],
    [`--config=shop.yaml status`, "status", { config: "shop.yaml" }],
    [`rollback --to=3 --reason=`, "rollback", { to: "3", reason: "" }],
    [`deploy --image=${image} --untested=false`, "deploy", { image }],
    [`status --ssh-key=env://KEY=1`, "status", { "ssh-key": "env://KEY=1" }],
  ])("%s", (line, name, values) => {
    expect(read(line)).toMatchObject({ command: { name }, values });
    expect(Object.keys((read(line) as { values: object }).values)).toHaveLength(Object.keys(values).length);
  });

  it.each([
    ["help", null],
    ["--help", null],
    ["-h", null],
    ["help deploy", "deploy"],
    ["deploy --help", "deploy"],
    ["deploy -h --image=x", "deploy"],
  ])("%s asks for help", (line, name) => {
    const asked = read(line) as { readonly help: { readonly name: string } | null };
    expect(asked.help?.name ?? null).toBe(name);
  });

  it("asks for the version", () => expect(read("--version")).toEqual({ version: true }));

  it.each([
    ["", "No command is named."],
    ["statsu", 'There is no command "statsu"; did you mean status?'],
    ["help statsu", 'There is no command "statsu"; did you mean status?'],
    ["frobnicate", 'There is no command "frobnicate"'],
    ["status --enviroment=production", 'There is no flag "--enviroment"; did you mean --environment?'],
    ["status --ssh_key=env://KEY", 'There is no flag "--ssh_key"; did you mean --ssh-key?'],
    ["status --zzz", 'There is no flag "--zzz"'],
    ["status -x", 'There is no flag "-x"'],
    ["status --image=x", "`status` has no --image."],
    ["status --version", "`status` has no --version."],
    ["status production", '`status` takes flags only, and was given "production".'],
    ["status --environment", "--environment needs a value: --environment=NAME"],
    ["rollback --reason --to=3", "--reason needs a value: --reason=TEXT"],
    ["status --environment=a --environment=b", "--environment stands twice."],
    [`deploy --image=${image} --untested=maybe`, "--untested takes no value but true or false."],
    ["deploy", "`deploy` needs --image."],
    ["plan --environment=production", "`plan` needs --image."],
    ["deploy --image=", "`deploy` needs --image."],
  ])("%s is refused, and says in what", (line, words) => {
    const error = refusal(line);
    expect(error.code).toBe("usage");
    expect(error.detail.split("\n")).toContain(words);
    expect(error.next).toMatch(/`npx evenkeel (help|\w[\w-]* --help)`|`--image=/);
  });

  it("tells everything that is wrong at once", () => {
    expect(refusal("status production --imagee=x --untested").detail.split("\n")).toEqual([
      'There is no flag "--imagee"; did you mean --image?',
      '`status` takes flags only, and was given "production".',
      "`status` has no --untested.",
    ]);
  });

  it("repeats nothing that may be a secret", () => {
    for (const line of [
      "status --sshkey=s3cret",
      "status hunter2=s3cret",
      "status --ssh-key=a --ssh-key=s3cret",
    ])
      expect(refusal(line).message).not.toContain("s3cret");
  });

  it.each(ENGINE_COMMANDS)("%s is the engine's, and that is where it is sent", (name) => {
    expect(refusal(name).next).toBe(`Run \`dagger call ${name}\`.`);
  });
});

describe("the commands", () => {
  const surface = moduleSurface();
  // What only an engine can do anything with.
  const engineOnly = new Set(["--build-secrets", "--dirty"]);

  // Of the constructor: what comes from here as well.
  const ofTheCall = [...surface.constructor].filter((flag) => flag !== "--source" && flag !== "--facts");

  // For a host's sshd, which has no engine and makes no call.
  const calls = COMMANDS.filter(({ name }) => name !== "host");

  it("are the module's functions, each with the flags that it has there", () => {
    const offered = [...surface.functions.keys()].filter((name) => !ENGINE_COMMANDS.includes(name));
    expect(calls.map(({ name }) => name).sort()).toEqual(offered.sort());
    for (const { name, flags } of calls) {
      const there = [...(surface.functions.get(name) ?? [])].filter((flag) => !engineOnly.has(flag));
      // There `dagger --progress` is the first, and files stay in the engine.
      const own = flags.filter((flag) => flag !== "format" && flag !== "report").map((flag) => `--${flag}`);
      expect(own.sort(), name).toEqual([...there, ...ofTheCall].sort());
    }
  });

  it("are explained in the module's words", () => {
    for (const { name, does } of calls.filter((one) => one.name !== "deploy"))
      expect(moduleDoc(name), name).toBe(does);
  });

  it.each(COMMANDS)("$name has an example that is understood", ({ name, example }) => {
    const words = [...example.matchAll(/[^\s"]*"[^"]*"|\S+/g)].map(([word]) => word.replaceAll('"', ""));
    expect(readCommandLine(words)).toMatchObject({ command: { name } });
  });

  it.each(COMMANDS)("the help of $name names each of its flags, and fits a terminal", (command) => {
    const text = helpOf(command);
    for (const flag of command.flags) expect(text).toContain(`--${flag}`);
    for (const line of text.split("\n").filter((one) => !one.includes("npx")))
      expect(line.length).toBeLessThanOrEqual(80);
  });

  it("are all in the help, with the exit codes and the ways to name a secret", () => {
    const words = helpOfAll().replaceAll(/\s+/g, " ");
    for (const { name, does } of COMMANDS) expect(words).toContain(`${name} ${does}`);
    expect(helpOfAll()).toMatch(/exit codes:\n +0 [\s\S]*file:\/\/|file:\/\/[\s\S]*exit codes:\n +0 /);
  });

  it("no flag is there for nothing", () => {
    const used = new Set<string>([...COMMANDS.flatMap(({ flags }) => flags), "help", "version"]);
    expect(Object.keys(FLAGS).filter((flag) => !used.has(flag))).toEqual([]);
  });
});
