import type { Phase } from "../../core/model.js";
import { printableLine } from "../../errors.js";
import type { PhaseReport, Reporter, RunStart } from "../reporter.js";
import { activityAfter, activityBetween, isEnd } from "../timeline.js";

/** The little of a tracer that is needed; the one of the Dagger SDK fits, and any of OpenTelemetry. */
export interface SpanTracer {
  startSpan(name: string): PhaseSpan;
}

export interface PhaseSpan {
  updateName(name: string): unknown;
  setAttributes(attributes: Record<string, string>): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

const STATUS_ERROR = 2;

/**
 * Each activity as a span, begun when it begins, so that a display shows what is under way. What it is
 * called is the likely name at first and corrected when the next phase tells what it was.
 *
 * Attributes follow OpenTelemetry's semantic conventions 1.45.0: `cicd.pipeline.*` (a run is the pipeline, an
 * activity a task of it), `deployment.*`, `vcs.ref.head.revision` and `error.type`
 * (https://opentelemetry.io/docs/specs/semconv/registry/attributes/cicd/). `deployment.status` stands on the
 * last span of a run.
 */
export function createSpansReporter(tracer: SpanTracer): Reporter {
  let open: PhaseSpan | null = tracer.startSpan(activityAfter("idle"));
  let common: Record<string, string> = {};
  let runId = "";
  let count = 0;

  const finish = (activity: string, more: Record<string, string>) => {
    count++;
    open?.setAttributes({
      ...common,
      "cicd.pipeline.task.name": activity,
      "cicd.pipeline.task.type": "deploy",
      ...(runId === "" ? {} : { "cicd.pipeline.task.run.id": `${runId}/${count}` }),
      ...more,
    });
    open?.end();
    open = null;
  };

  const enter = ({ at, from }: PhaseReport) => {
    // Neither is an end: a run begins idle, and the bake goes on.
    if (at.phase === "idle" || at.phase === "baking") return;
    const activity = activityBetween(from, at.phase);
    open?.updateName(activity);
    if ("code" in at) open?.setStatus({ code: STATUS_ERROR, message: printableLine(at.reason, 500) });
    finish(activity, resultOf(at));
    open = isEnd(at) ? null : tracer.startSpan(activityAfter(at.phase));
  };

  return {
    start: (start) => {
      common = attributesOf(start);
      runId = start.holder;
      open?.setAttributes(common);
    },
    phase: enter,
    note: () => {},
    summary: () => {
      open?.end();
      open = null;
    },
    failed: ({ code, message }) => {
      open?.setStatus({ code: STATUS_ERROR, message: printableLine(message, 500) });
      finish(activityAfter("idle"), {
        "cicd.pipeline.task.run.result": "error",
        "error.type": code,
        "deployment.status": "failed",
      });
    },
  };
}

function attributesOf({ does, app, environment, holder, commit }: RunStart): Record<string, string> {
  return {
    "cicd.pipeline.name": `${does} ${app} ${environment}`,
    "cicd.pipeline.run.id": holder,
    "deployment.id": holder,
    "deployment.name": app,
    "deployment.environment.name": environment,
    ...(commit === null ? {} : { "vcs.ref.head.revision": commit }),
  };
}

/** Only what ended a run is its failure; `skip` where nothing was to be done. */
function resultOf(at: Phase): Record<string, string> {
  if ("code" in at) {
    const result = at.code === "deadline" ? "timeout" : at.phase === "lost" ? "error" : "failure";
    return {
      "cicd.pipeline.task.run.result": result,
      "error.type": at.code,
      "deployment.status": "failed",
    };
  }
  if (at.phase === "nothing-to-do") return { "cicd.pipeline.task.run.result": "skip" };
  const done = { "cicd.pipeline.task.run.result": "success" };
  return at.phase === "promoted" ? { ...done, "deployment.status": "succeeded" } : done;
}
