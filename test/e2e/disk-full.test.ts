import { afterAll, beforeAll, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { during, expectUnharmed, failureOf, until } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

/** A host whose state lies on a small file system, so that it can be filled and emptied. */
let shop: Shop;
let traffic: Traffic;
beforeAll(async () => {
  shop = await openShop();
  await shop.onHost(
    "sh",
    "-c",
    "mkdir /root/.evenkeel && mount -t tmpfs -o size=1g,mode=700 none /root/.evenkeel",
  );
  await shop.deploy({ version: "1" });
  traffic = await shop.traffic();
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});

// To the last block: dd goes on until nothing more can be written.
const fill = () => shop.onHost("sh", "-c", "dd if=/dev/zero of=/root/.evenkeel/fill bs=4k 2>/dev/null; true");
const empty = () => shop.onHost("rm", "-f", "/root/.evenkeel/fill");

test("full before the deploy: refused, with the reason, and nothing is touched", async () => {
  await fill();
  const { result, seen } = await during(traffic, () => failureOf(shop.deploy({ version: "2" })));
  await empty();

  expect(result.code).toBe("disk-full");
  expect(result.detail).toMatch(/the host has \d+ MiB of disk free/);
  expect(seen.failed).toBe(0);
  expect(await shop.visit()).toBe("version 1");
  expect((await shop.history()).split("\n")).toHaveLength(2);
});

test("full in the bake: it is not called good, visitors notice nothing, and the host goes back", async () => {
  const bake = "{ duration: 60s, interval: 500ms, deadline: 60s }";
  const runner = shop.startRunner({ version: "2", bake });
  await runner.reached("baking");
  const { result, seen } = await during(traffic, async () => {
    await fill();
    return runner.ended;
  });
  expect(result.code).toBe("bake-failed");
  expect(result.text).toContain("its disk may be full");
  await until("the host goes back", 60_000, async () => (await shop.pointer()) === "blue");
  expectUnharmed(seen, 10);
  expect(await shop.visit()).toBe("version 1");
});

test("with space again the next deploy puts it in order and is promoted", async () => {
  await empty();
  const { result, seen } = await during(traffic, () => shop.deploy({ version: "3" }));
  expect(result.outcome).toMatchObject({ phase: "promoted" });
  expectUnharmed(seen);
  expect(await shop.visit()).toBe("version 3");
  expect(await shop.history()).toMatch(/revision 2 +rolled-back/);
});

test("full and the runner gone: the guardian goes back by itself all the same", async () => {
  const bake = "{ duration: 60s, interval: 500ms, deadline: 60s }";
  const runner = shop.startRunner({ version: "4", bake });
  await runner.reached("baking");
  const { seen } = await during(traffic, async () => {
    await runner.kill();
    await fill();
    await until("the guardian goes back", 60_000, async () => !(await shop.pointer()).includes("+"));
  });
  expectUnharmed(seen);
  expect(await shop.visit()).toBe("version 3");
  await empty();
  expect(await shop.status()).toMatch(/serving +revision 3/);
});
