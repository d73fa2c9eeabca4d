/**
 * `npm run mutate -- --only FILE`: changes `core` and the quoting in every small way, one change at a time, and
 * sees whether a test notices (mutation testing, with Stryker). It fails when a change goes unnoticed that
 * survivors.ts does not list, and when one is noticed that it does.
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { type Change, type Judged, judge } from "./judge.js";
import { survivors } from "./survivors.js";

/** Every mutant of these has to be noticed: they decide what may receive traffic, and who may act. */
const guards = [
  "src/core/gate.ts",
  "src/core/introduce.ts",
  "src/core/lock.ts",
  "src/core/locking.ts",
  "src/core/promotion-gate.ts",
  "src/core/proof.ts",
  "src/core/rollback.ts",
  "src/core/serving.ts",
  "src/commands/quote.ts",
];
/** Of all together, in percent. */
const LEAST_SCORE = 90;

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, concurrency: { type: "string", default: "2" } },
});
const started = performance.now();
const temporary = mkdtempSync(join(tmpdir(), "evenkeel-mutate-"));
// Also where the run is ended by a signal: Stryker turns that into an exit.
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));
const changes = await mutate(values.only ?? ["src/core/*.ts", "src/commands/quote.ts"]);
const judged = judge(changes, survivors);
print(changes, judged);
const enough = values.only !== undefined || score(changes) >= LEAST_SCORE;
if (judged.unlisted.length > 0 || judged.noLonger.length > 0 || !enough) process.exitCode = 1;

async function mutate(files: readonly string[]): Promise<readonly Change[]> {
  // Read before, since somebody may go on editing meanwhile.
  const paths = globSync(files.map((file) => file.replace(/:\d.*/, "")));
  const texts = new Map(paths.map((file) => [file, readFileSync(file, "utf8").split("\n")]));
  const stryker = new Stryker({
    mutate: [...files],
    testRunner: "vitest",
    vitest: { configFile: "ci/mutate/vitest.config.ts" },
    plugins: [
      "@stryker-mutator/vitest-runner",
      fileURLToPath(new URL("./text-for-people.ts", import.meta.url)),
    ],
    ignorers: ["text for people"],
    coverageAnalysis: "perTest",
    concurrency: Number(values.concurrency),
    // A mutant that hangs is noticed: a deploy that never ends would be.
    timeoutMS: 10_000,
    reporters: [process.stdout.isTTY ? "progress" : "progress-append-only"],
    tempDirName: temporary,
    ignorePatterns: ["/docs", "/examples", "/ci/*", "!/ci/mutate", "/test/e2e", "/test/pipeline"],
    disableTypeChecks: false,
  });
  const results = await stryker.runMutationTest();
  return results
    .filter(({ status }) => status !== "Ignored")
    .map(({ fileName, location, replacement, status }) => {
      const file = relative(process.cwd(), fileName);
      const text = texts.get(file) ?? [];
      return {
        file,
        lineNumber: location.start.line,
        line: (text[location.start.line - 1] ?? "").trim(),
        original: between(text, location),
        replacement: oneLine(replacement ?? ""),
        noticed: status === "Killed" || status === "Timeout",
        status,
      };
    });
}

interface Range {
  readonly start: { readonly line: number; readonly column: number };
  readonly end: { readonly line: number; readonly column: number };
}

function between(text: readonly string[], { start, end }: Range): string {
  const lines = text.slice(start.line - 1, end.line);
  lines[lines.length - 1] = (lines.at(-1) ?? "").slice(0, end.column - 1);
  lines[0] = (lines[0] ?? "").slice(start.column - 1);
  return oneLine(lines.join(" "));
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function print(changes: readonly Change[], { unlisted, noLonger }: Judged): void {
  const percent = (of: readonly Change[]) =>
    `${score(of).toFixed(1)} % of ${of.length} (${of.filter(({ noticed }) => !noticed).length} survive)`;
  for (const file of [...new Set(changes.map((change) => change.file))].sort())
    console.log(`${percent(changes.filter((change) => change.file === file)).padEnd(32)} ${file}`);
  console.log(`${percent(changes.filter(({ file }) => guards.includes(file)))} of the guards noticed`);
  console.log(
    `${percent(changes)} of all noticed, in ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  for (const { file, lineNumber, line, original, replacement, status } of unlisted)
    console.log(
      `\n${status} and not listed: ${file}:${lineNumber}\n${JSON.stringify({ file, line, original, replacement })}`,
    );
  for (const listed of noLonger) console.log(`\nlisted, and noticed or gone: ${JSON.stringify(listed)}`);
}

function score(changes: readonly Change[]): number {
  return changes.length === 0
    ? 100
    : (100 * changes.filter(({ noticed }) => noticed).length) / changes.length;
}
