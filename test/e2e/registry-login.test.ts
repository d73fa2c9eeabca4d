import { request as ask, createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { failureOf } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";
import { watchProcesses } from "./support/watched-processes.js";

/** A registry that lets nobody in without a password: the lab's, behind a door. */
const username = "robot";
const password = "p$w'with\"quotes 17";
let lab: Lab;
let target: Target;
let door: Server;
let shop: Shop;
beforeAll(async () => {
  lab = await openLab({ quiet: true });
  [door, target] = await Promise.all([openDoor(), lab.freshTarget()]);
  const host = `${lab.machine}:${(door.address() as AddressInfo).port}`;
  shop = await openShop({ target, user: "deploy", registry: { host, username } });
});
afterAll(async () => {
  door?.closeAllConnections();
  door?.close();
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
  const processes = await watchProcesses(lab, target);
  const report = await shop.deploy({ version: "1" }, { registryPassword: password });
  const commandLines = await processes.stop();

  expect(report.outcome.phase).toBe("promoted");
  expect(await shop.visit()).toBe("version 1");
  const encoded = Buffer.from(`${username}:${password}`).toString("base64");
  expect(commandLines).toContain("docker pull");
  for (const secret of [password, encoded]) expect(commandLines).not.toContain(secret);
  const left = await shop.onHost(
    "sh",
    "-c",
    'grep -rlF -e \'with"quotes\' -e "$0" /home /root /tmp /dev/shm /var/log || :',
    encoded,
  );
  expect(left).toBe("");
});

function openDoor(): Promise<Server> {
  const right = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const [hostname, port] = lab.registry.split(":");
  const server = createServer((request, answer) => {
    if (request.headers.authorization !== right) {
      answer.writeHead(401, {
        "www-authenticate": 'Basic realm="door"',
        "docker-distribution-api-version": "registry/2.0",
      });
      return void answer.end(JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "who are you" }] }));
    }
    const { authorization: _, ...headers } = request.headers;
    const inner = ask({ hostname, port, method: request.method, path: request.url, headers }, (said) => {
      answer.writeHead(said.statusCode ?? 502, said.headers);
      said.pipe(answer);
    });
    inner.on("error", () => answer.destroy());
    request.pipe(inner);
  });
  return new Promise((resolve) => server.listen(0, lab.machine, () => resolve(server)));
}
