import { getTracer } from "@dagger.io/dagger/telemetry";
import { expect, test } from "vitest";
import type { Phase } from "../../../src/core/model.js";
import { createSpansReporter, type SpanTracer } from "../../../src/effects/reporters/spans-reporter.js";
import { aStart } from "../../support/told-run.js";

function record() {
  const log: string[] = [];
  const spans: Record<string, string>[] = [];
  const tracer: SpanTracer = {
    startSpan: (first) => {
      let name = first;
      const attributes: Record<string, string> = {};
      spans.push(attributes);
      log.push(`begin ${first}`);
      return {
        updateName: (next) => {
          name = next;
        },
        setAttributes: (more) => Object.assign(attributes, more),
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
  return { log, spans, reporter, tell };
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

test("spans say in OpenTelemetry's words what was deployed where, and how it ended", () => {
  const { spans, reporter, tell } = record();
  reporter.start?.(aStart({ commit: "c0ffee", holder: "ci#1" }));
  tell({ phase: "pulled" });
  tell({ phase: "locked", fence: 1 });
  tell({ phase: "aborted", code: "deadline", serving: 1, reason: "too late", logs: "" });
  expect(spans[0]).toMatchObject({
    "cicd.pipeline.name": "deploy shop production",
    "cicd.pipeline.run.id": "ci#1",
    "cicd.pipeline.task.name": "pull",
    "cicd.pipeline.task.type": "deploy",
    "cicd.pipeline.task.run.id": "ci#1/1",
    "cicd.pipeline.task.run.result": "success",
    "deployment.environment.name": "production",
    "vcs.ref.head.revision": "c0ffee",
  });
  expect(spans[0]).not.toHaveProperty("deployment.status");
  expect(spans.at(-1)).toMatchObject({
    "cicd.pipeline.task.run.result": "timeout",
    "error.type": "deadline",
    "deployment.status": "failed",
  });
});

test("a run that never reached its host ends its span as failed", () => {
  const { log, spans, reporter } = record();
  reporter.start?.(aStart());
  reporter.failed?.({ code: "ssh-unreachable", message: "No SSH\nCode: ssh-unreachable" });
  expect(log.slice(-2)).toEqual(["status 2 No SSH Code: ssh-unreachable", "end prepare"]);
  expect(spans[0]).toMatchObject({ "error.type": "ssh-unreachable", "deployment.status": "failed" });
});

test("the tracer of the Dagger SDK fits", () => {
  const tracer: SpanTracer = getTracer();
  expect(() =>
    createSpansReporter(tracer).phase({ at: { phase: "pulled" }, from: "idle", tookMs: 1 }),
  ).not.toThrow();
});
