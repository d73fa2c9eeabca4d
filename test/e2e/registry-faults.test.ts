import type { IncomingMessage } from "node:http";
import { Transform } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { during, expectSettled, expectUnharmed, failureOf, pause, until } from "./support/expectations.js";
import { imageWithLayer } from "./support/image.js";
import { openDoor, type RegistryDoor } from "./support/registry-door.js";
import { openShop, type ReleaseOf, type Shop } from "./support/shop.js";

/** What a registry can do to a deploy. Visitors of what serves must not notice, whatever it is. */
let lab: Lab;
let target: Target;
let door: RegistryDoor;
let shop: Shop;
let traffic: Traffic;
beforeAll(async () => {
  lab = await openLab({ quiet: true });
  [door, target] = await Promise.all([openDoor(lab), lab.freshTarget()]);
  shop = await openShop({ target, registry: { host: door.host, username: "anybody" } });
  await shop.deploy({ version: "1" });
  traffic = await shop.traffic();
});
afterAll(async () => {
  await traffic?.stop();
  await door?.shut();
  if (target !== undefined) await lab.destroyTarget(target);
});

describe("is refused before anything is touched, and deploys when the registry is well again", () => {
  test("429 to the host, which limits apply to more than to others", async () => {
    const image = await imageOf("limited");
    const body = JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "pull rate limit" }] });
    const headers = { "content-type": "application/json" };
    door.treat((request) => (byHost(request) ? { status: 429, headers, body } : "pass"));
    const detail = await refused({ version: "2" }, image);
    expect(detail).toMatch(/toomanyrequests|429/);
    await promoted({ version: "2" }, image);
  });

  test("a layer with one wrong bit", async () => {
    const image = await imageOf("damaged");
    door.treat((request) => (byHost(request) && isLayer(request) ? wrongBit() : "pass"));
    const detail = await refused({ version: "3" }, image);
    expect(detail).toMatch(/verification failed/);
    await promoted({ version: "3" }, image);
  });

  test("down, which is no obstacle to going back", async () => {
    const image = await imageOf("down");
    await door.shut();
    const detail = await refused({ version: "4" }, image);
    expect(detail).toContain(`${door.host} does not answer`);
    const { result, seen } = await during(traffic, () => shop.rollback());
    expect(result.outcome.phase).toBe("promoted");
    expectUnharmed(seen);
    expect(await shop.visit()).toBe("version 2");
    await door.open();
    await promoted({ version: "4" }, image);
  });
});

describe("is only slower", () => {
  test("429 to whoever looks the image up, for a moment", async () => {
    let refusals = 2;
    door.treat((request) =>
      !byHost(request) && request.method === "GET" && refusals-- > 0
        ? { status: 429, headers: { "retry-after": "1" } }
        : "pass",
    );
    await promoted({ version: "5" }, await imageOf("busy"));
    expect(refusals).toBeLessThan(0);
  });

  test("every answer drips", async () => {
    door.treat(() => drip());
    const from = Date.now();
    await promoted({ version: "6" }, await imageOf("slow"));
    expect(Date.now() - from).toBeGreaterThan(4_000);
  });

  test("the connection breaks in the middle of a layer", async () => {
    let breaks = 1;
    door.treat((request) =>
      byHost(request) && isLayer(request) && breaks-- > 0 ? stopAfter(HALF, "break") : "pass",
    );
    await promoted({ version: "7" }, await imageOf("broken"));
    expect(breaks).toBeLessThan(0);
  });
});

test("the runner is gone while a layer stalls: the next run pulls it", async () => {
  const image = await imageOf("stalled");
  const release = { version: "8" };
  const stalled = new Promise<void>((resolve) => {
    door.treat((request) =>
      byHost(request) && isLayer(request) ? stopAfter(HALF, "stall", resolve) : "pass",
    );
  });
  const runner = shop.startRunner(release, { image });
  await stalled;
  expect(await shop.status()).toMatch(/lock +free/);
  await runner.kill();
  door.treat(() => "pass");
  // The host looks every second. Docker would give a pull that came sooner the transfer that stalls.
  const pulling = () => shop.onHost("sh", "-c", "pgrep -fc '^docker pull' || :");
  await until("the pull ends with its runner", 30_000, async () => (await pulling()) === "0");
  await promoted(release, image);
  expect(await shop.onHost("sh", "-c", "ls -d /dev/shm/evenkeel.* 2>/dev/null || :")).toBe("");
});

/** Whose own layer is large enough to be stopped half-way. */
async function imageOf(tag: string): Promise<string> {
  return (await imageWithLayer(lab, `faults-${tag}`, 2 * HALF)).replace(lab.registry, door.host);
}

async function refused(release: ReleaseOf, image: string): Promise<string> {
  const before = await state();
  const { result, seen } = await during(traffic, () => failureOf(shop.deploy(release, { image })));
  expectUnharmed(seen, 10);
  expect(result.code).toBe("registry-unreachable");
  expect(await state()).toEqual(before);
  door.treat(() => "pass");
  return result.detail;
}

async function promoted(release: ReleaseOf, image: string): Promise<void> {
  const { result, seen } = await during(traffic, () => shop.deploy(release, { image }));
  expectUnharmed(seen);
  expect(result.outcome.phase).toBe("promoted");
  door.treat(() => "pass");
  await expectSettled(shop, release, { image });
}

/** All that a refused deploy must leave as it was. */
async function state(): Promise<readonly string[]> {
  const containers = await shop.onHost("docker", "ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.State}}");
  return [await shop.history(), await shop.pointer(), await shop.visit(), containers];
}

const HALF = 512 * 1024;

function byHost({ headers }: IncomingMessage): boolean {
  return headers["user-agent"]?.startsWith("docker/") === true;
}

/** Every other blob of these images is on the host already, or smaller than what this is used for. */
function isLayer({ url = "" }: IncomingMessage): boolean {
  return url.includes("/blobs/");
}

function wrongBit(): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const wrong = Buffer.from(chunk);
      const at = HALF - seen;
      if (at >= 0 && at < wrong.length) wrong[at] = (wrong[at] ?? 0) ^ 1;
      seen += chunk.length;
      done(null, wrong);
    },
  });
}

function drip(): Transform {
  return new Transform({
    async transform(chunk: Buffer, _, done) {
      for (let at = 0; at < chunk.length; at += 16_384) {
        this.push(chunk.subarray(at, at + 16_384));
        await pause(50);
      }
      done();
    },
  });
}

function stopAfter(bytes: number, how: "stall" | "break", reached = () => {}): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (left > 0) return done(null, part);
      this.push(part);
      reached();
      if (how === "break") done(new Error("broken on purpose"));
    },
  });
}
