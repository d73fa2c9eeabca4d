import { expect, test } from "vitest";
import { htmlReport } from "../../src/report/html-report.js";
import { markdownReport } from "../../src/report/markdown-report.js";
import { jsonReport, renderReport, reportFormatOf } from "../../src/report/render-report.js";
import { toldRun } from "../support/told-run.js";
import { hostileReport } from "./support/hostile-report.js";

test("a good deploy in Markdown", async () => {
  const { report } = await toldRun();
  expect(markdownReport(report)).toMatchInlineSnapshot();
});

test("a failed one has cause, remedy and logs in a block that they cannot end", async () => {
  const { report } = await toldRun({ afterSwitch: { afterMs: 2_000, does: "exits" } });
  const text = markdownReport({
    ...report,
    outcome: { ...report.outcome, logs: "a\n````\n# owned\n::error::x" } as never,
  });
  expect(text).toMatch(/^### ❌ shop to production: rolled-back\n/);
  expect(text).toContain("**Next:** Read the figures and logs above");
  expect(text).toMatch(/\n`{5}text\na\n````\n# owned\n::error::x\n`{5}\n$/);
});

test("hostile texts stay texts: no markup, no heading, no row of a table", async () => {
  const lines = markdownReport(await hostileReport()).split("\n");
  const fence = lines.findIndex((line) => /^`{3,}text$/.test(line));
  const prose = lines.slice(0, fence);
  expect(prose.filter((line) => /^#/.test(line))).toHaveLength(1);
  // Outside of code nothing begins a tag or an attribute's end.
  const outside = prose.map((line) => line.replaceAll(/`[^`]*`/g, ""));
  expect(outside.filter((line) => /(?<!\\)[<>]/.test(line))).toEqual([]);
  // Every row of a table has as many cells as its head.
  const tables = prose
    .join("\n")
    .split("\n\n")
    .filter((part) => part.startsWith("| "));
  for (const table of tables) {
    const cells = table.split("\n").map((row) => row.replaceAll("\\|", "").split("|").length);
    expect(new Set(cells).size, table).toBe(1);
  }
  expect(lines.join("\n")).not.toMatch(/[^\P{C}\n\t]/u);
});

test("the file's ending says which report it holds, and another one is told", async () => {
  expect(["a.html", "b.HTM", "c.md", "d.json"].map(reportFormatOf)).toEqual([
    "html",
    "html",
    "markdown",
    "json",
  ]);
  expect(() => reportFormatOf("report.pdf")).toThrow(/cannot be told from its name[\s\S]*Code: usage/);
  const { report } = await toldRun();
  expect(renderReport(report, "html")).toBe(htmlReport(report));
  expect(JSON.parse(renderReport(report, "json"))).toMatchObject({ v: 1, outcome: { phase: "promoted" } });
});

test("the JSON has all of the report, and no control characters", async () => {
  const { report } = await toldRun();
  expect(JSON.parse(jsonReport(report))).toEqual({ v: 1, ...JSON.parse(JSON.stringify(report)) });
  expect(jsonReport(await hostileReport())).not.toMatch(/[^\P{C}\n\t]/u);
});
