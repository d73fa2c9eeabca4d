import type { Outcome, Phase } from "../../core/model.js";
import { printable, printableLine } from "../../errors.js";
import type { Reporter, RunSummary } from "../reporter.js";

/** One line per phase with its duration, a failed release's logs, and a closing summary. */
export function createLinesReporter(
  write: (line: string) => void,
  /** Shown in the summary as the time since when the release serves. */
  wallClock: () => Date = () => new Date(),
): Reporter {
  let lastBaking = "";
  return {
    phase: ({ at, tookMs }) => {
      if (at.phase === "idle") return;
      const words = describePhase(at);
      if (at.phase === "baking") {
        if (words === lastBaking) return;
        lastBaking = words;
      }
      write(row(at.phase, at.phase === "baking" ? "" : seconds(tookMs), words));
    },
    note: (level, text) => write(`${level === "warning" ? "  ! " : "    "}${printableLine(text, 1000)}`),
    summary: (summary) => {
      for (const line of summarize(summary, wallClock())) write(line);
    },
  };
}

/** The closing lines: how it ended, the logs of a release that failed, how long each part took. */
export function summarize({ outcome, timeline, totalMs }: RunSummary, at: Date): readonly string[] {
  const parts = timeline
    .filter((part) => part.tookMs >= 1)
    .map((part) => `${part.activity} ${seconds(part.tookMs)}`);
  return [
    "",
    ...indentedLogs(outcome),
    `${headline(outcome, at)}`,
    `  ${printableLine(outcome.reason, 2000)}`,
    `  took ${seconds(totalMs)}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}`,
  ];
}

function headline(outcome: Outcome, at: Date): string {
  const time = `${at.toISOString().slice(0, 19)}Z`;
  switch (outcome.phase) {
    case "nothing-to-do":
      return `nothing to do: revision ${outcome.revision} serves in ${outcome.slot}`;
    case "promoted":
      return `promoted: revision ${outcome.revision} serves in ${outcome.slot}, promoted at ${time}`;
    default:
      return `${outcome.phase}${outcome.code === outcome.phase ? "" : ` (${outcome.code})`} at ${time}: ${
        outcome.serving === null ? "no revision is known to serve" : `revision ${outcome.serving} serves`
      }`;
  }
}

function indentedLogs(outcome: Outcome): readonly string[] {
  const logs = "logs" in outcome ? printable(outcome.logs).trimEnd() : "";
  if (logs === "") return [];
  return ["logs of the release that failed:", ...logs.split("\n").map((line) => `  | ${line}`), ""];
}

/** What there is to say of a phase besides its name and time. */
export function describePhase(at: Phase): string {
  switch (at.phase) {
    case "idle":
    case "pulled":
      return "";
    case "locked":
      return `fence ${at.fence}`;
    case "started":
      return `revision ${at.revision} in ${at.slot}`;
    case "switched":
      return `revision ${at.revision} ${at.guarded ? "takes the traffic, guarded" : "takes the traffic"}`;
    case "gated":
    case "baking":
      return `revision ${at.revision}: ${printableLine(at.reason, 500)}`;
    default:
      return printableLine(at.reason, 500);
  }
}

function row(phase: string, took: string, words: string): string {
  return `${phase.padEnd(13)} ${took.padStart(10)}  ${words}`.trimEnd();
}

/** Seconds with one decimal, minutes from 100 s on. */
export function seconds(ms: number): string {
  if (ms < 100_000) return `${(ms / 1000).toFixed(1)} s`;
  const whole = Math.round(ms / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
