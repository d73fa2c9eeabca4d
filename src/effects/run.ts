import type { Notice, Outcome, Phase, Reply, Step } from "../core/model.js";
import { type Clock, systemClock } from "./clock.js";
import type { Host } from "./host.js";
import { type Reporter, type RunSummary, silentReporter, tellAll } from "./reporter.js";
import { activityBetween, extend, type Timeline } from "./timeline.js";

/** A story that core tells: steps are answered, notices are not. */
export type Story<T> = Generator<Step | Notice, T, Reply | undefined>;

export interface Told<T> {
  readonly result: T;
  /** How long each activity took, in the order in which they came. */
  readonly timeline: Timeline;
  readonly totalMs: number;
}

/**
 * Follows a story to its end: steps go to the host, notices to the reporter. It decides nothing.
 *
 * @throws whatever the story throws, which is a bug; the host is left to its guardian.
 */
export async function follow<T>(
  story: Story<T>,
  host: Pick<Host, "ask">,
  reporter: Reporter = silentReporter,
  clock: Clock = systemClock,
): Promise<Told<T>> {
  const teller = tellAll([reporter]);
  const startedMs = clock.nowMs();
  let sinceMs = startedMs;
  let from: Phase["phase"] = "idle";
  let timeline: Timeline = [];

  const enter = (at: Phase) => {
    const tookMs = clock.nowMs() - sinceMs;
    sinceMs += tookMs;
    timeline = extend(timeline, { activity: activityBetween(from, at.phase), tookMs });
    teller.phase({ at, from, tookMs });
    from = at.phase;
  };

  let turn = story.next();
  while (!turn.done) {
    const said = turn.value;
    if (said.kind === "phase") enter(said.at);
    if (said.kind === "note") teller.note(said.level, said.text);
    turn = story.next(isNotice(said) ? undefined : await askMeasured(host, said, teller, clock));
  }
  return { result: turn.value, timeline, totalMs: clock.nowMs() - startedMs };
}

/** As `follow`, for a story that ends in an outcome: the reporter is told the whole at the end. */
export async function run(
  story: Story<Outcome>,
  host: Pick<Host, "ask">,
  reporter: Reporter = silentReporter,
  clock: Clock = systemClock,
): Promise<RunSummary> {
  const { result, timeline, totalMs } = await follow(story, host, reporter, clock);
  const summary: RunSummary = { outcome: result, timeline, totalMs };
  tellAll([reporter]).summary(summary);
  return summary;
}

function isNotice(said: Step | Notice): said is Notice {
  return said.kind === "phase" || said.kind === "note";
}

async function askMeasured(
  host: Pick<Host, "ask">,
  step: Step,
  teller: Reporter,
  clock: Clock,
): Promise<Reply> {
  const startedMs = clock.nowMs();
  const reply = await host.ask(step);
  teller.step?.({ kind: step.kind, tookMs: clock.nowMs() - startedMs, reply: reply.kind });
  return reply;
}
