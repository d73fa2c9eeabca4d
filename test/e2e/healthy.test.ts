import { afterAll, beforeAll, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { during, expectUnharmed } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

let shop: Shop;
let traffic: Traffic;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});

test("a bare Docker host gets its first release", async () => {
  const first = await shop.deploy({ version: "1" });

  expect(first.outcome).toMatchObject({ phase: "promoted", revision: 1, slot: "blue" });
  expect(first.text).toMatch(/^Revision 1 serves in slot blue and is stable/);
  expect(await shop.visit()).toBe("version 1");
  expect(await shop.pointer()).toBe("blue");
  traffic = await shop.traffic();
});

test("visitors notice nothing of the next version but the version", async () => {
  const { result, seen } = await during(traffic, () => shop.deploy({ version: "2" }));

  expect(result.outcome).toMatchObject({ phase: "promoted", revision: 2, slot: "green" });
  expectUnharmed(seen);
  expect(await shop.visit()).toBe("version 2");
  expect(await shop.status()).toMatch(/serving +revision 2 in slot green/);
  expect(await shop.status()).toMatch(/stable +revisions 1, 2/);
});

test("from the switch on, it is the next version that answers: the proxy believes in it by then", async () => {
  const inPair = (await shop.onHost("cat", `/root/.evenkeel/logs/${shop.key}.log`))
    .split("\n")
    .filter((line) => line.includes('"pointer":"green+blue"'));
  expect(inPair.length).toBeGreaterThan(50);
  expect(inPair.filter((line) => line.includes(`"slot":"${shop.key}-blue:`))).toEqual([]);
});

test("the previous version is still there for an instant way back", async () => {
  expect(await shop.status()).toMatch(/blue +revision 1, running/);
  expect(await shop.status()).toMatch(/rollback +would go to revision 1/);
});

test("the same again is nothing to do, quickly, and leaves no trace", async () => {
  const before = await shop.history();
  const { result, seen } = await during(traffic, () => shop.deploy({ version: "2" }));

  expect(result.outcome).toMatchObject({ phase: "nothing-to-do", revision: 2 });
  expect(result.text).toMatch(/^Nothing to do: revision 2 serves this image, configuration and secrets/);
  expect(result.totalMs).toBeLessThan(5_000);
  expect(seen.failed).toBe(0);
  expect(await shop.history()).toBe(before);
});

test("a third version takes the first one's place, requests in flight included", async () => {
  const { result, seen } = await during(traffic, () =>
    shop.deploy({ version: "3", behaviour: { takesMs: 300 } }),
  );
  expect(result.outcome).toMatchObject({ phase: "promoted", revision: 3, slot: "blue" });
  expectUnharmed(seen);
  // What leaves has requests in flight that take a while.
  const next = await during(traffic, () => shop.deploy({ version: "4", keep: "{ hot: 0s }" }));
  expectUnharmed(next.seen);
  expect(await shop.visit()).toBe("version 4");
});

test("history tells who did what, newest last", async () => {
  const lines = (await shop.history()).split("\n");
  expect(
    lines.filter((line) => line.includes("promoted")).map((line) => /revision (\d+)/.exec(line)?.[1]),
  ).toEqual(["1", "2", "3", "4"]);
  expect(lines.at(-1)).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+Z {2}revision 4 {2}promoted .*requests.*\(.+@.+\)$/);
});

test("a version that takes its time to start gets it", async () => {
  const { result, seen } = await during(traffic, () =>
    shop.deploy({ version: "5", behaviour: { startsAfter: 4_000 } }),
  );
  expect(result.outcome).toMatchObject({ phase: "promoted", revision: 5 });
  expect(result.timeline.find((part) => part.activity === "gate")?.tookMs).toBeGreaterThan(3_000);
  expectUnharmed(seen);
});
