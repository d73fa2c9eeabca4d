import { afterAll, beforeAll, expect, test } from "vitest";
import { byDigest } from "../support/lab-registry.js";
import { failureOf } from "./support/expectations.js";
import { retouchedImage } from "./support/image.js";
import { openShop, type Shop } from "./support/shop.js";

/** The tag `latest`, which only an environment that is marked so moves, and only to what was promoted. */
let shop: Shop;
let other: string;
beforeAll(async () => {
  shop = await openShop();
  other = await retouchedImage(shop.lab, "for-latest", { author: "latest" });
});
afterAll(() => shop?.close());

const latest = () => byDigest(shop.image.replace(/@.*/, ":latest"));

test("is what was promoted last", async () => {
  await shop.deploy({ version: "1", latest: true }, { image: other });
  expect(await latest()).toBe(other);

  await shop.deploy({ version: "2", latest: true });
  expect(await latest()).toBe(shop.image);
});

test("stays where it is in an environment without the mark", async () => {
  await shop.deploy({ version: "3" }, { image: other });
  expect(await shop.visit()).toBe("version 3");
  expect(await latest()).toBe(shop.image);
});

test("stays where it is after a rollback", async () => {
  const traffic = await shop.traffic();
  const broken = { version: "4", latest: true, behaviour: { brokenAfter: 0 } };
  const error = await failureOf(shop.deploy(broken, { image: other }));
  await traffic.stop();
  expect(error.code).toBe("bake-failed");
  expect(await latest()).toBe(shop.image);
});
