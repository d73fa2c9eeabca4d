import { expect, test } from "vitest";
import type { HealthReport } from "../../src/effects/reporter.js";
import { createRecorder } from "../../src/report/run-report.js";
import { aSample, aTally } from "../support/builders.js";
import { next, served, toldRun } from "../support/told-run.js";

test("a good deploy: phases in order with their times, looks with traffic, what changed", async () => {
  const { report } = await toldRun();
  expect(report).toMatchObject({ outcome: { phase: "promoted", revision: 2 }, failure: null });
  expect(report.phases.map(({ phase }) => phase)).toEqual([
    ...["pulled", "locked", "started", "gated", "switched", "baking", "promoted"],
  ]);
  const times = report.phases.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBeLessThanOrEqual(report.totalMs);
  const bake = report.health.filter(({ during }) => during === "bake");
  expect(bake.length).toBeGreaterThan(5);
  expect(bake[1]?.slots[0]).toMatchObject({
    slot: "green",
    revision: 2,
    failures: 0,
    failedProbes: 0,
    lastStatus: 200,
  });
  expect(bake[1]?.slots[0]?.requests).toBeGreaterThan(50);
  expect(report.changes).toMatchObject({
    from: { revision: 1, commit: served.commit },
    to: { revision: 2, commit: next.commit },
  });
  expect(report.endedAt > report.start.startedAt).toBe(true);
});

test("a failed one: the code with cause and remedy, and the logs", async () => {
  const { report } = await toldRun({ afterSwitch: { afterMs: 2_000, does: "answers-500-but-healthy" } });
  expect(report.outcome).toMatchObject({ phase: "rolled-back", code: "bake-failed", serving: 1 });
  expect(report.failure).toMatchObject({
    code: "bake-failed",
    next: expect.stringContaining("deploy again"),
  });
  const failures = report.health.flatMap(({ during, slots }) =>
    during === "bake" ? (slots[0]?.failures ?? 0) : 0,
  );
  expect(Math.max(...failures)).toBeGreaterThan(0);
});

test("a bake of a day does not grow without bound, and loses no count", () => {
  const recorder = createRecorder({ nowMs: () => 0 });
  const look: HealthReport = {
    during: "bake",
    slots: [
      {
        slot: "green",
        revision: 2,
        answers: [aSample({ durationMs: 7 }), aSample({ status: 503 })],
        traffic: aTally(3, 1, 1),
      },
    ],
  };
  const looks = 50_000;
  for (let index = 0; index < looks; index++) recorder.health?.(look);
  const { health } = recorder.recorded();
  expect(health.length).toBeLessThanOrEqual(1_001);
  const sum = (of: (slot: (typeof health)[number]["slots"][number]) => number) =>
    health.reduce((total, { slots }) => total + (slots[0] === undefined ? 0 : of(slots[0])), 0);
  expect([
    sum((s) => s.probes),
    sum((s) => s.failedProbes),
    sum((s) => s.requests ?? 0),
    sum((s) => s.failures),
  ]).toEqual([2 * looks, looks, 3 * looks, looks]);
});
