import { afterAll, beforeAll, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { htmlReport, type RunReport } from "../../src/index.js";
import { during, expectUnharmed, until } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

let shop: Shop;
let traffic: Traffic;
const reports: RunReport[] = [];
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
  reports.push(result);
  expect(await shop.visit()).toBe("version 2");
  expect(await shop.status()).toMatch(/serving +revision 2 in slot green/);
  expect(await shop.status()).toMatch(/stable +revisions 1, 2/);
});

test("its report has the traffic through the switch, the probes and what changed", () => {
  const [report] = reports;
  expect(report?.changes).toMatchObject({
    from: { revision: 1 },
    to: { revision: 2 },
    configuration: [{ key: "container.env.VERSION", before: "1", after: "2" }],
    secrets: { added: [], removed: [], valuesChanged: false },
  });
  const bake = report?.health.filter(({ during }) => during === "bake") ?? [];
  const live = bake.flatMap(({ slots }) => slots[0] ?? []);
  expect(live.reduce((sum, { requests }) => sum + (requests ?? 0), 0)).toBeGreaterThan(50);
  expect(
    live.every(
      ({ slot, revision, failedProbes }) => slot === "green" && revision === 2 && failedProbes === 0,
    ),
  ).toBe(true);
  if (report !== undefined)
    expect(htmlReport(report)).toMatch(/shop[\s\S]*promoted[\s\S]*container\.env\.VERSION/);
});

test("logs are of what serves, or of one slot, or from a time on", async () => {
  expect(await linesOf(shop.logs())).toEqual(["version 2 listens on 3000"]);
  expect(await linesOf(shop.logs({ slot: "blue" }))).toEqual(["version 1 listens on 3000"]);
  expect(await linesOf(shop.logs({ lines: 0 }))).toEqual([]);
  expect(await linesOf(shop.logs({ since: "2000-01-01" }))).toHaveLength(1);
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
  const stop = new AbortController();
  const followed = linesOf(shop.logs({ follow: true, signal: stop.signal }));
  const { result, seen } = await during(traffic, async () => {
    const deploying = shop.deploy({ version: "5", behaviour: { startsAfter: 4_000 } });
    // The deploy has the lock; whoever reads the logs needs none.
    await until("the lock is taken", 20_000, async () => /lock +locked/.test(await shop.status()));
    expect(await linesOf(shop.logs())).toEqual(["version 4 listens on 3000"]);
    return deploying;
  });
  stop.abort();
  expect(await followed).toEqual(["version 4 listens on 3000"]);
  const readers = `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'docker logs [-]-tail' || :`;
  await until(
    "nobody on the host reads on",
    10_000,
    async () => (await shop.onHost("sh", "-c", readers)) === "0",
  );
  expect(result.outcome).toMatchObject({ phase: "promoted", revision: 5 });
  expect(result.timeline.find((part) => part.activity === "gate")?.tookMs).toBeGreaterThan(3_000);
  expectUnharmed(seen);
});

async function linesOf(lines: AsyncGenerator<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}
