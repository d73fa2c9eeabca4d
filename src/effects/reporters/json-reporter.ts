import { printable } from "../../errors.js";
import { type Clock, systemClock } from "../clock.js";
import type { Reporter, SlotHealth } from "../reporter.js";
import { EVENT_VERSION, type RunEvent } from "./event-schema.js";
import { describePhase } from "./lines-reporter.js";

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** One event a line, as `evenkeel/events.schema.json` describes it. */
export function createJsonReporter(
  write: (line: string) => void,
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
    write(
      JSON.stringify({ ...head, ...event }, (_, value) =>
        typeof value === "string" ? printable(value) : value,
      ),
    );
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
        serving: "serving" in outcome ? outcome.serving : outcome.revision,
        logs: "logs" in outcome && outcome.logs !== "" ? outcome.logs : null,
        totalMs: Math.round(totalMs),
        timeline: timeline.map(({ activity, tookMs }) => ({ activity, tookMs: Math.round(tookMs) })),
      }),
    failed: ({ code, message }) => tell({ event: "failed", code, message }),
  };
}

function plainHealth({ slot, revision, answers, traffic }: SlotHealth) {
  return {
    ...{ slot, revision },
    answers: answers.map(({ status, durationMs, detail }) => ({ status, durationMs, detail })),
    traffic,
  };
}
