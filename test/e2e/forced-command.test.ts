import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { execute } from "../../ci/lab/command.js";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { ownVersion } from "../../src/own-version.js";
import { during, expectSettled, expectUnharmed, failureOf } from "./support/expectations.js";
import { must, packInto } from "./support/package.js";
import { openShop, type ReleaseOf, type Shop } from "./support/shop.js";

/** A key that is bound to `evenkeel host`, with evenkeel installed on the host from its package. */
const KEYS = "/home/deploy/.ssh/authorized_keys";
const folder = mkdtempSync(join(tmpdir(), "evenkeel-forced-"));
let lab: Lab;
let target: Target;
let shop: Shop;

beforeAll(async () => {
  lab = await openLab({ quiet: true });
  target = await lab.freshTarget();
  writeFileSync(join(folder, "known_hosts"), `${target.hostKeyLine}\n`);
  const tarball = await packInto(folder);
  const place = join(folder, "evenkeel");
  await must(
    ["npm", "install", "--silent", "--prefix", place, "--omit=peer", "--omit=optional", tarball],
    folder,
  );
  await must(["cp", process.execPath, join(place, "node")]);
  await must(["sh", "-c", `tar -c evenkeel | ${ssh("root").join(" ")} tar -x -C /opt`], folder);
  await onHost("ln", "-s", "/opt/evenkeel/node", "/usr/local/bin/node");
  shop = await openShop({ user: "deploy", target, forcedCommand: true, domain: "shop.example.com" });
  await onHost("ln", "-s", "/opt/evenkeel/node_modules/.bin/evenkeel", "/usr/local/bin/evenkeel");
  await bind(
    `--app=shop --environment=test --repository=${shop.image.replace(/@.*/, "")} --domains=shop.example.com`,
  );
}, 300_000);
afterAll(async () => {
  if (target !== undefined) await lab.destroyTarget(target);
  rmSync(folder, { recursive: true, force: true });
});

const onHost = async (...argv: readonly string[]) => {
  const { code, stdout, stderr } = await lab.onTarget(target, argv);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code} on the host: ${stderr}`);
  return stdout.trim();
};

const ssh = (user: "root" | "deploy") => [
  ...["ssh", "-i", target.privateKeyPath, "-p", String(target.port)],
  ...["-o", `UserKnownHostsFile=${join(folder, "known_hosts")}`, "-o", "BatchMode=yes"],
  `${user}@${target.host}`,
];

/** Puts a forced command before the account's one key. */
async function bind(flags: string): Promise<void> {
  const line = `s#^.*ssh-ed25519#restrict,command="evenkeel host ${flags}" ssh-ed25519#`;
  await onHost("sed", "-i", line, KEYS);
}

test("deploys, bad ones too, rolls back, and tells status, history and logs", async () => {
  await shop.deploy({ version: "1" });
  await shop.deploy({ version: "2" });
  const traffic = await shop.traffic();
  const { seen } = await during(traffic, async () => {
    const broken: ReleaseOf = {
      version: "3",
      behaviour: { health: "fails" },
      health: "{ interval: 200ms, deadline: 3s }",
    };
    const error = await failureOf(shop.deploy(broken));
    expect(error.code).toBe("gate-failed");
    expect(await shop.visit()).toBe("version 2");
    await shop.rollback();
  });
  await traffic.stop();
  expectUnharmed(seen);
  expect(await shop.visit()).toBe("version 1");
  expect(await shop.status()).toMatch(/serving +revision 1 /);
  expect(await shop.history()).toMatch(/aborted/);
  const lines: string[] = [];
  for await (const line of shop.logs({ lines: 5 })) lines.push(line);
  expect(lines.length).toBeGreaterThan(0);
  await expectSettled(shop, { version: "1" });
});

test("the key gets no shell", async () => {
  const refused = await execute([...ssh("deploy"), "touch /tmp/ran; id"], { input: "touch /tmp/ran; id\n" });
  expect(refused).toMatchObject({ code: 65, stdout: "" });
  expect(refused.stderr).toContain("this is no request of evenkeel");
  expect(await onHost("sh", "-c", "ls /tmp/ran 2>&1 || :")).toContain("No such file");
});

test("it stops no container but the app's own, though it is told the proxy's id", async () => {
  const idOf = (name: string) => onHost("docker", "inspect", "-f", "{{.Id}}", name);
  const proxy = await idOf("evenkeel-proxy");
  const own = await idOf(`shop-test-${await shop.pointer()}`);
  const fence = 1 + Number(await onHost("cat", "/home/deploy/.evenkeel/keys/shop-test/fence"));
  const repository = shop.image.replace(/@.*/, "");
  const requests = [
    { introduction: { version: ownVersion(), app: "shop", environment: "test", repository } },
    { step: { kind: "acquire", holder: "thief", reason: "", leaseMs: 1_000 } },
    { step: { kind: "retire", fence, containerId: proxy, slot: "blue", drainMs: 0, afterMs: 0 } },
    { step: { kind: "logs", fence, containerId: proxy, lines: 10 } },
    { step: { kind: "logs", fence, containerId: own, lines: 1 } },
    { step: { kind: "unlock", fence } },
  ];
  const input = requests.map((one, index) => `${String(index).repeat(24)} ${JSON.stringify(one)}\n`).join("");
  // Its end would be taken for that of the connection.
  const slowly = `{ cat; sleep 5; } | ${ssh("deploy").join(" ")} evenkeel host`;
  const { stdout } = await execute(["sh", "-c", slowly], { input });

  expect(stdout).toContain(`granted ${fence}`);
  expect(stdout.match(/ek-failed container-gone/g)).toHaveLength(2);
  expect(stdout).toContain(`${"5".repeat(24)} 0`);
  expect(await shop.visit()).toBe("version 1");
});

test.each([
  ["another app", { app: "web" }, "this key deploys shop to test, not web to test"],
  [
    "another domain",
    { domain: "pay.example.com" },
    "this key has the domains shop.example.com, not pay.example.com",
  ],
])("%s: refused with the reason, and what serves serves on", async (_, options, said) => {
  const other = await openShop({
    user: "deploy",
    target,
    forcedCommand: true,
    domain: "shop.example.com",
    ...options,
  });
  const error = await failureOf(other.deploy({ version: "4" }));
  expect(error.detail).toContain(said);
  expect(await shop.visit()).toBe("version 1");
});

test("where evenkeel.yaml does not say so, the message does", async () => {
  const plain = await openShop({ user: "deploy", target, domain: "shop.example.com" });
  const error = await failureOf(plain.deploy({ version: "4" }));
  expect(error.code).toBe("ssh-denied");
  expect(error.next).toContain("forcedCommand: true");
});

test("where no such command stands before the key, the message says so", async () => {
  await onHost("sed", "-i", "s#^.*ssh-ed25519#restrict ssh-ed25519#", KEYS);
  await onHost("rm", "/usr/local/bin/evenkeel");
  const error = await failureOf(shop.deploy({ version: "4" }));
  expect(error.code).toBe("ssh-denied");
  expect(error.detail).toContain("gave no `evenkeel host`");
  expect(error.next).toContain("authorized_keys");
});
