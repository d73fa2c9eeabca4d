import { describe, expect, it } from "vitest";
import { CATALOGUE } from "../../src/errors.js";
import { type Ending, stepSummary } from "../../src/module/step-summary.js";
import { markdownReport } from "../../src/report/markdown-report.js";
import { toldRun } from "../support/told-run.js";

const ending: Ending = {
  call: { function: "deploy", environment: "production" },
  outcome: "done",
  image: null,
  url: null,
  report: null,
  warnings: [],
  text: "Published: an image\nRevision 7 serves.",
  failure: null,
};

describe("the page of a run", () => {
  it("is its report, with what was noticed before it, and how the image was made", async () => {
    const { report } = await toldRun();
    const shown = stepSummary({ ...ending, report, warnings: ["it was [untested](x)"] });
    expect(shown.startsWith(markdownReport(report).trimEnd())).toBe(true);
    expect(shown).toContain("\n\n- ⚠️ it was \\[untested\\]\\(x\\)\n\n```text\nPublished: an image\n");
    expect(stepSummary({ ...ending, report, text: report.text })).toBe(markdownReport(report));
  });

  it("of a failed deploy is its report alone", async () => {
    const { report } = await toldRun({ afterSwitch: { afterMs: 2_000, does: "answers-500-but-healthy" } });
    const failure = { code: "bake-failed", reason: report.text, next: CATALOGUE["bake-failed"].next };
    expect(stepSummary({ ...ending, report, failure, text: "all of the message" })).toBe(
      markdownReport(report),
    );
  });

  it("of a call that reached no host shows its message and what to do", () => {
    const { next } = CATALOGUE["test-failed"];
    const failure = { code: "test-failed", reason: "The *tests* failed:\nthe sum is", next };
    expect(stepSummary({ ...ending, outcome: "failed", failure, text: "the sum is\n```\nwrong" })).toBe(
      `### ❌ evenkeel deploy to production: failed (test-failed)

The \\*tests\\* failed&#58;

**Next:** ${next.replace("lines above", "lines below")}

\`\`\`\`text
the sum is
\`\`\`
wrong
\`\`\`\`
`,
    );
  });

  it("reads no advice as Markdown that may quote what came from outside", () => {
    const failure = { code: "usage", reason: "No.", next: "Ask `me` <b>now</b>." };
    expect(stepSummary({ ...ending, failure })).toContain("**Next:** Ask \\`me\\` \\<b\\>now\\</b\\>.");
  });

  it("of any other function shows what it returned", () => {
    const call = { function: "status", environment: "production" };
    expect(stepSummary({ ...ending, call, text: "it serves" })).toBe(
      "### ✅ evenkeel status of production: done\n\n```text\nit serves\n```\n",
    );
  });
});
