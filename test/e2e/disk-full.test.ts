import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { afterStep } from "./support/after-step.js";
import {
  during,
  expectSettled,
  expectUnharmed,
  failureOf,
  onceUnlocked,
  until,
} from "./support/expectations.js";
import { imageWithLayer } from "./support/image.js";
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
const filling = "dd if=/dev/zero of=/root/.evenkeel/fill bs=4k 2>/dev/null; true";
const fill = () => shop.onHost("sh", "-c", filling);
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

test("full in the pull: refused, with the reason, and nothing is touched", async () => {
  // The lock of the runner that is gone, and what the guardian did, are still there.
  await onceUnlocked(() => shop.deploy({ version: "3" }));
  const image = await imageWithLayer(shop.lab, "large", 4 * 1024 * 1024);
  const before = await shop.history();
  // Where Docker keeps what it downloads.
  await shop.onHost("mount", "-t", "tmpfs", "-o", "size=1m", "none", "/var/lib/docker/tmp");
  const { result, seen } = await during(traffic, () => failureOf(shop.deploy({ version: "5" }, { image })));
  await shop.onHost("umount", "/var/lib/docker/tmp");

  expect(result.code).toBe("disk-full");
  expect(result.detail).toContain("no space left on device");
  expectUnharmed(seen, 10);
  expect(await shop.history()).toBe(before);
  const next = await during(traffic, () => shop.deploy({ version: "5" }, { image }));
  expect(next.result.outcome.phase).toBe("promoted");
  expectUnharmed(next.seen);
});

describe("full between two steps", () => {
  afterEach(() => empty());

  test.each([
    ["before the release is written down", "observe", 2],
    ["before it is started", "stage", 1],
    ["before the switch", "probe", 1],
    ["before the promotion", "watch", 1],
  ])("%s: it ends with the reason, and what served serves on", async (_, step, nth) => {
    const served = await shop.visit();
    const pointer = await shop.pointer();
    const full = afterStep(shop.target, step, nth, filling);
    // So short a bake that one look is enough.
    const release = { version: "6", bake: "{ duration: 1s, interval: 1s, deadline: 60s }" };
    const { result, seen } = await during(traffic, () =>
      failureOf(shop.deploy(release, { reporter: full.reporter })),
    );
    expect(full.happened).toBe(true);
    expect(result.code).toBe("disk-full");
    expect(result.detail).toMatch(/Revision \d+ serves\./);
    expectUnharmed(seen, 10);
    expect(await shop.visit()).toBe(served);
    expect(await shop.pointer()).toBe(pointer);
  });

  test("and with space again it deploys", async () => {
    const release = { version: "7" };
    const { result, seen } = await during(traffic, () => shop.deploy(release));
    expect(result.outcome.phase).toBe("promoted");
    expectUnharmed(seen);
    await expectSettled(shop, release);
  });
});
