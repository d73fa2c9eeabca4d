import type { Outcome, Phase } from "../core/model.js";

/** What a run does between two phases, in the words of people. */
export type Activity =
  | "prepare"
  | "observe"
  | "pull"
  | "lock"
  | "start"
  | "gate"
  | "switch"
  | "bake"
  | "promote";

export interface Timing {
  readonly activity: Activity;
  readonly tookMs: number;
}

export type Timeline = readonly Timing[];

/** Whether a phase is the end of a run. */
export function isEnd(at: Phase): at is Outcome {
  return "code" in at || at.phase === "promoted" || at.phase === "nothing-to-do";
}

/** What was done on the way from one phase to the next. */
export function activityBetween(from: Phase["phase"], to: Phase["phase"]): Activity {
  // The bake ends with whatever follows it: its time is the watching, not the deciding.
  if (from === "baking") return "bake";
  return REACHED_BY[to] ?? activityAfter(from);
}

/** What most likely comes after a phase, for a display that must name it before it is over. */
export function activityAfter(phase: Phase["phase"]): Activity {
  return FOLLOWED_BY[phase] ?? "prepare";
}

/** The timeline with one more stretch; stretches of the same activity become one. */
export function extend(timeline: Timeline, next: Timing): Timeline {
  const last = timeline.at(-1);
  if (last?.activity !== next.activity) return [...timeline, next];
  return [...timeline.slice(0, -1), { ...next, tookMs: last.tookMs + next.tookMs }];
}

/** Failures are not among them: what took the time is what was under way when it failed. */
const REACHED_BY: Partial<Record<Phase["phase"], Activity>> = {
  idle: "prepare",
  pulled: "pull",
  locked: "lock",
  started: "start",
  gated: "gate",
  switched: "switch",
  baking: "bake",
  promoted: "promote",
  "nothing-to-do": "observe",
};

const FOLLOWED_BY: Partial<Record<Phase["phase"], Activity>> = {
  pulled: "lock",
  locked: "start",
  started: "gate",
  gated: "switch",
  switched: "bake",
  baking: "bake",
};
