import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { leaksIn } from "../support/secret-search.js";
import { failureOf } from "./support/expectations.js";
import { openDoor, type RegistryDoor } from "./support/registry-door.js";
import { openShop, type Shop } from "./support/shop.js";
import { filesHolding, type OnMachine, watchProcesses } from "./support/watched-processes.js";

/** A registry that lets nobody in without a password: the lab's, behind a door. */
const username = "robot";
const password = "p$w'with\"quotes 17";
let lab: Lab;
let target: Target;
let door: RegistryDoor;
let shop: Shop;
beforeAll(async () => {
  lab = await openLab({ quiet: true });
  [door, target] = await Promise.all([openDoor(lab), lab.freshTarget()]);
  const right = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  door.treat(({ headers }) => (headers.authorization === right ? "pass" : refusal));
  shop = await openShop({ target, user: "deploy", registry: { host: door.host, username } });
});
afterAll(async () => {
  await door?.shut();
  if (target !== undefined) await lab.destroyTarget(target);
});

test("without the password, or with a wrong one, nothing is changed", async () => {
  for (const how of [{}, { registryPassword: "wrong" }]) {
    const error = await failureOf(shop.deploy({ version: "1" }, how));
    expect(error.code).toBe("registry-denied");
    expect(error.message).not.toContain("wrong\n");
  }
  expect(await shop.onHost("docker", "ps", "-aq")).toBe("");
});

test("with it the host logs in for this one pull; the password is in no command line and stays nowhere", async () => {
  const onTarget = (...[argv, options]: Parameters<OnMachine>) => lab.onTarget(target, argv, options);
  const secrets = { PASSWORD: password };
  const processes = await watchProcesses(onTarget, secrets);
  const report = await shop.deploy({ version: "1" }, { registryPassword: password });
  const { commandLines, holders } = await processes.stop();

  expect(report.outcome.phase).toBe("promoted");
  expect(await shop.visit()).toBe("version 1");
  expect(commandLines).toContain("docker pull");
  expect(leaksIn(commandLines, secrets)).toEqual([]);
  expect(holders).toEqual([]);
  expect(await filesHolding(onTarget, secrets, ["/", "/run", "/dev/shm", "/var/lib/docker"])).toEqual([]);
});

const refusal = {
  status: 401,
  headers: {
    "www-authenticate": 'Basic realm="door"',
    "docker-distribution-api-version": "registry/2.0",
  },
  body: JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "who are you" }] }),
};
