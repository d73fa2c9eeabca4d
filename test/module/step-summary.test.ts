import { describe, expect, it } from "vitest";
import type { Outcome } from "../../src/core/model.js";
import { CATALOGUE } from "../../src/errors.js";
import { block, code, words } from "../../src/module/markdown.js";
import { type Ending, stepSummary } from "../../src/module/step-summary.js";

const image = `registry.example.com/team/shop@sha256:${"a1".repeat(32)}`;
const promoted: Outcome = { phase: "promoted", revision: 7, slot: "green", reason: "watched" };
const rolledBack: Outcome = {
  phase: "rolled-back",
  code: "bake-failed",
  serving: 6,
  reason: "9 of 10 failed",
  logs: "ready\n```\nboom <b>\n",
};

describe("the page of a run", () => {
  it("of a success says what serves, where, and how long each phase took", () => {
    expect(stepSummary(ending(promoted))).toBe(`### ✅ evenkeel deploy to production: promoted

| Serves | revision 7 in green |
|:--|:--|
| Address | <https://shop.example.com> |
| Image | \`${image}\` |
| Took | 12.3 s |

| Phase | Time |
|:--|--:|
| pull | 0.7 s |
| bake | 11.6 s |

\`\`\`text
Revision 7 serves.
\`\`\`

`);
  });

  it("of a failure says why, what to do, what serves, and shows the last lines as they are", () => {
    const failure = {
      code: "bake-failed",
      reason: "Rolled back: 9 of 10 failed. Revision 6 serves.",
      next: CATALOGUE["bake-failed"].next,
    };
    const shown = stepSummary({ ...ending(rolledBack), failure, warnings: ["it was [slow](x)"] });
    expect(shown).toContain("### ❌ evenkeel deploy to production: rolled-back (bake-failed)");
    expect(shown).toContain("\nRolled back\\: 9 of 10 failed\\. Revision 6 serves\\.\n");
    expect(shown).toContain(`\n**Next:** ${CATALOGUE["bake-failed"].next}\n`);
    expect(shown).toContain("| Serves | revision 6 |");
    expect(shown).toContain("- ⚠️ it was \\[slow\\]\\(x\\)");
    expect(shown).toContain("````text\nready\n```\nboom <b>\n````");
  });

  it("of a call that reached no host shows its message", () => {
    const failure = { code: "test-failed", reason: "The tests failed.", next: "Ask `me` <b>now</b>." };
    const shown = stepSummary({ ...ending(null), outcome: "failed", failure, text: "the sum is wrong" });
    expect(shown).toContain("### ❌ evenkeel deploy to production: failed (test-failed)");
    expect(shown).toContain("**Next:** Ask \\`me\\` \\<b\\>now\\<\\/b\\>\\.");
    expect(shown).toContain("```text\nthe sum is wrong\n```");
    expect(shown).not.toContain("| Phase |");
  });
});

describe("text from outside", () => {
  it.each([
    "<img src=x onerror=y>",
    "[a](javascript:b)",
    "| cell",
    "https://evil.example",
    "&lt;",
    "@team #1",
  ])("is words and nothing else: %s", (text) =>
    expect(words(text).replaceAll(/\\[!-/:-@[-`{-~]/g, "")).toMatch(/^[\w ]*$/),
  );

  it("stays on its line, and commands no terminal", () => {
    expect(words("one\n# two\u001b[31m")).toBe("one \\# two");
    expect(code("a`b|c\nd")).toBe("`abc d`");
  });

  it("cannot end its block, however many backticks it has, and is cut at its beginning", () => {
    expect(block("a\n`````\nb")).toBe("``````text\na\n`````\nb\n``````");
    expect(block("1\n2\n3\n4", { lines: 2 })).toBe("```text\n…\n3\n4\n```");
    expect(block("x".repeat(50), { characters: 10 })).toBe(`\`\`\`text\n${"x".repeat(10)}\n\`\`\``);
  });
});

function ending(outcome: Outcome | null): Ending {
  return {
    call: { function: "deploy", environment: "production" },
    outcome: outcome?.phase ?? "done",
    image,
    url: "https://shop.example.com",
    summary:
      outcome === null
        ? null
        : {
            outcome,
            timeline: [
              { activity: "pull", tookMs: 700 },
              { activity: "bake", tookMs: 11_600 },
            ],
            totalMs: 12_300,
          },
    warnings: [],
    text: "Revision 7 serves.",
    failure: null,
  };
}
