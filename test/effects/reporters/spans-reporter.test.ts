import { getTracer } from "@dagger.io/dagger/telemetry";
import { expect, test } from "vitest";
import type { Phase } from "../../../src/core/model.js";
import { createSpansReporter, type SpanTracer } from "../../../src/effects/reporters/spans-reporter.js";

function record() {
  const log: string[] = [];
  const tracer: SpanTracer = {
    startSpan: (first) => {
      let name = first;
      log.push(`begin ${first}`);
      return {
        updateName: (next) => {
          name = next;
        },
        setStatus: ({ code, message }) => log.push(`status ${code} ${message}`),
        end: () => log.push(`end ${name}`),
      };
    },
  };
  const reporter = createSpansReporter(tracer);
  let from: Phase["phase"] = "idle";
  const tell = (at: Phase) => {
    reporter.phase({ at, from, tookMs: 0 });
    from = at.phase;
  };
  return { log, reporter, tell };
}

test("each activity is a span, under way from its beginning, and the bake is one", () => {
  const { log, tell } = record();
  tell({ phase: "idle" });
  tell({ phase: "pulled" });
  tell({ phase: "locked", fence: 1 });
  tell({ phase: "started", slot: "blue", revision: 1 });
  tell({ phase: "gated", revision: 1, reason: "" });
  tell({ phase: "switched", revision: 1, guarded: true });
  tell({ phase: "baking", revision: 1, reason: "a" });
  tell({ phase: "baking", revision: 1, reason: "b" });
  tell({ phase: "promoted", revision: 1, slot: "blue", reason: "" });
  expect(log.filter((line) => line.startsWith("end"))).toEqual(
    ["pull", "lock", "start", "gate", "switch", "bake"].map((name) => `end ${name}`),
  );
  expect(log.filter((line) => line.startsWith("begin"))).toHaveLength(6);
});

test("a failure marks what was under way, and no span is left open", () => {
  const { log, reporter, tell } = record();
  tell({ phase: "started", slot: "blue", revision: 1 });
  const outcome = {
    phase: "aborted",
    code: "gate-failed",
    serving: null,
    reason: "exited",
    logs: "",
  } as const;
  tell(outcome);
  reporter.summary({ outcome, timeline: [], totalMs: 1 });
  expect(log.slice(-2)).toEqual(["status 2 exited", "end gate"]);
});

test("the tracer of the Dagger SDK fits", () => {
  const tracer: SpanTracer = getTracer();
  expect(() =>
    createSpansReporter(tracer).phase({ at: { phase: "pulled" }, from: "idle", tookMs: 1 }),
  ).not.toThrow();
});
