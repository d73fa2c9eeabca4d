import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { EvenkeelError } from "../../src/index.js";
import { failureOf } from "./support/expectations.js";
import { openShop, type ReleaseOf, type Shop } from "./support/shop.js";

/** The command before a release, which migrates a database; here it leaves its mark in a volume. */
let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
  // The app's user is not root, as an image's should not be.
  await inVolume("--user", "root", shop.image, "chmod", "777", "/marks");
});
afterAll(() => shop?.close());
afterEach(async () => {
  const containers = await shop.onHost("docker", "ps", "-a", "--format", "{{.Names}}");
  expect(containers).not.toContain("pre-deploy");
});

const release = (version: string, script: string, timeout = "20s"): ReleaseOf => ({
  version,
  container: "volumes: [{ name: marks, path: /marks, access: shared }]",
  preDeploy: JSON.stringify({ command: ["sh", "-c", script], timeout }),
});
const inVolume = (...words: readonly string[]) =>
  shop.onHost("docker", "run", "--rm", "--volume", "marks:/marks", ...words);
const marks = () => inVolume(shop.image, "cat", "/marks/log");

test("runs once, in the candidate's image and with its environment, before the candidate starts", async () => {
  const seen = 'echo "migrated by $VERSION, $(test -f /app/server.js && echo with the app)" >>/marks/log';
  await shop.deploy(release("1", seen));
  await shop.deploy(release("2", seen));

  expect(await shop.visit()).toBe("version 2");
  expect(await marks()).toBe("migrated by 1, with the app\nmigrated by 2, with the app");
});

test("nothing to do runs it not again", async () => {
  const before = await marks();
  await shop.deploy(
    release("2", 'echo "migrated by $VERSION, $(test -f /app/server.js && echo with the app)" >>/marks/log'),
  );
  expect(await marks()).toBe(before);
});

test("one that fails aborts, with what it said; what serves serves on", async () => {
  const error = await refused(release("3", "echo the table is locked >&2; exit 4"));
  expect(error.code).toBe("pre-deploy-failed");
  expect(error.detail).toContain("exit code 4");
  expect(error.detail).toContain("the table is locked");
  expect(await shop.visit()).toBe("version 2");
});

test("one that does not end in its time is ended", async () => {
  const error = await refused(release("4", "echo waiting for the lock; sleep 300", "2s"));
  expect(error.code).toBe("pre-deploy-failed");
  expect(error.detail).toContain("did not end within 2 s");
  expect(await shop.visit()).toBe("version 2");
});

async function refused(of: ReleaseOf): Promise<EvenkeelError> {
  return failureOf(shop.deploy(of));
}
