import { setPriority } from "node:os";
import { type Finished, type Generator, generate, now, type TrafficOptions } from "./generator.js";
import { describeFailure, type Interval, type Sample, summarise, type TrafficReport } from "./report.js";

/** What the parent asks of the process that sends the traffic. */
export type Request =
  | { readonly kind: "start"; readonly options: TrafficOptions }
  | { readonly kind: "mark"; readonly label: string }
  | { readonly kind: "samples" }
  | { readonly kind: "stop" };

/** What it answers, in the order of the requests. */
export type Answer =
  | { readonly kind: "started" }
  | { readonly kind: "marked"; readonly closed: Interval }
  | { readonly kind: "samples"; readonly samples: readonly Sample[] }
  | { readonly kind: "stopped"; readonly report: TrafficReport };

interface Open {
  readonly label: string;
  readonly from: number;
}

const finished: Finished[] = [];
let told = 0;
const intervals: Interval[] = [];
let open: Open = { label: "start", from: 0 };
let generator: Generator | undefined;
let queue: Promise<void> = Promise.resolve();

process.on("message", (request: Request) => {
  const at = generator?.boundary() ?? now();
  queue = queue.then(() => handle(request, at));
});
process.on("disconnect", () => process.exit(1));

async function handle(request: Request, at: number): Promise<void> {
  if (request.kind === "start") {
    favour();
    open = { label: "start", from: now() };
    generator = generate(request.options, (result) => finished.push(result));
    return reply({ kind: "started" });
  }
  if (request.kind === "mark") {
    await generator?.settle();
    const closed = close(at);
    open = { label: request.label, from: at };
    return reply({ kind: "marked", closed });
  }
  if (request.kind === "samples") {
    const samples = finished.slice(told).map(({ sample }) => sample);
    told += samples.length;
    return reply({ kind: "samples", samples });
  }
  await generator?.stop();
  close(generator?.boundary() ?? at);
  reply({ kind: "stopped", report: report() });
}

/** Requests due after `at` but already finished belong to the next interval. */
function close(at: number): Interval {
  const samples = finished.map(({ sample }) => sample);
  const within = samples.filter(({ dueAt }) => dueAt >= open.from && dueAt < at);
  const closed = summarise(open.label, at - open.from, within);
  intervals.push(closed);
  return closed;
}

function report(): TrafficReport {
  const failed = finished.filter(({ sample }) => sample.failure !== null);
  const byDueTime = (a: Sample, b: Sample): number => a.dueAt - b.dueAt;
  return {
    intervals,
    requests: finished.length,
    failed: failed.length,
    failures: failed
      .map(({ sample }) => sample)
      .sort(byDueTime)
      .map(describeFailure),
    acknowledged: names(finished.filter(({ sample }) => sample.failure === null)),
    unacknowledged: names(failed),
  };
}

function names(results: readonly Finished[]): string[] {
  return results.flatMap(({ name }) => (name === null ? [] : [name]));
}

/** A busy machine must not look like a slow server; where raising the priority is not allowed, `maxLagMs` tells. */
function favour(): void {
  try {
    setPriority(-10);
  } catch {
    return;
  }
}

function reply(answer: Answer): void {
  process.send?.(answer);
}
