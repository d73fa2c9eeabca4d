import { afterAll, beforeAll, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { during, expectUnharmed, failureOf, pause } from "./support/expectations.js";
import { forgetImage, retouchedImage } from "./support/image.js";
import { openShop, type Shop } from "./support/shop.js";

/** One story, in order: three releases, and the ways back. */
let shop: Shop;
let traffic: Traffic;
let firstImage: string;
beforeAll(async () => {
  shop = await openShop();
  firstImage = await retouchedImage(shop.lab, "first", { author: "the first" });
  await shop.deploy({ version: "1" }, { image: firstImage });
  traffic = await shop.traffic();
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});

test("with a single release there is nothing to go back to, and it says so", async () => {
  const { result, seen } = await during(traffic, () => failureOf(shop.rollback()));
  expect(result.code).toBe("no-stable-release");
  expect(result.detail).toContain("there is nothing to go back to; no earlier stable release is on the host");
  expect(result.detail).toContain("Revision 1 serves.");
  expect(seen.failed).toBe(0);
});

test("hot: the release that still runs serves again, the same container as before", async () => {
  await shop.deploy({ version: "2" });
  await shop.deploy({ version: "3" });
  const container = await idOf("green");
  const { result, seen } = await during(traffic, () => shop.rollback());

  expect(result.outcome).toMatchObject({ phase: "promoted", revision: 2, slot: "green" });
  expect(await idOf("green")).toBe(container);
  expect(await shop.visit()).toBe("version 2");
  expectUnharmed(seen);
  expect(await shop.status()).toMatch(/stable +revisions 1, 2$/m);
  expect(await shop.history()).toContain("rollback by hand; slot blue stands by");
});

test("a revision that is not stable is refused, with those that are", async () => {
  const left = await failureOf(shop.rollback(3));
  expect(left.code).toBe("no-stable-release");
  expect(left.detail).toContain("revision 3 is not a stable release of this host; can go back to: 1");
  const serving = await failureOf(shop.rollback(2));
  expect(serving.detail).toContain("revision 2 is what serves; can go back to: 1");
  expect(await shop.visit()).toBe("version 2");
});

test("cold, and twice goes further back: a pruned image is pulled again, with its own configuration", async () => {
  await shop.onHost(
    "sh",
    "-c",
    `docker images -q --no-trunc ${firstImage} | xargs docker rmi -f; ! docker image inspect ${firstImage} 2>/dev/null`,
  );
  const { result, seen } = await during(traffic, () => shop.rollback());

  expect(result.outcome).toMatchObject({ phase: "promoted", revision: 1 });
  expect(await shop.visit()).toBe("version 1");
  expectUnharmed(seen);
  const image = await shop.onHost("docker", "image", "inspect", "-f", "{{.Id}}", firstImage);
  expect(await shop.onHost("docker", "inspect", "-f", "{{.Image}}", `${shop.key}-blue`)).toBe(image);
  expect((await failureOf(shop.rollback())).code).toBe("no-stable-release");
});

test("cold: a release whose container was removed is started and gated anew", async () => {
  await shop.deploy({ version: "4" });
  await shop.onHost("docker", "rm", "-f", `${shop.key}-blue`);
  const { result, seen } = await during(traffic, () => shop.rollback());

  expect(result.outcome).toMatchObject({ phase: "promoted", revision: 1 });
  expect(await shop.visit()).toBe("version 1");
  expectUnharmed(seen);
});

test("an image that is nowhere any more: refused, and what serves serves on", async () => {
  await shop.deploy({ version: "5" });
  await shop.onHost("docker", "rm", "-f", `${shop.key}-blue`);
  await shop.onHost("sh", "-c", `docker images -q --no-trunc ${firstImage} | xargs docker rmi -f`);
  await forgetImage(shop.lab, firstImage);

  const { result, seen } = await during(traffic, () => failureOf(shop.rollback()));
  expect(result.code).toBe("image-missing");
  expect(result.detail).toContain("the image of revision 1 is not on the host any more");
  expect(result.detail).toMatch(/Revision 5 serves\./);
  expect(await shop.visit()).toBe("version 5");
  expect(seen.failed).toBe(0);
});

test("a rollback is watched like a deploy: with a release that is broken by now it does not stay", async () => {
  await shop.deploy({ version: "6", behaviour: { brokenAfter: 15_000 } });
  const visited = Date.now();
  await shop.deploy({ version: "7" });
  await pause(visited + 15_000 - Date.now());

  const { result, seen } = await during(traffic, () => failureOf(shop.rollback()));
  expect(result.code).toBe("bake-failed");
  expect(result.detail).toMatch(/^Rolled back: \d+ of \d+ requests failed.*Revision 7 serves\./s);
  expect(seen.reads.failed).toBe(0);
  expect(await shop.visit()).toBe("version 7");
});

const idOf = (slot: string) => shop.onHost("docker", "inspect", "-f", "{{.Id}}", `${shop.key}-${slot}`);
