import { addTally, emptyTally } from "../../core/bake.js";
import { describeSample } from "../../core/gate.js";
import type { Phase, Tally } from "../../core/model.js";
import { printableLine } from "../../errors.js";
import { type Clock, systemClock } from "../clock.js";
import type { HealthReport, Reporter, SlotHealth } from "../reporter.js";
import { activityAfter, isEnd } from "../timeline.js";
import { createLinesReporter, describePhase, seconds } from "./lines-reporter.js";
import { createLiveArea, type Terminal } from "./live-area.js";

export interface LiveOptions {
  readonly clock?: Pick<Clock, "nowMs">;
  readonly wallClock?: () => Date;
  /** Calls again and again; returns what ends that. Default: five times a second. */
  readonly every?: (tick: () => void) => () => void;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/**
 * On a terminal: what is over as lines that stay, and below them what is under way, with the time that it
 * takes and what the containers answer now, drawn anew in place.
 */
export function createLiveReporter(terminal: Terminal, options: LiveOptions = {}): Reporter {
  const clock = options.clock ?? systemClock;
  const area = createLiveArea(terminal);
  const lines = createLinesReporter(area.print, options.wallClock);
  let at: Phase = { phase: "idle" };
  let sinceMs = clock.nowMs();
  let health: HealthReport | null = null;
  let traffic: Readonly<Record<string, Tally>> = {};
  let frame = 0;
  let activity = "prepare";
  let pulls = false;
  let stop: (() => void) | null = null;

  const draw = () => {
    const elapsed = seconds(clock.nowMs() - sinceMs);
    const words = at.phase === "baking" ? describePhase(at) : "";
    const head = `${FRAMES[frame++ % FRAMES.length]} ${activity.padEnd(11)} ${elapsed.padStart(10)}  ${words}`;
    area.draw([
      head.trimEnd(),
      ...(health === null ? [] : health.slots.map((slot) => healthLine(slot, health, traffic))),
    ]);
  };
  const begin = () => {
    if (stop !== null) return;
    const unhook = restoreAtExit(() => area.close());
    const end = (options.every ?? fiveTimesASecond)(draw);
    stop = () => {
      end();
      unhook();
    };
    draw();
  };
  const over = () => {
    stop?.();
    stop = null;
    area.close();
  };

  return {
    start: ({ does, app, environment, host }) => {
      pulls = does === "deploy";
      area.print(`${does} ${printableLine(app)} to ${printableLine(environment)} on ${printableLine(host)}`);
      sinceMs = clock.nowMs();
      begin();
    },
    phase: (report) => {
      if (report.at.phase !== at.phase) {
        sinceMs = clock.nowMs();
        // What the gate saw says nothing of the bake.
        health = null;
        traffic = {};
      }
      at = report.at;
      lines.phase(report);
      // How it ended is told by the summary.
      if (isEnd(at)) return over();
      if (at.phase !== "idle") activity = activityAfter(at.phase);
      if (stop !== null) draw();
    },
    step: ({ kind }) => {
      // Looking at the host comes first, and the pull may take minutes.
      if (at.phase === "idle" && kind === "observe" && pulls) activity = "pull";
    },
    note: (level, text) => lines.note(level, text),
    health: (report) => {
      health = report;
      if (report.during === "bake") traffic = added(traffic, report.slots);
      if (stop !== null) draw();
    },
    summary: (summary) => {
      over();
      lines.summary(summary);
    },
    failed: over,
  };
}

function healthLine(
  slot: SlotHealth,
  health: HealthReport | null,
  traffic: Readonly<Record<string, Tally>>,
): string {
  const last = slot.answers.at(-1);
  const name = `${slot.slot}${slot.revision === null ? "" : `, revision ${slot.revision}`}`;
  const answer =
    last === undefined
      ? "not asked"
      : `${printableLine(describeSample(last), 60)}${last.status === null ? "" : ` in ${Math.round(last.durationMs)} ms`}`;
  const seen = traffic[slot.slot];
  const requests =
    health?.during !== "bake" || seen === undefined
      ? ""
      : `  ${seen.requests} requests, ${seen.failures} failed${seen.slow > 0 ? `, ${seen.slow} slow` : ""}`;
  return `    ${name.padEnd(18)} ${answer}${requests}`;
}

function added(
  traffic: Readonly<Record<string, Tally>>,
  slots: HealthReport["slots"],
): Readonly<Record<string, Tally>> {
  const sum = { ...traffic };
  for (const { slot, traffic: more } of slots)
    if (more !== null) sum[slot] = addTally(sum[slot] ?? emptyTally, more);
  return sum;
}

function fiveTimesASecond(tick: () => void): () => void {
  const timer = setInterval(tick, 200);
  // Whoever waits for the run keeps the process alive, not the picture of it.
  timer.unref();
  return () => clearInterval(timer);
}

/** A process that ends in the middle must not leave a terminal without its cursor. */
function restoreAtExit(restore: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const onSignal = (signal: NodeJS.Signals) => {
    restore();
    // Whoever listens as well decides what becomes of the run, which may go on to be drawn.
    if (process.listenerCount(signal) > 1) return;
    // Nobody else: then the signal ends the process, as it would have without us.
    unhook();
    process.kill(process.pid, signal);
  };
  const unhook = () => {
    process.removeListener("exit", restore);
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  process.once("exit", restore);
  for (const signal of signals) process.on(signal, onSignal);
  return unhook;
}
