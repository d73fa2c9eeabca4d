import { afterAll, beforeAll, expect, test } from "vitest";
import { pause } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

/**
 * The proxy finds releases by their names, which Docker's daemon knows. On a busy host it may not answer for
 * seconds, in which no new connection to a release can be made.
 */
let shop: Shop;
/** Slow enough that visitors who come together need a connection each. */
const behaviour = { takesMs: 500 };
beforeAll(async () => {
  shop = await openShop();
  await shop.deploy({ version: "1", behaviour });
});
afterAll(() => shop?.close());

test("at rest: visitors wait, and none fails", async () => {
  expect(await visitAsDockerStands()).toEqual(["version 1"]);
});

test("in the bake: visitors wait, and none fails", async () => {
  const bake = "{ duration: 20s, interval: 500ms, deadline: 60s }";
  const runner = shop.startRunner({ version: "2", behaviour, bake });
  await runner.reached("baking");
  expect(await shop.pointer()).toBe("green+blue");

  const versions = await visitAsDockerStands();
  for (const seen of versions) expect(["version 1", "version 2"]).toContain(seen);

  // Whom that tells against cannot be known; what it said is what serves.
  const { code } = await runner.ended;
  expect([null, "bake-failed"]).toContain(code);
  expect(await shop.visit()).toBe(code === null ? "version 2" : "version 1");
});

/** What visitors get who come together, each once. */
async function visitAsDockerStands(): Promise<readonly string[]> {
  const signal = (name: string) => shop.onHost("sh", "-c", `kill -${name} "$(cat /run/lab-dockerd.pid)"`);
  await signal("STOP");
  const visits = Promise.all(Array.from({ length: 20 }, () => shop.visit()));
  await pause(3_500);
  await signal("CONT");
  return [...new Set(await visits)];
}
