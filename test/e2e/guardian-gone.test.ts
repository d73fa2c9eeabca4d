import { afterAll, beforeAll, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { during, expectUnharmed, failureOf, until } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

/** The guardian is who asks releases for their health. Somebody takes it away, and nothing is decided by its silence. */
let shop: Shop;
let traffic: Traffic;
beforeAll(async () => {
  shop = await openShop();
  await shop.deploy({ version: "1" });
  await shop.deploy({ version: "2" });
  traffic = await shop.traffic();
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});

const bake = "{ duration: 10s, interval: 500ms, deadline: 20s }";
const isUp = async () =>
  (await shop.onHost("docker", "inspect", "-f", "{{.State.Running}}", "evenkeel-guardian")) === "true";

test("replaced in a bake, as another app's deploy may do it: the deploy goes on", async () => {
  const { result, seen } = await during(traffic, async () => {
    const deploying = shop.deploy({ version: "3", bake });
    await until("it has switched", 30_000, async () => (await shop.pointer()) === "blue+green");
    await shop.onHost("docker", "stop", "evenkeel-guardian");
    await shop.onHost("docker", "start", "evenkeel-guardian");
    return deploying;
  });
  expect(result.outcome).toMatchObject({ phase: "promoted", revision: 3 });
  expectUnharmed(seen);
});

test("removed before a rollback: it is brought back, and the rollback goes on", async () => {
  await shop.onHost("docker", "rm", "-f", "evenkeel-guardian");
  const { result, seen } = await during(traffic, () => shop.rollback());
  expect(result.outcome).toMatchObject({ phase: "promoted", revision: 2 });
  expect(await isUp()).toBe(true);
  expectUnharmed(seen);
});

test("removed in the bake of a fix for what answers nobody: the fix is not taken away", async () => {
  const hung = await shop.onHost("docker", "inspect", "-f", "{{.State.Pid}}", `${shop.key}-green`);
  await shop.onHost("kill", "-STOP", hung);
  const deploying = failureOf(shop.deploy({ version: "4", bake }));
  await until("it has switched", 60_000, async () => /^blue/.test(await shop.pointer()));
  await shop.onHost("docker", "rm", "-f", "evenkeel-guardian");
  const failure = await deploying;
  expect(failure.code).toBe("guard-gone");
  expect(await shop.pointer()).toBe("blue");
  expect(await shop.visit()).toBe("version 4");
  expect(await isUp()).toBe(true);
  expect((await shop.deploy({ version: "4" })).outcome).toMatchObject({ phase: "promoted" });
});
