import { describe, expect, test } from "vitest";
import type { LedgerEntry } from "../../src/core/model.js";
import { deliveryFigures, describeFigures } from "../../src/report/delivery-figures.js";
import { anEntry } from "../support/builders.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BEGIN = Date.parse("2030-01-01T00:00:00Z");

/** A line so many hours after the beginning. */
const at = (hours: number, event: LedgerEntry["event"], revision: number, more: Partial<LedgerEntry> = {}) =>
  anEntry({ at: new Date(BEGIN + hours * HOUR).toISOString(), event, revision, ...more });
const committed = (hours: number) => ({ committedAt: new Date(BEGIN + hours * HOUR).toISOString() });
const figures = (ledger: readonly LedgerEntry[], days = 28) => deliveryFigures(ledger, BEGIN + days * DAY);

test("no deploys: nothing is claimed", () => {
  expect(figures([])).toEqual({
    ...{ from: null, days: 0, deployments: 0, deploymentsPerWeek: null },
    leadTime: { medianMs: null, known: 0, of: 0 },
    changeFailures: { failed: 0, rate: null },
    timeToRestore: { medianMs: null, restored: 0, open: 0 },
  });
  expect(describeFigures(figures([]))).toBe("delivery    no deployment has taken traffic yet");
});

test("good deploys: how often, and how long from the commit", () => {
  const ledger = [1, 2, 3, 4].flatMap((revision) => [
    at(revision, "switched", revision),
    at(revision + 1, "promoted", revision, revision === 4 ? {} : committed(1 - revision)),
  ]);
  const told = figures(ledger);
  expect(told.deployments).toBe(4);
  expect(told.deploymentsPerWeek).toBeCloseTo(1, 1);
  // 2 h, 4 h and 6 h; of the fourth it is not known.
  expect(told.leadTime).toEqual({ medianMs: 4 * HOUR, known: 3, of: 4 });
  expect(told.changeFailures).toEqual({ failed: 0, rate: 0 });
  expect(describeFigures(told)).toMatch(
    /^deployments 4 in 28 days \(1\.0 a week\)\nlead time {3}4 h 0 min from commit to promotion \(median of 3; of 1 unknown\)\nfailures {4}0 of 4 \(0 %\)/,
  );
});

test("an abort reached no visitor, and a revert says nothing of the release: neither is a deployment", () => {
  const told = figures([
    at(0, "aborted", 1),
    at(1, "switched", 2),
    at(2, "reverted", 2),
    at(3, "unlocked", 0),
    at(4, "started", 3),
  ]);
  expect(told.deployments).toBe(0);
  expect(told.changeFailures.rate).toBeNull();
});

test("a switch whose end is not known yet is not counted", () => {
  expect(figures([at(0, "switched", 1)]).deployments).toBe(0);
});

describe("only failures", () => {
  test("rolled back by itself: restored at that moment", () => {
    const told = figures([at(0, "switched", 1), at(0.5, "rolled-back", 1)]);
    expect(told.changeFailures).toEqual({ failed: 1, rate: 1 });
    expect(told.timeToRestore).toEqual({ medianMs: HOUR / 2, restored: 1, open: 0 });
    expect(describeFigures(told)).toContain("lead time   unknown: no image tells when its commit was made");
  });

  test("halted, and nothing good since: still open", () => {
    const told = figures([at(0, "switched", 1, {}), at(1, "halted", 1)]);
    expect(told.timeToRestore).toEqual({ medianMs: null, restored: 0, open: 1 });
    expect(describeFigures(told)).toContain("to restore  1 not made good yet");
  });
});

test("halted, then a good deploy: restored by that one", () => {
  const told = figures([
    at(0, "switched", 1),
    at(1, "halted", 1),
    at(4, "switched", 2),
    at(5, "promoted", 2),
  ]);
  expect(told.deployments).toBe(2);
  expect(told.changeFailures).toEqual({ failed: 1, rate: 0.5 });
  expect(told.timeToRestore).toEqual({ medianMs: 5 * HOUR, restored: 1, open: 0 });
});

test("promoted, and left by a rollback: the deployment failed, and the rollback is none", () => {
  const told = figures([
    at(0, "switched", 1),
    at(1, "promoted", 1),
    at(10, "switched", 2),
    at(11, "promoted", 2),
    at(12, "switched", 1),
    at(13, "promoted", 1, { left: 2 }),
  ]);
  expect(told.deployments).toBe(2);
  expect(told.changeFailures).toEqual({ failed: 1, rate: 0.5 });
  expect(told.timeToRestore).toEqual({ medianMs: 3 * HOUR, restored: 1, open: 0 });
});

test("a rollback that failed does not make the old release's own deployment a failure", () => {
  const told = figures([
    at(0, "switched", 1),
    at(1, "promoted", 1),
    at(2, "switched", 2),
    at(3, "promoted", 2),
    at(4, "switched", 1),
    at(5, "rolled-back", 1),
  ]);
  expect(told.changeFailures).toEqual({ failed: 0, rate: 0 });
});

test("the period is the last 90 days, and no rate is told of less than a week", () => {
  const ledger = [
    at(0, "switched", 1),
    at(1, "promoted", 1),
    at(24 * 100, "switched", 2),
    at(24 * 100 + 1, "promoted", 2),
  ];
  expect(figures(ledger, 101)).toMatchObject({ deployments: 1, days: 90 });
  expect(figures(ledger.slice(0, 2), 2)).toMatchObject({ deployments: 1, deploymentsPerWeek: null });
});

test("a host whose clock is ahead, or a line without a time, breaks nothing", () => {
  const told = figures([at(0, "switched", 1), at(24 * 400, "promoted", 1), anEntry({ at: "nonsense" })], 0);
  expect(told.days).toBeGreaterThan(0);
  expect(told.deploymentsPerWeek).not.toBe(Number.POSITIVE_INFINITY);
});
