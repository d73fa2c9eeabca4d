import { expect } from "vitest";
import type { Interval, Traffic } from "../../../ci/traffic/traffic.js";
import type { DeployHow, ReleaseOf, Shop } from "./shop.js";

export { failureOf } from "../../support/failure.js";

/** What visitors went through while something was done. */
export async function during<T>(
  traffic: Traffic,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly seen: Interval }> {
  await traffic.mark("work");
  const result = await work();
  return { result, seen: await traffic.mark("between") };
}

export function expectUnharmed(seen: Interval, atLeast = 50): void {
  expect(seen.reasons).toEqual({});
  expect(seen.failed).toBe(0);
  // Nothing is proven by visitors who did not come.
  expect(seen.reads.requests).toBeGreaterThan(atLeast);
  expect(seen.writes.requests).toBeGreaterThan(atLeast / 4);
}

/** Nothing that a terminal would obey, and nothing that turns the direction of writing. */
export function expectPrintable(...texts: readonly string[]): void {
  for (const text of texts) expect(text).not.toMatch(/[^\P{C}\n\t]/u);
}

/** Looks again and again until it is as expected; then how long that took, in milliseconds. */
export async function until(
  what: string,
  limitMs: number,
  look: () => Promise<boolean>,
  everyMs = 250,
): Promise<number> {
  const from = Date.now();
  while (!(await look())) {
    if (Date.now() - from > limitMs) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await pause(everyMs);
  }
  return Date.now() - from;
}

/** Runs it again as long as another run, or a dead one's lease, has the lock. */
export async function onceUnlocked<T>(run: () => Promise<T>): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if ((error as { code?: unknown }).code !== "locked" || Date.now() > end) throw error;
      await pause(1_000);
    }
  }
}

/** That nothing is left to be put in order where this release serves: the same again has nothing to do. */
export async function expectSettled(shop: Shop, release: ReleaseOf, how?: DeployHow): Promise<void> {
  const { outcome } = await onceUnlocked(() => shop.deploy(release, how));
  expect(outcome.phase).toBe("nothing-to-do");
  expect(await shop.visit()).toBe(`version ${release.version}`);
  const told = await shop.status();
  expect(told).not.toContain("unsettled");
  expect(told).toMatch(/lock +free/);
  const serving = /serving +revision (\d+)/.exec(told)?.[1];
  expect(told).toMatch(new RegExp(`stable .*\\b${serving}$`, "m"));
  expect(await shop.pointer()).toMatch(/^(blue|green)$/);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
