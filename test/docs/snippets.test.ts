import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readCommandLine } from "../../cli/call.js";
import { FLAGS } from "../../cli/flags.js";
import { parseDotenv } from "../../src/config/dotenv.js";
import { parseConfig } from "../../src/config/parse.js";
import { moduleSurface } from "./support/module-surface.js";
import { pages, root, type Snippet, snippets, snippetsOf } from "./support/pages.js";

/** What each kind of block is checked for below; `text` is what somebody's screen showed. */
const KNOWN = ["yaml", "json", "sh", "ts", "dotenv", "mermaid", "text"];

it("every block says what it is", () => {
  const unknown = pages()
    .flatMap(snippetsOf)
    .filter(({ language }) => !KNOWN.includes(language));
  expect(unknown.map(({ place, language }) => `${place} ${language}`)).toEqual([]);
});

describe("yaml", () => {
  const all = snippets("yaml").map((snippet) => ({ ...snippet, data: parse(snippet.text) as object }));
  const workflows = all.filter(({ data }) => "jobs" in data);
  const configurations = all.filter(({ data }) => !("jobs" in data));

  it.each(configurations)("$place is a configuration", ({ text, data }) => {
    // A part of a file is completed by the least that a file needs.
    const least = { app: "shop", image: "registry.example.com/team/shop", environments: {} };
    const rest = Object.entries(least).filter(([key]) => !(key in data));
    const environment = { host: "shop.example.com", user: "deploy" };
    const lines = rest.map(([key, value]) =>
      key === "environments"
        ? `environments: ${JSON.stringify({ production: environment })}`
        : `${key}: ${value}`,
    );
    const config = parseConfig([...lines, text].join("\n"), { file: "evenkeel.yaml", readFile: () => "" });
    expect(config.environments.size).toBeGreaterThan(0);
  });

  it.each(workflows)("$place uses the action's own inputs and outputs", ({ text, data }) => {
    const action = parse(readFileSync(join(root, "action.yml"), "utf8"));
    const steps = Object.values((data as { jobs: Record<string, { steps: Step[] }> }).jobs).flatMap(
      (job) => job.steps,
    );
    const ours = steps.filter((step) => step.uses?.startsWith("OWNER/evenkeel@"));
    expect(ours.length).toBeGreaterThan(0);
    for (const step of ours)
      for (const input of Object.keys(step.with ?? {})) expect(Object.keys(action.inputs)).toContain(input);
    for (const [, output] of text.matchAll(/steps\.\w+\.outputs\.([\w-]+)/g))
      expect(Object.keys(action.outputs)).toContain(output);
  });
});

it.each(snippets("json"))("$place is a dagger.json for the engine of this module", ({ text }) => {
  const own = JSON.parse(readFileSync(join(root, "dagger.json"), "utf8"));
  const { engineVersion, blueprint } = JSON.parse(text);
  expect(engineVersion).toBe(own.engineVersion);
  expect(blueprint.name).toBe(own.name);
});

it.each(snippets("dotenv"))("$place is read as the app's secrets are", ({ text }) => {
  expect(parseDotenv(text).size).toBeGreaterThan(0);
});

describe("sh", () => {
  const all = snippets("sh");

  it.each(all)("$place is a script", ({ text }) => {
    expect(spawnSync("sh", ["-n"], { input: text, encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  // A module of the reader's own offers what it offers; it is called in test/e2e/library.test.ts.
  const ofThisModule = all.filter(calls).filter(({ place }) => !place.startsWith("examples/dagger-module/"));
  it.each(ofThisModule)("$place calls what the module offers", ({ text }) => {
    for (const line of callsOf(text)) expect(unknownIn(line), line.join(" ")).toEqual([]);
  });

  it.each(all.filter(({ text }) => /npx evenkeel/.test(text)))(
    "$place is understood by the command line",
    ({ text }) => {
      for (const words of commandLinesOf(text)) expect(() => readCommandLine(words)).not.toThrow();
    },
  );

  it("npm run and npm test name scripts there are", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const named = all
      .filter(({ place }) => !place.startsWith("examples/"))
      .flatMap(({ text }) =>
        [...text.matchAll(/\bnpm (?:run (\S+)|(test))/g)].map((match) => match[1] ?? match[2]),
      );
    expect(named).toContain("demo");
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });
});

it("npm run is given only flags that its script takes", () => {
  const sources: Readonly<Record<string, string>> = { "bench:switch": "test/bench/switch.ts" };
  const ours = pages().filter(({ path }) => !path.startsWith("examples/"));
  const given = ours.flatMap(({ text }) => [...text.matchAll(/\bnpm run ([\w:]+) -- ([^`\n#]*)/g)]);
  const unknown = given.flatMap(([line, script = "", words = ""]) => {
    const source = readFileSync(join(root, sources[script] ?? `ci/${script}/main.ts`), "utf8");
    const takes = (flag = "") =>
      source.includes(` ${flag}: { type: `) || source.includes(`"${flag}": { type: `);
    return [...words.matchAll(/--([a-z][a-z-]*)/g)].filter(([, flag]) => !takes(flag)).map(() => line);
  });
  expect(given.length).toBeGreaterThan(4);
  expect(unknown).toEqual([]);
});

it("the prose names only functions and flags that there are", () => {
  const { functions } = moduleSurface();
  const known = new Set([
    ...[...functions.values(), moduleSurface().constructor].flatMap((flags) => [...flags]),
    ...Object.keys(FLAGS).map((flag) => `--${flag}`),
  ]);
  const foreign = new Set(["--help", "--progress", "--mount"]);
  const unknown = pages().flatMap(({ path, text }) =>
    [
      ...text
        .replaceAll(/^```[\s\S]*?^```$|`npm run [^`\n]*`/gm, "")
        .matchAll(/`[^`\n]*?(--[a-z][a-z-]*)[^`\n]*`/g),
    ]
      .map((match) => match[1] ?? "")
      .filter((flag) => !known.has(flag) && !foreign.has(flag))
      .map((flag) => `${path}: ${flag}`),
  );
  expect(unknown).toEqual([]);
});

/** What Dagger itself offers for the container that `build` returns, as far as the pages use it. */
const AFTER_BUILD: Readonly<Record<string, readonly string[]>> = { export: ["--path"], terminal: [] };
const OF_A_CONTAINER: ReadonlySet<string> = new Set(Object.values(AFTER_BUILD).flat());

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

function calls({ text }: Snippet): boolean {
  return callsOf(text).length > 0;
}

/** Each `npx evenkeel` of a script, as words after it. */
function commandLinesOf(text: string): readonly (readonly string[])[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.startsWith("npx evenkeel"))
    .map((line) =>
      [...line.matchAll(/[^\s"]*"[^"]*"|[^\s"]+/g)].map(([word]) => word.replaceAll('"', "")).slice(2),
    );
}

/** Each `dagger call` of a script, as words. */
function callsOf(text: string): readonly (readonly string[])[] {
  return text
    .replaceAll("\\\n", " ")
    .split(/\n|&&|;|\|/)
    .map((line) => line.trim().split(/\s+/))
    .filter(([first, second]) => first === "dagger" && second === "call");
}

/** What of a call the module does not offer: flags before the function are the constructor's. */
function unknownIn(words: readonly string[]): readonly string[] {
  const surface = moduleSurface();
  const rest = words.slice(2);
  const unknown: string[] = [];
  let flags: ReadonlySet<string> = new Set([...surface.constructor, "--progress"]);
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? "";
    const [flag = ""] = word.split("=");
    if (word === "-m") index++;
    else if (word.startsWith("-")) {
      if (!flags.has(flag) && flag !== "--help") unknown.push(flag);
    } else if (flags === OF_A_CONTAINER || word in AFTER_BUILD) {
      flags = OF_A_CONTAINER;
      if (!(word in AFTER_BUILD) || !rest.includes("build")) unknown.push(word);
    } else {
      const own = surface.functions.get(word);
      if (own === undefined) unknown.push(word);
      flags = own ?? new Set();
    }
  }
  return unknown;
}
