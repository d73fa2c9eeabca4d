import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { environmentFiles } from "../../src/commands/environment.js";
import { run, shells } from "./support/shells.js";
import { release, runtime } from "./support/steps.js";

const files = (env: Record<string, string>) =>
  environmentFiles({ ...release, runtime: { ...runtime, env, secretNames: [] } }, new Map());
const done = (env: Record<string, string>) => {
  const made = files(env);
  if (made.verdict === "failed") throw new Error(made.problem);
  return made;
};

const lines = { A: "", B: "  lead and trail  ", C: `"a" 'b' #c =d $e \\n`, D: "é🚢\ttab" };
const others = { E: "one\ntwo\n\n", F: "a\rb", G: "end\r", H: "'\n\"$HOME`id`", I: "x".repeat(100_000) };

it("a value that a line can hold stands in the file as it is, with no comment or mark to lose it", () => {
  const { file } = done({ ...lines, BOM: "\ufeffx" });
  expect(file.startsWith("# ")).toBe(true);
  for (const [name, value] of Object.entries(lines)) expect(file.split("\n")).toContain(`${name}=${value}`);
});

it.each(shells.map((shell) => [shell.join(" "), shell] as const))(
  "in %s, all others reach Docker byte for byte",
  (_, shell) => {
    const { script, file } = done(others);
    for (const name of Object.keys(others)) expect(file).not.toContain(`${name}=`);
    const print = `${script}printf '%s\\0' "$@"; for n in E F G H I; do eval "printf '%s\\0' \\"\\$$n\\""; done`;
    const seen = run(shell, `set -- --name x\n${print}`).stdout.split("\0").slice(0, -1);
    expect(new Set(seen.slice(0, 10).filter((_, index) => index % 2 === 1))).toEqual(
      new Set(Object.keys(others)),
    );
    expect(seen.slice(10, 12)).toEqual(["--name", "x"]);
    expect(seen.slice(12)).toEqual(Object.values(others));
  },
);

it("refuses what would change the host's own commands, and only then", () => {
  for (const name of [
    "PATH",
    "DOCKER_HOST",
    "LD_PRELOAD",
    "HTTPS_PROXY",
    "no_proxy",
    "XDG_CONFIG_HOME",
    "TMPDIR",
    "GODEBUG",
    "HOME",
    "IFS",
    "PPID",
  ]) {
    expect(files({ [name]: "a\nb" }), name).toMatchObject({
      verdict: "failed",
      problem: expect.stringContaining(name),
    });
    expect(files({ [name]: "a" }).verdict, name).toBe("done");
  }
  expect(files({ PATHS: "a\nb" }).verdict).toBe("done");
});

it("refuses what no environment can hold, naming the variable and never its value", () => {
  for (const [name, value] of [
    ["A", "x\0y"],
    ["A", "x".repeat(131_072)],
    ["A B", "secret"],
    ["", "secret"],
    ["A", "\ud800"],
  ] as const) {
    const made = files({ [name]: value });
    expect(made.verdict).toBe("failed");
    expect(JSON.stringify(made)).not.toContain("secret");
  }
});

it("says which secret is missing, and prefers a secret to a plain value", () => {
  const wanted = { ...release, runtime: { ...runtime, env: { A: "plain" }, secretNames: ["A", "B"] } };
  expect(environmentFiles(wanted, new Map())).toMatchObject({
    verdict: "failed",
    problem: expect.stringContaining("B: "),
  });
  expect(
    environmentFiles(
      wanted,
      new Map([
        ["A", "s"],
        ["B", "t"],
      ]),
    ),
  ).toMatchObject({ file: "# evenkeel\nA=s\nB=t\n" });
});

it("the limit of Linux is where it is believed to be", () => {
  const fits = spawnSync("env", [], { env: { PATH: process.env.PATH, A: "x".repeat(131_069) } });
  expect(fits.error).toBeUndefined();
  expect(
    spawnSync("env", [], { env: { PATH: process.env.PATH, A: "x".repeat(131_071) } }).error,
  ).toBeDefined();
});

it("refuses variables that together are too long for the label that a container's release is kept in", () => {
  const half = "x".repeat(66_000);
  expect(files({ A: half }).verdict).toBe("done");
  expect(files({ A: half, B: half })).toMatchObject({
    verdict: "failed",
    problem: expect.stringContaining("127 KiB"),
  });
});
