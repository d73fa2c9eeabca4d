import type {
  Answers,
  Notice,
  Outcome,
  Phase,
  ProbeReport,
  ProbeSample,
  Reply,
  Step,
  TrafficReport,
  Watched,
} from "../core/model.js";
import { type Clock, systemClock } from "./clock.js";
import type { Host } from "./host.js";
import { type HealthReport, type Reporter, type RunSummary, silentReporter, tellAll } from "./reporter.js";
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
  const teller = tellAll([reporter]);
  const { result, timeline, totalMs } = await follow(story, host, teller, clock);
  const summary: RunSummary = { outcome: result, timeline, totalMs };
  teller.summary(summary);
  await teller.settled(SLOW_REPORTERS_MS);
  return summary;
}

/** What a reporter that posts somewhere may still take when the run is over. */
export const SLOW_REPORTERS_MS = 5_000;

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
  const health = healthOf(step, reply);
  if (health !== null) teller.health?.(health);
  return reply;
}

/** What a look showed, for those who watch; null for every other step. */
function healthOf(step: Step, reply: Reply): HealthReport | null {
  if (reply.kind !== "answer") return null;
  if (step.kind === "probe") {
    const { reports, traffic } = reply.answer as Answers["probe"];
    return {
      during: "gate",
      slots: step.slots.flatMap((watched, index) => slotHealth(watched, reports[index] ?? null, traffic)),
    };
  }
  if (step.kind !== "watch") return null;
  const { live, standby, traffic } = reply.answer as Answers["watch"];
  return {
    during: "bake",
    slots: [
      ...slotHealth(step.live, live, traffic),
      ...(step.standby === null ? [] : slotHealth(step.standby, standby, traffic)),
    ],
  };
}

function slotHealth(
  { slot }: Watched,
  report: ProbeReport | null,
  traffic: TrafficReport | null,
): HealthReport["slots"] {
  if (report === null) return [];
  const revision = report.container?.revision ?? null;
  const answers = report.samples.filter(wasAsked);
  return [{ slot, revision, answers, traffic: traffic?.slots[slot] ?? null }];
}

/** Whom the host did not get to ask, because the one that is judged had failed already, did not fail to answer. */
function wasAsked({ status, durationMs, detail }: ProbeSample): boolean {
  return status !== null || durationMs > 0 || detail !== "";
}
