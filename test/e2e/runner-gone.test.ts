import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { during, expectUnharmed, failureOf, until } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

/** The process that holds the connection is killed, or stands still, right after the switch. */
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

describe("killed right after the switch", () => {
  test("the host goes back by itself once the guardian's lease is over, and visitors notice nothing", async () => {
    const { result, seen } = await during(traffic, async () => {
      const runner = shop.startRunner({ version: "2", bake: longBake });
      await runner.reached("switched");
      await runner.kill();
      expect(await shop.visit()).toBe("version 2");
      expect(await shop.pointer()).toBe("green+blue");
      return until("the guardian goes back", 40_000, async () => (await shop.pointer()) === "blue");
    });
    // A lease of 15 s, half a second of polling, three probes.
    expect(result).toBeGreaterThan(10_000);
    expect(result).toBeLessThan(25_000);
    expect(await shop.visit()).toBe("version 1");
    expectUnharmed(seen);
  });

  test("status tells what happened, and who holds the lock until its lease ends", async () => {
    const told = await shop.status();
    expect(told).toMatch(/serving +revision 1 in slot blue/);
    expect(told).toMatch(
      /unsettled +revision 2 was switched to and never confirmed; the guardian went back to slot blue; the run that has the lock, or else the next, settles it/,
    );
    expect(told).toMatch(/stable +revisions 1$/m);
  });

  test("the next run settles it, says so in history, and goes on", async () => {
    await until("the dead runner's lease ends", 60_000, async () => /lock +free/.test(await shop.status()));
    const { result, seen } = await during(traffic, () => shop.deploy({ version: "3" }));

    expect(result.outcome).toMatchObject({ phase: "promoted", revision: 3 });
    expectUnharmed(seen);
    expect(await shop.visit()).toBe("version 3");
    const history = await shop.history();
    expect(history).toMatch(/revision 2 {2}reverted +never confirmed; decided by the guardian/);
    expect(await shop.status()).not.toContain("unsettled");
    expect(await shop.status()).toMatch(/stable +revisions 1, 3$/m);
  });
});

describe("killed right after the switch, and run again at once", () => {
  test("is told whose lock it is; without it, it settles the switch itself and deploys", async () => {
    const { result, seen } = await during(traffic, async () => {
      const runner = shop.startRunner({ version: "4", bake: longBake }, { holder: "the dead one" });
      await runner.reached("switched");
      await runner.kill();

      const refused = await failureOf(shop.deploy({ version: "5" }));
      expect(refused.code).toBe("locked");
      expect(refused.detail).toMatch(/locked by the dead one#[0-9a-f]+ .*ends by itself in \d+ s/);
      expect(await shop.pointer()).toMatch(/\+/);

      expect(await shop.unlock()).toMatch(
        /unsettled +an earlier run switched to revision 4 and did not confirm it/,
      );
      return shop.deploy({ version: "5" });
    });
    expect(result.outcome).toMatchObject({ phase: "promoted", revision: 5 });
    expect(await shop.visit()).toBe("version 5");
    expectUnharmed(seen);
    expect(await shop.history()).toMatch(
      /revision 4 {2}reverted +unconfirmed switch settled: revision 3 answers its health probes/,
    );
  });
});

describe("killed before the switch", () => {
  test("nothing was switched, and the next run removes what was left over", async () => {
    const { seen } = await during(traffic, async () => {
      const runner = shop.startRunner({ version: "6", behaviour: { startsAfter: 60_000 } });
      await runner.reached("started");
      await runner.kill();
      expect(await shop.visit()).toBe("version 5");
      await shop.unlock();
      await shop.deploy({ version: "7" });
    });
    expectUnharmed(seen);
    expect(await shop.visit()).toBe("version 7");
    expect(await shop.status()).not.toContain("unsettled");
  });
});

describe("standing still longer than the guardian waits", () => {
  test("the host goes back, and the runner is told so when it wakes", async () => {
    const { result, seen } = await during(traffic, async () => {
      const runner = shop.startRunner({ version: "8", bake: longBake });
      await runner.reached("switched");
      runner.pause();
      await until("the guardian goes back", 40_000, async () => !(await shop.pointer()).includes("+"));
      expect(await shop.visit()).toBe("version 7");
      runner.resume();
      return runner.ended;
    });
    expect(result.code).toBe("guard-gone");
    expect(result.text).toMatch(/Rolled back: the bake was not confirmed in time.*guardian/);
    expectUnharmed(seen);
    expect(await shop.visit()).toBe("version 7");
    expect(await shop.status()).toMatch(/lock +free/);
  });
});
