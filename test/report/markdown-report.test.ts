import { expect, test } from "vitest";
import { htmlReport } from "../../src/report/html-report.js";
import { markdownReport } from "../../src/report/markdown-report.js";
import { jsonReport, renderReport, reportFormatOf } from "../../src/report/render-report.js";
import { toldRun } from "../support/told-run.js";
import { hostileReport } from "./support/hostile-report.js";

test("a good deploy in Markdown", async () => {
  const { report } = await toldRun();
  expect(markdownReport(report)).toMatchInlineSnapshot(`
    "### ✅ shop to production: promoted

    Revision 2 serves in slot green and is stable&#58; 1020 requests \\(0 failed\\) and 10 probes.

    |  |  |
    | --- | --- |
    | Serves now | revision 2 |
    | Took | 15.1 s |
    | Host | shop.example.com |
    | Address | https&#58;//shop.example.com/ |
    | Image | \`registry.example/shop@sha256:v2\` |
    | Commit | \`2222222222222222222222222222222222222222\` |

    | Phase | Time |
    | --- | --- |
    | pull | 1.5 s |
    | lock | 0.0 s |
    | start | 0.3 s |
    | gate | 3.0 s |
    | switch | 0.0 s |
    | bake | 10.2 s |

    | After the switch | Requests | Failed | Slow | Failed probes |
    | --- | --- | --- | --- | --- |
    | revision 2 | 1020 | 0 | 0 | 0 of 10 |
    | revision 1, standing by | 202 | 0 | 0 | 0 of 10 |

    Commits: \`111111111111..222222222222\`

    | Configuration | Before | After |
    | --- | --- | --- |
    | \`container.env.API_TOKEN\` | not set | \`(hidden)\` |
    | \`container.env.GONE\` | \`1\` | not set |
    | \`container.env.LOG_LEVEL\` | \`info\` | \`debug\` |

    Secrets: \`+DATABASE_URL\`
    "
  `);
});

test("a failed one has cause, remedy and logs in a block that they cannot end", async () => {
  const { report } = await toldRun({ afterSwitch: { afterMs: 2_000, does: "exits" } });
  const text = markdownReport({
    ...report,
    outcome: { ...report.outcome, logs: "a\n````\n# owned\n::error::x" } as never,
  });
  expect(text).toMatch(/^### ❌ shop to production: rolled-back\n/);
  expect(text).toContain("**Next:** Read the figures and logs, correct");
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
