import { printable } from "../../errors.js";
import { type Clock, systemClock } from "../clock.js";
import type { Reporter, SlotHealth } from "../reporter.js";
import { servedAfter } from "./descriptions.js";
import { EVENT_VERSION, type RunEvent } from "./event-schema.js";
import { describePhase } from "./lines-reporter.js";

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** One event a line, as `evenkeel/events.schema.json` describes it. */
export function createJsonReporter(
  write: (line: string) => void,
  clock?: Pick<Clock, "nowMs">,
  wallClock?: () => Date,
): Reporter {
  return createEventReporter((event) => write(JSON.stringify(event)), clock, wallClock);
}

/** The same events as data. */
export function createEventReporter(
  hear: (event: RunEvent) => void,
  clock: Pick<Clock, "nowMs"> = systemClock,
  wallClock: () => Date = () => new Date(),
): Reporter {
  let startedMs: number | null = null;
  const tell = (event: Without<RunEvent, "v" | "at" | "ms">) => {
    startedMs ??= clock.nowMs();
    const head = {
      v: EVENT_VERSION,
      at: wallClock().toISOString(),
      ms: Math.round(clock.nowMs() - startedMs),
    };
    hear(printableAll({ ...head, ...event }) as RunEvent);
  };
  return {
    start: ({ startedAt: _, ...start }) => tell({ event: "start", ...start }),
    phase: ({ at, from, tookMs }) =>
      tell({
        event: "phase",
        phase: at.phase,
        ...{ from, tookMs: Math.round(tookMs) },
        revision: "revision" in at ? at.revision : null,
        slot: "slot" in at ? at.slot : null,
        words: describePhase(at),
      }),
    note: (level, text) => tell({ event: "note", level, text }),
    step: ({ kind, tookMs, reply }) => tell({ event: "step", step: kind, tookMs: Math.round(tookMs), reply }),
    health: ({ during, slots }) => tell({ event: "health", during, slots: slots.map(plainHealth) }),
    summary: ({ outcome, timeline, totalMs }) =>
      tell({
        event: "end",
        outcome: outcome.phase,
        code: "code" in outcome ? outcome.code : null,
        reason: outcome.reason,
        serving: servedAfter(outcome),
        logs: "logs" in outcome && outcome.logs !== "" ? outcome.logs : null,
        totalMs: Math.round(totalMs),
        timeline: timeline.map(({ activity, tookMs }) => ({ activity, tookMs: Math.round(tookMs) })),
      }),
    failed: ({ code, message }) => tell({ event: "failed", code, message }),
  };
}

/** What comes from a host may hold anything, and events go to terminals and into pages. */
function printableAll(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.map(printableAll);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, printableAll(inner)]));
}

function plainHealth({ slot, revision, answers, traffic }: SlotHealth) {
  return {
    ...{ slot, revision },
    answers: answers.map(({ status, durationMs, detail }) => ({ status, durationMs, detail })),
    traffic,
  };
}
