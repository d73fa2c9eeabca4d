import { expect, test } from "vitest";
import { everyPoint, nameOf, pointNamed, type Rehearsal, sample } from "../../../ci/sweep/points.js";

const rehearsal: Rehearsal = {
  steps: ["observe", "acquire", "switch", "unlock"].map((kind) => ({ kind, tookMs: 10 })),
  bytes: { toHost: 5_000, toRunner: 900 },
};
const rehearsals = { deploy: rehearsal, rollback: rehearsal, recovery: rehearsal, first: rehearsal };
const names = (offsets: number, seed = 1) => everyPoint(rehearsals, offsets, seed).map(nameOf);

test("a runner is killed at every boundary between steps and in the midst of every step", () => {
  const kills = names(0).filter((name) => name.startsWith("rollback/kill/"));
  expect(kills.map((name) => name.split("/").slice(2, 4).join(" "))).toEqual([
    ...["after 0", "after 1", "after 2", "after 3", "after 4"],
    ...["in 0", "in 1", "in 2", "in 3"],
  ]);
});

test("its connection is cut and stalled at every boundary, and at so many bytes", () => {
  const cuts = names(0).filter((name) => name.startsWith("deploy/cut/") || name.startsWith("deploy/stall/"));
  expect(cuts).toHaveLength(2 * 3);
  const bytes = everyPoint(rehearsals, 500, 1).flatMap((point) =>
    "byte" in point.moment ? [{ fault: point.fault, ...point.moment }] : [],
  );
  expect(bytes.filter(({ fault }) => fault === "cut")).toHaveLength(500);
  expect(bytes.filter(({ fault }) => fault === "stall")).toHaveLength(100);
  const most = (at: string) => Math.max(...bytes.filter((one) => one.at === at).map(({ byte }) => byte));
  expect(most("host-byte")).toBeGreaterThan(4_000);
  expect(most("host-byte")).toBeLessThanOrEqual(5_000);
  expect(most("runner-byte")).toBeLessThanOrEqual(900);
});

test("the same seed gives the same points, another one others", () => {
  expect(names(50)).toEqual(names(50));
  expect(names(50)).not.toEqual(names(50, 2));
});

test("a sample has each sort of disturbance about as often, and no point twice", () => {
  const all = everyPoint(rehearsals, 1000, 1);
  const chosen = sample(all, 84, 1);
  expect(new Set(chosen.map(nameOf)).size).toBe(84);
  const sorts = Map.groupBy(chosen, ({ run, fault, moment }) => `${run} ${fault} ${moment.at}`);
  expect([...sorts.values()].map((points) => points.length)).toSatisfy((counts: number[]) =>
    counts.every((count) => count >= 2 && count <= 4),
  );
  expect(sample(all, Number.POSITIVE_INFINITY, 1)).toHaveLength(all.length);
});

test("a point can be named, and is found by its name", () => {
  for (const point of everyPoint(rehearsals, 20, 1)) expect(pointNamed(nameOf(point))).toEqual(point);
  for (const name of ["", "deploy", "deploy/kill/after/x/alone", "deploy/kick/after/1/alone", "a/b/c/1/d"])
    expect(pointNamed(name)).toBeNull();
});
