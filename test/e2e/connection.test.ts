import { afterAll, beforeAll, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { during, expectUnharmed, until } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

/** What happens to the connection must not happen to visitors. */
let shop: Shop;
let traffic: Traffic;
beforeAll(async () => {
  shop = await openShop();
  await shop.deploy({ version: "1" });
  traffic = await shop.traffic();
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});

const longBake = "{ duration: 60s, interval: 500ms, deadline: 60s }";

test("cut in the bake: the run comes back, reads the host and finishes what it began", async () => {
  const { result, seen } = await during(traffic, async () => {
    const runner = shop.startRunner({
      version: "2",
      bake: "{ duration: 4s, interval: 500ms, deadline: 10s }",
    });
    await runner.reached("baking");
    await shop.onHost("sh", "-c", "kill -KILL $(pgrep -f '^sshd: root@')");
    return runner.ended;
  });
  expect(result).toMatchObject({ code: null, text: expect.stringContaining("serves") });
  expectUnharmed(seen);
  expect(await shop.visit()).toBe("version 2");
  expect(await shop.status()).not.toContain("unsettled");
});

test("silently dropped in the bake: the run ends and says so, and the host goes back by itself", async () => {
  const { result, seen } = await during(traffic, async () => {
    const runner = shop.startRunner({ version: "3", bake: longBake });
    await runner.reached("baking");
    const from = Date.now();
    await shop.onHost("iptables", "-I", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP");
    try {
      const ended = await runner.ended;
      await until("the guardian goes back", 40_000, async () => !(await shop.pointer()).includes("+"));
      return { ...ended, tookMs: Date.now() - from };
    } finally {
      await shop.onHost("iptables", "-D", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP");
    }
  });
  expect(result.code).toBe("lost");
  expect(result.text).toContain("a switch that was not confirmed is taken back by the host itself");
  expect(result.tookMs).toBeLessThan(90_000);
  expectUnharmed(seen);
  expect(await shop.visit()).toBe("version 2");
  expect(await shop.status()).toMatch(/unsettled +revision \d+ was switched to and never confirmed/);
});
