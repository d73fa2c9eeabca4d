import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

/** Who may import whom, as architecture.md says. */
const root = join(import.meta.dirname, "..");

interface Import {
  readonly from: string;
  readonly names: string;
  /** A file under src, or a package. */
  readonly what: string;
  readonly typeOnly: boolean;
}

const files = globSync("src/**/*.ts", { cwd: root }).map((file) => file.replaceAll("\\", "/"));
const text = (file: string) => readFileSync(join(root, file), "utf8");
const imports: readonly Import[] = files.flatMap((from) =>
  [
    ...text(from).matchAll(
      /^(?:import|export) (type )?(\{[^}]*\}|\*(?: as \w+)?|\w+(?:, \{[^}]*\})?) from "([^"]+)"/gm,
    ),
  ].map((found) => {
    const what = found[3] ?? "";
    const names = (found[2] ?? "").trim();
    const inner = /^\{(.*)\}$/s.exec(names)?.[1];
    const allTypes = inner?.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type "));
    return {
      from,
      names,
      what: what.startsWith(".") ? normalize(join(dirname(from), what)).replace(/\.js$/, ".ts") : what,
      typeOnly: found[1] !== undefined || allTypes === true,
    };
  }),
);

const folderOf = (file: string) => /^src\/([^/]+)\//.exec(file)?.[1] ?? file;

/** Folders and files of src, and packages, that each part may import; `type X` where only types of it. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: ["core", "type config"],
  // A digest is as pure as a concatenation.
  commands: ["commands", "core", "src/errors.ts", "node:crypto"],
  config: ["config", "src/errors.ts", "zod", "yaml", "node:"],
  // zod for the format of the events that other programs read.
  effects: ["effects", "core", "commands", "src/errors.ts", "node:", "node-ssh", "undici", "zod"],
  // What a host lets through is what the configuration lets through, so zod and the configuration's own kinds.
  "forced-command": [
    "forced-command",
    "commands",
    "core",
    "src/config/names.ts",
    "src/errors.ts",
    "node:",
    "zod",
  ],
  // A run as data and as a page: it reads what the others know, and does nothing.
  report: ["report", "core", "effects", "src/config/units.ts", "src/errors.ts"],
  pipeline: ["pipeline", "config", "src/errors.ts", "type @dagger.io/dagger", "node:", "undici"],
};

test("every part imports only what it may", () => {
  const wrong = imports.filter(({ from, what, typeOnly }) => {
    const may = allowed[folderOf(from)];
    if (may === undefined) return false;
    const part = what.startsWith("src/") ? folderOf(what) : what.startsWith("node:") ? "node:" : what;
    return !may.includes(part) && !may.includes(what) && !(typeOnly && may.includes(`type ${part}`));
  });
  expect(wrong.map(({ from, what }) => `${from} imports ${what}`)).toEqual([]);
});

test("the test sees the imports at all", () => {
  expect(files.length).toBeGreaterThan(30);
  expect(imports).toContainEqual(
    expect.objectContaining({ from: "src/core/deploy.ts", what: "src/core/plan.ts", typeOnly: false }),
  );
});

test("core knows no clock, no chance, no waiting and nothing outside itself", () => {
  const forbidden =
    /\b(async|await|Promise|Date|setTimeout|setInterval|process|fetch)\b|Math\.random|performance\./;
  const wrong = files
    .filter((file) => file.startsWith("src/core/"))
    .flatMap((file) =>
      withoutComments(text(file))
        .split("\n")
        .filter((line) => forbidden.test(line.replaceAll(/"[^"]*"|`[^`]*`/g, "")))
        .map((line) => `${file}: ${line.trim()}`),
    );
  expect(wrong).toEqual([]);
});

test("commands decide nothing: of core they take types and its vocabulary only", () => {
  const wrong = imports.filter(
    ({ from, what, typeOnly }) =>
      from.startsWith("src/commands/") &&
      what.startsWith("src/core/") &&
      what !== "src/core/model.ts" &&
      !typeOnly,
  );
  expect(wrong.map(({ from, what }) => `${from} imports ${what}`)).toEqual([]);
});

test("nothing imports module, and index.ts never reaches it", () => {
  const toModule = imports.filter(
    ({ from, what }) => what.startsWith("src/module") && !from.startsWith("src/module"),
  );
  expect(toModule).toEqual([]);
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { what } of imports.filter(({ from }) => from === file))
      if (what.startsWith("src/")) visit(what);
  };
  visit("src/index.ts");
  expect([...reached].filter((file) => file.startsWith("src/module"))).toEqual([]);
  expect(
    [...reached].flatMap((file) =>
      imports
        .filter((one) => one.from === file && !one.typeOnly && one.what.startsWith("@dagger.io"))
        .map((one) => one.from),
    ),
  ).toEqual([]);
});

test("the command line is outside of src, uses the public surface, and nothing imports it", () => {
  // All of src is run on every call of the Dagger module, which has no command line.
  const own = globSync("cli/*.ts", { cwd: root });
  expect(own.length).toBeGreaterThan(3);
  const used = own.flatMap((file) =>
    [...text(file).matchAll(/(?:from |import\()"([^"]+)"/g)].map((found) => found[1] ?? ""),
  );
  const outside = used.filter((what) => !what.startsWith("./") && !what.startsWith("node:"));
  expect([...new Set(outside)].sort()).toEqual([
    // To suggest what was meant, and to say what is wrong, without all the rest.
    ...["../src/config/nearest.js", "../src/errors.js"],
    // Run by a host's sshd, not called by anybody.
    "../src/forced-command/serve.js",
    ...["../src/index.js", "../src/own-version.js"],
  ]);
  expect(imports.filter(({ what }) => what.startsWith("cli/") || what.includes("/cli/"))).toEqual([]);
});

test("relative imports end in .js", () => {
  const wrong = files.flatMap((file) =>
    [...text(file).matchAll(/(?:from|import) "(\.[^"]*)"/g)]
      .filter((found) => !found[1]?.endsWith(".js"))
      .map((found) => `${file}: ${found[1]}`),
  );
  expect(wrong).toEqual([]);
});

test("no default exports, and no barrel but index.ts", () => {
  expect(files.filter((file) => /^export default\b/m.test(text(file)))).toEqual([]);
  const barrels = files.filter((file) => /^export (type )?\* from/m.test(text(file)));
  expect(barrels.filter((file) => file !== "src/index.ts")).toEqual([]);
});

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
}
