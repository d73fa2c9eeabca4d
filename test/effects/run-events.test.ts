import { expect, test } from "vitest";
import type { Reporter } from "../../src/effects/reporter.js";
import { type RunEvent, runEvent } from "../../src/effects/reporters/event-schema.js";
import { runWith } from "../../src/effects/run-events.js";

const note = (text: string) => expect.objectContaining({ v: 1, event: "note", level: "info", text });
const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

async function all(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const told: RunEvent[] = [];
  for await (const event of events) told.push(event);
  return told;
}

const twoNotes = async (reporter: Reporter) => {
  reporter.note("info", "one");
  await pause();
  reporter.note("info", "two");
  await pause();
  return "done";
};

test("awaited, it is its result", async () => {
  expect(await runWith(twoNotes)).toBe("done");
});

test("iterated, it tells everything in order and ends with the run", async () => {
  const run = runWith(twoNotes);
  expect(await all(run)).toEqual([note("one"), note("two")]);
  expect(await run).toBe("done");
});

test("who comes late, or again, is told everything as well", async () => {
  const run = runWith(twoNotes);
  await run;
  expect(await all(run)).toHaveLength(2);
  expect(await Promise.all([all(run), all(run)])).toEqual([
    [note("one"), note("two")],
    [note("one"), note("two")],
  ]);
});

test("a failure is thrown where the loop ends, after all that happened before it", async () => {
  const run = runWith(async (reporter) => {
    reporter.note("info", "one");
    await pause();
    throw new Error("it failed");
  });
  const told: RunEvent[] = [];
  await expect(async () => {
    for await (const event of run) told.push(event);
  }).rejects.toThrow("it failed");
  expect(told).toEqual([note("one")]);
  await expect(run).rejects.toThrow("it failed");
});

test("leaving the loop leaves the run alone", async () => {
  const run = runWith(twoNotes);
  for await (const event of run) {
    expect(event).toEqual(note("one"));
    break;
  }
  expect(await run).toBe("done");
});

test("all that a reporter hears is an event, as the published schema has it", async () => {
  const summary = {
    outcome: { phase: "promoted", revision: 1, slot: "blue", reason: "" },
    timeline: [],
    totalMs: 5,
  } as const;
  const run = runWith(async (reporter) => {
    reporter.phase({ at: { phase: "pulled" }, from: "idle", tookMs: 7 });
    reporter.step?.({ kind: "pull", tookMs: 7, reply: "answer" });
    reporter.summary(summary);
  });
  const told = await all(run);
  expect(told.map(({ event }) => event)).toEqual(["phase", "step", "end"]);
  for (const event of told) expect(runEvent.parse(event)).toEqual(event);
  expect(told[2]).toMatchObject({ outcome: "promoted", serving: 1, totalMs: 5 });
});
