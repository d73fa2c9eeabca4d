import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { rollback } from "../../src/index.js";
import { afterStep } from "./support/after-step.js";
import { during, expectSettled, expectUnharmed, failureOf } from "./support/expectations.js";
import { retouchedImage } from "./support/image.js";
import { openShop, type ReleaseOf, type Shop } from "./support/shop.js";

/** What people and chance do to the releases that one would go back to. */
let shop: Shop;
let traffic: Traffic;
beforeAll(async () => {
  shop = await openShop();
  await shop.deploy({ version: "any" });
  traffic = await shop.traffic();
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});

describe("the image of a cold release", () => {
  const first: ReleaseOf = { version: "1" };
  const revision = 2;
  let image: string;
  beforeAll(async () => {
    image = await retouchedImage(shop.lab, "pruned", { author: "the pruned" });
    await shop.deploy(first, { image });
    await shop.deploy({ version: "2" });
    await shop.deploy({ version: "3" });
  });

  test("pruned by a person with all others that no container uses: pulled again", async () => {
    await shop.onHost("docker", "image", "prune", "-af");
    expect(await digests()).not.toContain(image);
    await goesBackTo(first, { image }, revision);
  });

  test("is kept for the next time as before: no ordinary prune takes it", async () => {
    await shop.deploy({ version: "4" });
    await shop.deploy({ version: "5" });
    await shop.onHost("docker", "image", "prune", "-f");
    expect(await digests()).toContain(image);
  });

  test("untagged by a person: found by its digest", async () => {
    const tags = await shop.onHost("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
    const own = tags.split("\n").filter((tag) => tag.startsWith(`evenkeel/${shop.key}:`));
    expect(own).not.toEqual([]);
    await shop.onHost("docker", "rmi", "-f", ...own);
    await goesBackTo(first, { image }, revision);
  });
});

describe("the release that stands by", () => {
  test.each([
    ["was killed", "docker kill"],
    ["is frozen", "docker pause"],
  ])("%s before the rollback: started anew", async (_, command) => {
    const [back, left] = [next(), next()];
    await shop.deploy(back);
    await shop.deploy(left);
    await shop.onHost("sh", "-c", `${command} ${shop.key}-$(${idle})`);
    await goesBackTo(back);
  });

  test("dies in the rollback, just before it is asked: what serves serves on, and the next rollback starts it", async () => {
    const [back, left] = [next(), next()];
    await shop.deploy(back);
    await shop.deploy(left);
    // The look at the host that says it runs is the only one before the probes.
    const death = afterStep(shop.target, "observe", 1, `docker kill ${shop.key}-$(${idle})`);
    const sshKey = readFileSync(shop.target.privateKeyPath, "utf8");
    const { result, seen } = await during(traffic, () =>
      failureOf(rollback(shop.configOf(left), { credentials: { sshKey }, reporter: death.reporter })),
    );
    expect(death.happened).toBe(true);
    expectUnharmed(seen, 20);
    expect(result.code).toBe("gate-failed");
    expect(result.detail).toMatch(/the container exited with code 137.*Revision \d+ serves\./s);
    await expectSettled(shop, left);
    await goesBackTo(back);
  });

  test("died in the bake of a release that then breaks: halted, it says so, and a rollback by hand starts it", async () => {
    const back = next();
    await shop.deploy(back);
    const runner = shop.startRunner({
      ...next(),
      behaviour: { brokenAfter: 4_000 },
      bake: "{ duration: 20s, interval: 500ms, deadline: 20s }",
    });
    await runner.reached("baking");
    const alone = await during(traffic, async () => {
      await shop.onHost("sh", "-c", `docker kill ${shop.key}-$(${idle})`);
      return runner.ended;
    });
    const { code, text } = alone.result;
    expect(code).toBe("bake-failed");
    expect(text).toMatch(
      /Halted: .* requests failed.*; there is no release to go back to\. Revision \d+ serves\./s,
    );
    expect(Object.keys(alone.seen.reasons).sort()).toEqual(["read HTTP 500", "write HTTP 500"]);

    const { outcome } = await shop.rollback();
    expect(outcome.phase).toBe("promoted");
    const { seen } = await during(traffic, () => expectSettled(shop, back));
    expectUnharmed(seen, 10);
  });
});

// Of a pair the standby, of a single one the other slot.
const idle = `case $(cat /root/.evenkeel/routes/shop-test/active) in green*) echo blue ;; *) echo green ;; esac`;

const digests = () =>
  shop.onHost("docker", "image", "ls", "--digests", "--format", "{{.Repository}}@{{.Digest}}");

let releases = 100;
function next(): ReleaseOf {
  releases += 1;
  return { version: String(releases) };
}

async function goesBackTo(release: ReleaseOf, how?: { readonly image: string }, to?: number): Promise<void> {
  const { result, seen } = await during(traffic, () => shop.rollback(to));
  expect(result.outcome.phase).toBe("promoted");
  expectUnharmed(seen);
  await expectSettled(shop, release, how);
}
