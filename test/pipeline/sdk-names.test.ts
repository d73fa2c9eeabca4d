import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

// Inside the engine the SDK exports the API's classes, which are types to us, and these.
const values = new Set([
  "argument",
  "check",
  "connect",
  "connection",
  "dag",
  "entrypoint",
  "enumType",
  "field",
  "func",
  "generate",
  "object",
]);
const root = new URL("../../src/", import.meta.url).pathname;
const imports =
  /import\s+(type\s+)?(?:\{([^}]*)\}|(\*\s+as\s+\w+|\w+))\s+from\s+"@dagger\.io\/dagger(\/telemetry)?"/g;

const found = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path) =>
    [...readFileSync(join(root, path), "utf8").matchAll(imports)].map((match) => ({ path, match })),
  );

it("no file under src needs a name of the SDK that the engine does not offer", () => {
  expect(found.length).toBeGreaterThan(5);
  for (const { path, match } of found) {
    const [, typeOnly, names = "", whole, telemetry] = match;
    if (typeOnly !== undefined) continue;
    expect(whole, path).toBeUndefined();
    const used = names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && !name.startsWith("type "));
    const offered = telemetry === undefined ? values : new Set(["getTracer"]);
    for (const name of used) expect(offered.has(name), `${name} in ${path}`).toBe(true);
  }
});

it("only the module needs the SDK to be there: the library works without it", () => {
  const needing = found.filter(({ match }) => match[1] === undefined && !/^\s*type\s/.test(match[2] ?? ""));
  expect(needing.filter(({ path }) => !path.startsWith("module/")).map(({ path }) => path)).toEqual([]);
});
