import { expect, it } from "vitest";
import { timeOf } from "../../../src/pipeline/image/timestamps.js";

it("stands for a text: the same one the same time, another one another", () => {
  expect(timeOf("lockfile 1")).toBe(timeOf("lockfile 1"));
  expect(timeOf("lockfile 1")).not.toBe(timeOf("lockfile 2"));
});

it("lies where every file system and archive can keep it", () => {
  for (let count = 0; count < 100; count++) {
    const year = new Date(timeOf(String(count)) * 1000).getUTCFullYear();
    expect(year).toBeGreaterThanOrEqual(2000);
    expect(year).toBeLessThan(2026);
  }
});
