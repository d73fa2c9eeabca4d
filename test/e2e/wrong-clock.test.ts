import { afterAll, beforeAll, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { during, expectSettled, expectUnharmed, failureOf, until } from "./support/expectations.js";
import { openShop, type ReleaseOf, type Shop } from "./support/shop.js";

/** A host whose wall clock is an hour off, and jumps: what `date` says there, which is all that scripts can ask. */
let shop: Shop;
let traffic: Traffic;
beforeAll(async () => {
  shop = await openShop();
  await shop.onHost(
    "sh",
    "-c",
    `cat >/usr/local/bin/date <<'WRONG'
#!/bin/sh
read -r off </run/clock-off
exec /usr/bin/date -d "@$(($(/usr/bin/date +%s) + off))" "$@"
WRONG
chmod 755 /usr/local/bin/date; echo 0 >/run/clock-off`,
  );
  await shop.deploy({ version: "1" });
  traffic = await shop.traffic();
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});

const HOUR = 3_600;
const setClock = (offSeconds: number) => shop.onHost("sh", "-c", `echo ${offSeconds} >/run/clock-off`);

test("an hour fast: the ledger has its times, and nothing else is different", async () => {
  await setClock(HOUR);
  const release = { version: "2" };
  const { result, seen } = await during(traffic, () => shop.deploy(release));
  expect(result.outcome.phase).toBe("promoted");
  expectUnharmed(seen);
  const [first = 0, ...rest] = await times();
  expect((rest.at(-1) ?? 0) - first).toBeGreaterThan(HOUR * 1_000);
  await expectSettled(shop, release);
});

test("two hours back in the bake: confirmed all the same, and the order of events is not that of the times", async () => {
  const release: ReleaseOf = { version: "3", bake: "{ duration: 4s, interval: 500ms, deadline: 30s }" };
  const { result, seen } = await during(traffic, async () => {
    const runner = shop.startRunner(release);
    await runner.reached("baking");
    await setClock(-HOUR);
    return runner.ended;
  });
  expect(result).toMatchObject({ code: null, text: expect.stringContaining("is stable") });
  expectUnharmed(seen);
  const written = await times();
  expect(written.at(-1)).toBeLessThan(written[0] ?? 0);
  await expectSettled(shop, release);
  expect(await shop.status()).toMatch(/stable +revisions 1, 2, 3$/m);
});

test("two hours ahead while an unconfirmed switch waits: neither lock nor guardian take that for the end of their leases", async () => {
  const { result, seen } = await during(traffic, async () => {
    const runner = shop.startRunner({
      version: "4",
      bake: "{ duration: 60s, interval: 500ms, deadline: 60s }",
    });
    await runner.reached("baking");
    await runner.kill();
    const from = Date.now();
    await setClock(HOUR);
    expect((await failureOf(shop.deploy({ version: "5" }))).code).toBe("locked");
    expect(await shop.pointer()).toBe("green+blue");
    await until("the guardian goes back", 40_000, async () => (await shop.pointer()) === "blue");
    return Date.now() - from;
  });
  // A lease of 15 s, renewed within the last second.
  expect(result).toBeGreaterThan(10_000);
  expectUnharmed(seen);
  expect(await shop.visit()).toBe("version 3");
});

test("an hour slow: goes back to the newest stable release, not to the one with the latest time", async () => {
  await setClock(-HOUR);
  await shop.unlock();
  const { result, seen } = await during(traffic, () => shop.rollback());
  expect(result.outcome).toMatchObject({ phase: "nothing-to-do", revision: 3 });
  const further = await during(traffic, () => shop.rollback());
  expect(further.result.outcome).toMatchObject({ phase: "promoted", revision: 2 });
  expectUnharmed(seen, 10);
  expectUnharmed(further.seen);
  await expectSettled(shop, { version: "2" });
});

/** When the ledger says that things happened, in milliseconds, in the order in which they did. */
async function times(): Promise<readonly number[]> {
  return (await shop.history()).split("\n").map((line) => Date.parse(line.split(" ")[0] ?? ""));
}
