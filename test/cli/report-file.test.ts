import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reportFile } from "../../cli/report-file.js";
import { EvenkeelError } from "../../src/errors.js";
import type { RunReport } from "../../src/index.js";
import { failureOf } from "../support/failure.js";
import { toldRun } from "../support/told-run.js";

let folder: string;
let report: RunReport;
beforeAll(async () => {
  report = (await toldRun()).report;
  folder = mkdtempSync(join(tmpdir(), "evenkeel-report-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const silent = () => {};

test.each([
  ["html", "<!doctype html"],
  ["md", "#"],
  ["json", "{"],
])("a report is written as .%s", async (ending, start) => {
  const path = join(folder, `deploy.${ending}`);
  expect(await reportFile(path, silent).keep(Promise.resolve(report))).toBe(report);
  expect(readFileSync(path, "utf8").toLowerCase().startsWith(start)).toBe(true);
});

test("that of a failed run is, too, and the failure goes on", async () => {
  const path = join(folder, "failed.json");
  const failed = new EvenkeelError("bake-failed", "it did worse", { report: report });
  await expect(reportFile(path, silent).keep(Promise.reject(failed))).rejects.toBe(failed);
  expect(existsSync(path)).toBe(true);
});

test.each([
  ["deploy.txt", "cannot be told from its name"],
  ["nowhere/deploy.html", "cannot be written: ENOENT"],
])("%s is refused before the run", async (name, words) => {
  const refused = failureOf((async () => reportFile(join(folder, name), silent))());
  expect((await refused).message).toContain(words);
});

test("one that cannot be written in the end is told, and fails nothing", async () => {
  const warnings: string[] = [];
  const path = join(folder, "x".repeat(300).concat(".html"));
  await reportFile(path, (text) => warnings.push(text)).keep(Promise.resolve(report));
  expect(warnings[0]).toContain("The report could not be written");
});
