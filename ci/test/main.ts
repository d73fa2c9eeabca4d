import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAll } from "../check/run-all.js";
import { needTools } from "./tools.js";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** Searches of their own, always of the same places, so that a failure is of the change and not of the day. */
const searches: Readonly<Record<string, string>> = {
  simulation: "simulate -- --histories 50000 --seed 1",
  sweep: "sweep -- --points 60 --seed 1",
};

/** Runs the checks, then the tests: those that need only Node first, then those on the lab. */
const folder = await mkdtemp(join(tmpdir(), "evenkeel-test-"));
const total: Count = { passed: 0, failed: 0, skipped: 0 };
try {
  await needTools().catch((error: Error) => console.error(`some tests will fail: ${error.message}`));
  console.log("== check");
  add(total, (await runAll()) ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 });
  const wanted = process.argv.slice(2);
  for (const part of wanted.length > 0 ? wanted : ["unit", "simulation", "sweep", "lab", "alone"]) {
    console.log(`== ${part}`);
    const words = searches[part];
    add(
      total,
      words === undefined ? await runProject(part, join(folder, `${part}.json`)) : await search(words),
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 && total.passed > 1 ? 0 : 1;

async function search(words: string): Promise<Count> {
  const code = await exitCodeOf("npm", ["run", "--silent", ...words.split(" ")]);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

function exitCodeOf(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", () => resolve(127));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

async function runProject(project: string, report: string): Promise<Count> {
  const args = [
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  const exitCode = await exitCodeOf("vitest", args);
  try {
    const result = JSON.parse(await readFile(report, "utf8"));
    const count = {
      passed: result.numPassedTests,
      failed: result.numFailedTests,
      skipped: result.numPendingTests + result.numTodoTests,
    };
    // A file that could not be loaded, or an error outside any test, has no failed test to count.
    if (exitCode !== 0 && count.failed === 0) count.failed = 1;
    return count;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function add(to: Count, more: Count): void {
  to.passed += more.passed;
  to.failed += more.failed;
  to.skipped += more.skipped;
}
