import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import type { EvenkeelError } from "../../src/index.js";
import { during, expectUnharmed, failureOf } from "./support/expectations.js";
import { retouchedImage } from "./support/image.js";
import { type DeployHow, openShop, type ReleaseOf, type Shop } from "./support/shop.js";

/** Releases that never prove themselves: revision 1 serves on, and its visitors notice nothing. */
let shop: Shop;
let traffic: Traffic;
beforeAll(async () => {
  shop = await openShop();
  await shop.deploy({ version: "1", container: "secrets: [TOKEN]" }, { environmentFile: "TOKEN=one" });
  traffic = await shop.traffic();
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});
afterEach(async () => {
  expect(await shop.pointer()).toBe("blue");
  expect(await shop.visit()).toBe("version 1");
  const containers = await shop.onHost("docker", "ps", "-a", "--format", "{{.Names}}");
  expect(containers.split("\n").sort()).toEqual(["evenkeel-guardian", "evenkeel-proxy", "shop-test-blue"]);
});

const impatient = "{ interval: 200ms, passes: 3, deadline: 3s }";

test("a health path that does not exist", async () => {
  const error = await refused({ version: "2", behaviour: { health: "missing" }, health: impatient });
  expect(error.code).toBe("gate-failed");
  expect(error.detail).toMatch(
    /Aborted before the switch: \/health did not answer 3 times in a row with 2xx/,
  );
  expect(error.detail).toMatch(/within 3 s; last: 404/);
  expect(error.detail).toContain("no such page");
  expect(error.detail).toContain("Revision 1 serves.");
  expect(error.detail).toContain("version 2 listens on 3000");
});

test("a health path that redirects, to a login page for example", async () => {
  const error = await refused({ version: "2", behaviour: { health: "redirect" }, health: impatient });
  expect(error.code).toBe("gate-failed");
  expect(error.detail).toMatch(/last: 302, a redirect, which is not a pass/);
});

test("a health path that says 503", async () => {
  const error = await refused({ version: "2", behaviour: { health: "fails" }, health: impatient });
  expect(error.code).toBe("gate-failed");
  expect(error.detail).toMatch(/last: 503/);
  expect(error.detail).toContain("the cache is cold");
});

test("a container that exits is noticed at once, not at the deadline, and its logs are shown", async () => {
  const from = Date.now();
  const error = await refused(
    {
      version: "2",
      behaviour: { exitAtStart: 7 },
      health: "{ interval: 200ms, passes: 3, deadline: 90s }",
    },
    {},
    0,
  );
  expect(Date.now() - from).toBeLessThan(30_000);
  expect(error.code).toBe("gate-failed");
  expect(error.detail).toContain("the container exited with code 7");
  expect(error.detail).toContain("cannot start: the configuration of the database is missing");
});

test("a container that needs more memory than it may use", async () => {
  const error = await refused(
    { version: "2", container: "memory: 64MiB", behaviour: { needsMiB: 200 }, health: impatient },
    {},
    0,
  );
  expect(error.code).toBe("gate-failed");
  expect(error.detail).toContain("the container was killed for using too much memory");
});

test("an image for another processor, before anything is started", async () => {
  const image = await retouchedImage(shop.lab, "arm64", { architecture: "arm64" });
  const error = await refused({ version: "2" }, { image }, 0);
  expect(error.code).toBe("wrong-architecture");
  expect(error.detail).toContain("the image is for arm64, the host is amd64");
});

test("a secret that was not given", async () => {
  const error = await refused(
    { version: "2", container: "secrets: [TOKEN, DATABASE_URL]" },
    { environmentFile: "TOKEN=one" },
    0,
  );
  expect(error.code).toBe("secrets-missing");
  expect(error.detail).toContain("DATABASE_URL");
});

test("secrets that cannot be read, told by their line and never by their text", async () => {
  const error = await refused(
    { version: "2", container: "secrets: [TOKEN]" },
    { environmentFile: "# the token\nTOKEN='s3cr3t\n" },
    0,
  );
  expect(error.code).toBe("secrets-invalid");
  expect(error.detail).toContain("line 2");
  expect(error.message).not.toContain("s3cr3t");
});

test("an environment that the container cannot be given", async () => {
  const error = await refused(
    { version: "2", container: "secrets: [PATH]" },
    { environmentFile: "PATH='two\nlines'" },
    0,
  );
  expect(error.code).toBe("bad-environment");
  expect(error.detail).toContain("PATH");
});

test("history tells each that got as far as starting", async () => {
  const aborted = (await shop.history()).split("\n").filter((line) => / aborted /.test(line));
  expect(aborted).toHaveLength(5);
  expect(aborted[3]).toContain("the container exited with code 7");
});

async function refused(release: ReleaseOf, how: DeployHow = {}, atLeast = 50): Promise<EvenkeelError> {
  const { result, seen } = await during(traffic, () => failureOf(shop.deploy(release, how)));
  if (atLeast > 0) expectUnharmed(seen, atLeast);
  expect(seen.failed).toBe(0);
  return result;
}
