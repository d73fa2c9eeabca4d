import { expect, test } from "vitest";
import type { Notice, Outcome, Reply, Step } from "../../src/core/model.js";
import type { Clock } from "../../src/effects/clock.js";
import type { Reporter } from "../../src/effects/reporter.js";
import { createRecordingReporter } from "../../src/effects/reporters/recording-reporter.js";
import { follow, run, type Story } from "../../src/effects/run.js";

const PROMOTED: Outcome = { phase: "promoted", revision: 3, slot: "green", reason: "all well" };

/** A host on which every step takes as many milliseconds as a `wait` says, or 10. */
function fakeHost() {
  let nowMs = 1000;
  const asked: Step[] = [];
  const clock: Clock = { nowMs: () => nowMs, sleep: async () => {} };
  const ask = async (step: Step): Promise<Reply> => {
    asked.push(step);
    nowMs += step.kind === "wait" ? step.ms : 10;
    return { kind: "answer", nowMs, answer: { verdict: "done" } };
  };
  return { host: { ask: ask as never }, clock, asked };
}

function* deployStory(): Story<Outcome> {
  const wait = (ms: number): Step => ({ kind: "wait", ms });
  const at = (phase: Notice): Notice => phase;
  yield at({ kind: "phase", at: { phase: "idle" } });
  yield wait(100);
  yield at({ kind: "phase", at: { phase: "pulled" } });
  yield { kind: "note", level: "info", text: "a note" };
  yield wait(20);
  yield at({ kind: "phase", at: { phase: "switched", revision: 3, guarded: true } });
  yield at({ kind: "phase", at: { phase: "baking", revision: 3, reason: "begun" } });
  yield wait(500);
  yield at({ kind: "phase", at: { phase: "baking", revision: 3, reason: "half" } });
  yield wait(500);
  yield at({ kind: "phase", at: PROMOTED });
  return PROMOTED;
}

test("measures what each activity took, the whole bake as one", async () => {
  const { host, clock } = fakeHost();
  expect(await run(deployStory(), host, undefined, clock)).toEqual({
    outcome: PROMOTED,
    timeline: [
      { activity: "prepare", tookMs: 0 },
      { activity: "pull", tookMs: 100 },
      { activity: "switch", tookMs: 20 },
      { activity: "bake", tookMs: 1000 },
    ],
    totalMs: 1120,
  });
});

test("tells the reporter phases, notes, steps and the end, in order", async () => {
  const { host, clock } = fakeHost();
  const reporter = createRecordingReporter();
  await run(deployStory(), host, reporter, clock);
  const told = reporter.records.map((record) => {
    if (record.kind === "phase") return `${record.at.phase} +${record.tookMs}`;
    return record.kind === "step" ? `step ${record.step.kind} ${record.step.tookMs}` : record.kind;
  });
  expect(told).toEqual([
    "idle +0",
    "step wait 100",
    "pulled +100",
    "note",
    "step wait 20",
    "switched +20",
    "baking +0",
    "step wait 500",
    "baking +500",
    "step wait 500",
    "promoted +500",
    "summary",
  ]);
});

test("answers steps with the host's reply, and notices with nothing", async () => {
  const { host, clock, asked } = fakeHost();
  const answers: unknown[] = [];
  function* story(): Story<string> {
    answers.push(yield { kind: "note", level: "info", text: "hello" });
    answers.push(yield { kind: "observe" });
    return "over";
  }
  expect(await follow(story(), host, undefined, clock)).toEqual({
    result: "over",
    timeline: [],
    totalMs: 10,
  });
  expect(answers).toEqual([undefined, { kind: "answer", nowMs: 1010, answer: { verdict: "done" } }]);
  expect(asked).toEqual([{ kind: "observe" }]);
});

test("goes on when a reporter throws: a closed pipe must not stop a deploy half-way", async () => {
  const { host, clock } = fakeHost();
  const broken = () => {
    throw new Error("EPIPE");
  };
  const reporter: Reporter = { phase: broken, note: broken, step: broken, summary: broken };
  expect((await run(deployStory(), host, reporter, clock)).outcome).toEqual(PROMOTED);
});

test("a reporter that posts somewhere is not waited for on the way, and heard out at the end", async () => {
  const { host, clock } = fakeHost();
  const told: string[] = [];
  let post: () => void = () => {};
  const posting = new Promise<void>((resolve) => {
    post = resolve;
  });
  const reporter: Reporter = {
    phase: async ({ at }) => {
      if (at.phase === "pulled") await posting;
      told.push(at.phase);
    },
    note: () => {},
    summary: () => {
      told.push("summary");
      post();
    },
  };
  await run(deployStory(), host, reporter, clock);
  expect(told).toEqual(["idle", "switched", "baking", "baking", "promoted", "summary", "pulled"]);
});

test("what an async reporter rejects with ends no run and no process", async () => {
  const { host, clock } = fakeHost();
  const broken = async () => {
    throw new Error("ECONNRESET");
  };
  const reporter: Reporter = { phase: broken, note: broken, step: broken, summary: broken };
  expect((await run(deployStory(), host, reporter, clock)).outcome).toEqual(PROMOTED);
});

test("lets through what a story throws, which is a bug", async () => {
  const { host, clock } = fakeHost();
  // biome-ignore lint/correctness/useYield: it is about the throw
  function* story(): Story<Outcome> {
    throw new Error("bug");
  }
  await expect(run(story(), host, undefined, clock)).rejects.toThrow("bug");
});

test("names what was under way when a run failed", async () => {
  const { host, clock } = fakeHost();
  const aborted: Outcome = { phase: "aborted", code: "gate-failed", serving: 2, reason: "", logs: "" };
  function* story(): Story<Outcome> {
    yield { kind: "phase", at: { phase: "started", slot: "green", revision: 3 } };
    yield { kind: "wait", ms: 30 };
    yield { kind: "phase", at: aborted };
    return aborted;
  }
  const { timeline } = await run(story(), host, undefined, clock);
  expect(timeline).toEqual([
    { activity: "start", tookMs: 0 },
    { activity: "gate", tookMs: 30 },
  ]);
});
