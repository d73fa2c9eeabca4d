import { expect, test } from "vitest";
import type { Step } from "../../src/core/model.js";
import { ask, beginRun, Interruption, isFailure, type Run, remainingMs } from "../../src/core/script.js";

/** A run of 5 s that began when the host's clock said 100 s. */
function runAt(nowMs: number, differs: Partial<Run> = {}): Run {
  return { ...beginRun(5_000), startedMs: 100_000, nowMs, ...differs };
}

const done = { kind: "answer", nowMs: 101_000, answer: { verdict: "done" } } as const;
const wait = { kind: "wait", ms: 1 } as const;
/** What a step says of itself does not matter here. */
const step = (kind: string) => ({ kind }) as Step & { readonly kind: "wait" };

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (cause) {
    return cause;
  }
  return null;
}

test("the time of a run begins with the first answer", () => {
  const run = beginRun(5_000);
  expect(remainingMs(run)).toBe(5_000);
  const asked = ask(run, wait);
  asked.next();
  expect(asked.next({ ...done, nowMs: 100_000 })).toEqual({ done: true, value: { verdict: "done" } });
  expect(remainingMs(run)).toBe(5_000);
  const again = ask(run, wait);
  again.next();
  again.next({ ...done, nowMs: 102_000 });
  expect(remainingMs(run)).toBe(3_000);
});

test("once it is over nothing new is begun", () => {
  expect(ask(runAt(104_999), wait).next().value).toBe(wait);
  const cause = thrownBy(() => ask(runAt(105_000), wait).next());
  expect(cause).toBeInstanceOf(Interruption);
  expect(cause).toMatchObject({
    why: "deadline",
    reconnected: true,
    message: "the deploy's own deadline of 5 s is over",
  });
});

test.each(["pull", "acquire", "install-proxy", "route", "stage", "pre-deploy", "start", "switch", "watch"])(
  "%s is something new",
  (kind) => {
    expect(thrownBy(() => ask(runAt(106_000), step(kind)).next())).toBeInstanceOf(Interruption);
    expect(ask(runAt(106_000, { closing: true }), step(kind)).next().value).toEqual({ kind });
  },
);

test.each([
  "observe",
  "probe",
  "visit",
  "consult",
  "confirm",
  "point-back",
  "retire",
  "retain",
  "record",
  "logs",
  "unlock",
])("%s finishes or makes safe what was begun, and is asked for all the same", (kind) => {
  expect(ask(runAt(106_000), step(kind)).next().value).toEqual({ kind });
});

test.each([
  [
    { kind: "lost", nowMs: 1, reconnected: false, message: "reset" },
    { why: "lost", reconnected: false, message: "reset" },
  ],
  [
    { kind: "fenced", nowMs: 1 },
    { why: "fenced", reconnected: true, message: "another run has taken the lock" },
  ],
] as const)("what interrupts a run is told with its cause: %o", (reply, told) => {
  const run = runAt(100_000);
  const asked = ask(run, wait);
  asked.next();
  expect(thrownBy(() => asked.next(reply))).toMatchObject(told);
  expect(run.nowMs).toBe(1);
});

test("a step that nobody answers is a mistake of whoever runs the script", () => {
  const asked = ask(runAt(100_000), wait);
  asked.next();
  expect(thrownBy(() => asked.next(undefined))).toMatchObject({ message: "step wait was not answered" });
});

test("a failure is told from an answer", () => {
  expect(isFailure({ verdict: "failed", code: "disk-full", message: "" })).toBe(true);
  expect(isFailure({ verdict: "done" })).toBe(false);
  expect(isFailure({ text: "failed" })).toBe(false);
});
