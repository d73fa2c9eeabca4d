import { expect, test } from "vitest";
import type { Phase } from "../../../src/core/model.js";
import { createLinesReporter } from "../../../src/effects/reporters/lines-reporter.js";

function collect() {
  const lines: string[] = [];
  const reporter = createLinesReporter(
    (line) => lines.push(line),
    () => new Date("2024-05-06T07:08:09Z"),
  );
  return { lines, reporter };
}

test("one line per phase with its duration, and a closing summary", () => {
  const { lines, reporter } = collect();
  const tell = (at: Phase, tookMs: number) => reporter.phase({ at, from: "idle", tookMs });
  tell({ phase: "idle" }, 0);
  tell({ phase: "pulled" }, 1234);
  tell({ phase: "locked", fence: 7 }, 20);
  tell({ phase: "started", slot: "green", revision: 3 }, 600);
  tell({ phase: "gated", revision: 3, reason: "5 of 5 probes passed" }, 2100);
  tell({ phase: "switched", revision: 3, guarded: true }, 60);
  tell({ phase: "baking", revision: 3, reason: "watched for 30 s" }, 0);
  tell({ phase: "baking", revision: 3, reason: "watched for 30 s" }, 1000);
  const outcome = {
    phase: "promoted",
    revision: 3,
    slot: "green",
    reason: "412 requests, 0 failed",
  } as const;
  tell(outcome, 130_000);
  reporter.note("warning", "disk is at 90 %");
  reporter.summary({
    outcome,
    timeline: [
      { activity: "pull", tookMs: 1234 },
      { activity: "lock", tookMs: 0.2 },
      { activity: "bake", tookMs: 130_000 },
    ],
    totalMs: 134_000,
  });
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "pulled             1.2 s
    locked             0.0 s  fence 7
    started            0.6 s  revision 3 in green
    gated              2.1 s  revision 3: 5 of 5 probes passed
    switched           0.1 s  revision 3 takes the traffic, guarded
    baking                    revision 3: watched for 30 s
    promoted      2 min 10 s  412 requests, 0 failed
      ! disk is at 90 %

    promoted: revision 3 serves in green, promoted at 2024-05-06T07:08:09Z
      412 requests, 0 failed
      took 2 min 14 s: pull 1.2 s, bake 2 min 10 s"
  `);
});

test("shows the logs of a release that failed, indented and unable to command a terminal", () => {
  const { lines, reporter } = collect();
  reporter.summary({
    outcome: {
      phase: "rolled-back",
      code: "bake-failed",
      serving: 2,
      reason: "9 of 40 requests failed",
      logs: "\u001b[31mred\u001b[0m\r\n\u001b]0;title\u0007second\u0000\n\n",
    },
    timeline: [],
    totalMs: 500,
  });
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "
    logs of the release that failed:
      | red
      | second

    rolled-back (bake-failed) at 2024-05-06T07:08:09Z: revision 2 serves
      9 of 40 requests failed
      took 0.5 s"
  `);
});

test("says that nothing was to be done, and that nothing is known to serve", () => {
  const { lines, reporter } = collect();
  const rest = { timeline: [], totalMs: 100 };
  reporter.summary({
    outcome: {
      phase: "nothing-to-do",
      revision: 3,
      slot: "blue",
      reason: "the same image and configuration",
    },
    ...rest,
  });
  reporter.summary({
    outcome: { phase: "lost", code: "lost", serving: null, reason: "cut", logs: "" },
    ...rest,
  });
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "
    nothing to do: revision 3 serves in blue
      the same image and configuration
      took 0.1 s

    lost at 2024-05-06T07:08:09Z: no revision is known to serve
      cut
      took 0.1 s"
  `);
});
