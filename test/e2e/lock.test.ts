import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLab, type Target } from "../../ci/lab/lab.js";
import { during, expectSettled, expectUnharmed, failureOf, pause, until } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

/** Side by side, because each of them mostly waits for a lease of 30 s: an app each on one host. */
let target: Target;
let shops: Shop[];
beforeAll(async () => {
  const lab = await openLab({ quiet: true });
  target = await lab.freshTarget();
  shops = [];
  for (const app of ["busy", "stale", "paused", "twice"]) {
    const shop = await openShop({ app, target, domain: `${app}.test` });
    await shop.deploy({ version: "1" });
    shops.push(shop);
  }
});
afterAll(async () => {
  if (target !== undefined) await (await openLab({ quiet: true })).destroyTarget(target);
});
const shopOf = (app: string) => {
  const found = shops.find(({ key }) => key === `${app}-test`);
  if (found === undefined) throw new Error(`no shop ${app}`);
  return found;
};

describe.concurrent("one writer", () => {
  test("a second deploy is told who is at work and why; the first is not disturbed", async () => {
    const shop = shopOf("busy");
    const runner = shop.startRunner(
      { version: "2", bake: "{ duration: 6s, interval: 500ms, deadline: 10s }" },
      { holder: "ci job 17" },
    );
    await runner.reached("switched");
    const error = await failureOf(shop.deploy({ version: "3" }));

    expect(error.code).toBe("locked");
    expect(error.detail).toMatch(/locked by ci job 17#[0-9a-f]+ \(deploy [0-9a-f]{12}, untested\)/);
    expect(await shop.status()).toMatch(/lock +locked by ci job 17/);
    expect((await runner.ended).code).toBeNull();
    expect(await shop.visit()).toBe("version 2");
    expect(await shop.status()).toMatch(/lock +free/);
  });

  test("of two deploys begun at once one is told to wait, and visitors notice neither", async () => {
    const shop = shopOf("twice");
    const bake = "{ duration: 6s, interval: 500ms, deadline: 10s }";
    const rivals = [
      { version: "2", bake },
      { version: "3", bake },
    ];
    const traffic = await shop.traffic(30);
    const { result, seen } = await during(traffic, () =>
      Promise.all(rivals.map((release) => shop.startRunner(release, { holder: release.version }).ended)),
    );
    expect(result.map(({ code }) => code).sort()).toEqual([null, "locked"].sort());
    const [first, second] = result[0]?.code === null ? rivals : rivals.toReversed();
    if (first === undefined || second === undefined) throw new Error("two deploys");
    const refused = result.find(({ code }) => code === "locked");
    expect(refused?.text).toContain(`locked by ${first.version}#`);
    await expectSettled(shop, first);

    const { seen: then } = await during(traffic, async () => {
      expect((await shop.deploy(second)).outcome.phase).toBe("promoted");
      await expectSettled(shop, second);
    });
    await traffic.stop();
    expectUnharmed(seen);
    expectUnharmed(then);
  });

  test("a dead runner's lock is taken over when its lease is over, not before", async () => {
    const shop = shopOf("stale");
    const runner = shop.startRunner({ version: "2", behaviour: { startsAfter: 300_000 } });
    await runner.reached("started");
    await runner.kill();
    expect((await failureOf(shop.deploy({ version: "3" }))).code).toBe("locked");

    const waitedMs = await until("the lock is taken over", 90_000, () => deploys(shop, "3"), 2_000);
    expect(waitedMs).toBeGreaterThan(15_000);
    expect(await shop.visit()).toBe("version 3");
    expect(await shop.history()).not.toContain("unlocked");
  });

  test("a runner that slept past its lease is fenced when it wakes, and touches nothing", async () => {
    const shop = shopOf("paused");
    const runner = shop.startRunner({
      version: "2",
      behaviour: { startsAfter: 20_000 },
      health: "{ interval: 200ms, passes: 3, deadline: 300s }",
    });
    await runner.reached("started");
    await pause(1_000);
    runner.pause();
    await until("the lock is taken over", 90_000, () => deploys(shop, "3"), 2_000);
    const before = await shop.onHost(
      "sh",
      "-c",
      "docker ps -aq --no-trunc --filter label=evenkeel.key=paused-test",
    );

    runner.resume();
    const { code, text } = await runner.ended;
    expect(code).toBe("fenced");
    expect(text).toContain("another run took the lock; this one has stopped and touched nothing since");
    expect(await shop.visit()).toBe("version 3");
    expect(
      await shop.onHost("sh", "-c", "docker ps -aq --no-trunc --filter label=evenkeel.key=paused-test"),
    ).toBe(before);
    expect((await shop.history()).split("\n").at(-1)).toMatch(/ promoted /);
  });
});

/** True once it was deployed; false while it is locked. */
async function deploys(shop: Shop, version: string): Promise<boolean> {
  try {
    await shop.deploy({ version });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "locked") return false;
    throw error;
  }
}
