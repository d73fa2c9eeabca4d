import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { hostKeys } from "../../src/index.js";
import { afterStep } from "./support/after-step.js";
import { during, expectSettled, expectUnharmed, failureOf } from "./support/expectations.js";
import { openShop } from "./support/shop.js";

/** What hosts are like: other accounts, other apps, foreign containers, keys that do not match. */
let lab: Lab;
let target: Target;
beforeAll(async () => {
  lab = await openLab({ quiet: true });
  target = await lab.freshTarget();
});
afterAll(async () => {
  if (target !== undefined) await lab.destroyTarget(target);
});
const onHost = async (...argv: readonly string[]) => {
  const { code, stdout, stderr } = await lab.onTarget(target, argv);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code} on the host: ${stderr}`);
  return stdout.trim();
};

describe("a host that somebody else uses as well", () => {
  test("port 80 is taken by a foreign container: refused with its name, and it runs on", async () => {
    const shop = await openShop({ app: "plain", user: "deploy", target });
    await onHost("docker", "run", "-d", "--name", "their-web", "-p", "80:80", "caddy:2");
    const theirs = await stateOf("their-web");
    const error = await failureOf(shop.deploy({ version: "1" }));

    expect(error.code).toBe("port-taken");
    expect(error.detail).toContain("port 80 or 443 of the host is taken by their-web");
    expect(await stateOf("their-web")).toBe(theirs);
    await onHost("docker", "rm", "-f", "their-web");
  });

  test("a slot's name is taken by a foreign container: refused with the name, and it runs on", async () => {
    const shop = await openShop({ app: "plain", user: "deploy", target });
    await onHost("docker", "run", "-d", "--name", "plain-test-blue", "caddy:2");
    const theirs = await stateOf("plain-test-blue");
    const error = await failureOf(shop.deploy({ version: "1" }));

    expect(error.code).toBe("name-taken");
    expect(error.detail).toContain(
      "the name plain-test-blue belongs to a container that evenkeel did not make",
    );
    expect(await stateOf("plain-test-blue")).toBe(theirs);
    await onHost("docker", "rm", "-f", "plain-test-blue");
  });

  test("so is the other slot's, while the app serves from the first", async () => {
    const shop = await openShop({ app: "plain", user: "deploy", target });
    await shop.deploy({ version: "1" });
    await onHost("docker", "run", "-d", "--name", "plain-test-green", "caddy:2");
    const theirs = await stateOf("plain-test-green");

    expect((await failureOf(shop.deploy({ version: "2" }))).code).toBe("name-taken");
    expect(await stateOf("plain-test-green")).toBe(theirs);
    expect(await shop.visit()).toBe("version 1");
    await onHost("docker", "rm", "-f", "plain-test-green");
  });
});

describe("an account that is not root", () => {
  test("deploys, goes back and serves, with everything in its own folder", async () => {
    const shop = await openShop({ app: "plain", user: "deploy", target });
    const traffic = await shop.traffic();
    const { seen } = await during(traffic, async () => {
      await shop.deploy({ version: "2" });
      expect(await shop.visit()).toBe("version 2");
      await shop.rollback();
    });
    await traffic.stop();

    expectUnharmed(seen);
    expect(await shop.visit()).toBe("version 1");
    expect(await onHost("sh", "-c", "ls -A /root/.evenkeel 2>&1 || :")).toContain("No such file");
    expect(await onHost("sh", "-c", "find /home/deploy/.evenkeel ! -user deploy ! -path '*/logs/*'")).toBe(
      "",
    );
    const open = "find /home/deploy/.evenkeel/keys -type f \\( -perm /044 \\)";
    expect(await onHost("sh", "-c", open)).toBe("");
  });
});

describe("two apps on one host, each by its domain", () => {
  test("each serves on while the other is deployed, and neither gets the other's visitors", async () => {
    const [tea, coffee] = await Promise.all([
      openShop({ app: "tea", user: "deploy", target, domain: "tea.test" }),
      openShop({ app: "coffee", user: "deploy", target, domain: "coffee.test" }),
    ]);
    await tea.deploy({ version: "tea 1" });
    await coffee.deploy({ version: "coffee 1" });
    const [teaTraffic, coffeeTraffic] = await Promise.all([tea.traffic(60), coffee.traffic(60)]);
    const { result: there, seen: teaSeen } = await during(teaTraffic, () =>
      during(coffeeTraffic, async () => {
        await tea.deploy({ version: "tea 2" });
        expect(await coffee.visit()).toBe("version coffee 1");
        // Both at once: a lock is an app's, not the host's.
        await Promise.all([tea.deploy({ version: "tea 3" }), coffee.deploy({ version: "coffee 2" })]);
      }),
    );
    await Promise.all([teaTraffic.stop(), coffeeTraffic.stop()]);

    expectUnharmed(teaSeen);
    expectUnharmed(there.seen);
    expect(await tea.visit()).toBe("version tea 3");
    expect(await coffee.visit()).toBe("version coffee 2");
    expect(await coffee.history()).not.toContain("revision 3");
  });
});

describe("host keys", () => {
  test("the keys that a host offers are printed as lines that match it, with fingerprints", async () => {
    const shop = await openShop({ app: "plain", user: "deploy", target });
    const { keys, text: told } = await hostKeys(shop.configOf({ version: "1" }));
    const pinned = target.hostKeyLine.split(" ").slice(0, 3).join(" ");
    expect(told.split("\n")).toContain(pinned);
    expect(keys.map(({ line }) => line)).toContain(pinned);
    const fingerprint = await onHost("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub");
    expect(told).toContain(fingerprint.split(" ")[1]);
    expect(keys).toContainEqual(expect.objectContaining({ fingerprint: fingerprint.split(" ")[1] }));
    expect(told).toContain("Compare a fingerprint with the machine itself before you commit its line.");
  });

  test("another key than the pinned one is refused, before anything is said to the host", async () => {
    const stranger = `${target.host} ${await somebodyElsesKey()}`;
    const shop = await openShop({ app: "plain", user: "deploy", target, knownHosts: stranger });
    const error = await failureOf(shop.deploy({ version: "3" }));
    expect(error.code).toBe("host-key-changed");
    expect(error.detail).toContain(target.host);
    expect(await shop.visit()).toBe("version 1");
  });

  test("a host that nobody pinned is refused", async () => {
    const elsewhere = `elsewhere.test ${await somebodyElsesKey()}`;
    const shop = await openShop({ app: "plain", user: "deploy", target, knownHosts: elsewhere });
    const error = await failureOf(shop.status());
    expect(error.code).toBe("host-key-unknown");
    expect(error.next).toMatch(/host-key/);
  });

  async function somebodyElsesKey(): Promise<string> {
    const make = "rm -f /tmp/k; ssh-keygen -q -t ed25519 -N '' -C '' -f /tmp/k && cat /tmp/k.pub";
    return onHost("sh", "-c", make);
  }
});

describe("an exclusive volume", () => {
  test("is refused with the reason, because two containers run for a while", async () => {
    const shop = await openShop({ app: "plain", user: "deploy", target });
    const container = "volumes: [{ name: data, path: /data, access: exclusive }]";
    const error = await failureOf(Promise.resolve().then(() => shop.deploy({ version: "3", container })));
    expect(error.code).toBe("config-invalid");
    expect(error.detail).toMatch(
      /container\.volumes\[0\]\.access.*is exclusive, which a blue-green deploy cannot keep/s,
    );
  });
});

describe("a host that lost something", () => {
  test.each([
    ["the app's own state", "rm -rf /home/deploy/.evenkeel/keys/plain-test"],
    ["all state", "rm -rf /home/deploy/.evenkeel/keys"],
    ["state and pointer", "rm -rf /home/deploy/.evenkeel/keys /home/deploy/.evenkeel/routes/plain-test"],
  ])("%s: not taken for a first deploy, and it serves on", async (what, command) => {
    const shop = await openShop({ app: "plain", user: "deploy", target });
    const before = await shop.visit();
    const version = `after ${what}`;
    const traffic = await shop.traffic();
    const { result, seen } = await during(traffic, async () => {
      await onHost("sh", "-c", command);
      expect(await shop.visit()).toBe(before);
      expect(await shop.status()).toMatch(/serving +revision|unsettled/);
      return shop.deploy({ version });
    });
    await traffic.stop();

    expectUnharmed(seen);
    expect(result.outcome).toMatchObject({ phase: "promoted" });
    expect(result.outcome).not.toMatchObject({ revision: 1 });
    expect(await shop.visit()).toBe(`version ${version}`);
    expect(await shop.history()).toContain("rebuilt from labels");
    // The way back is not lost with the folder.
    expect(await shop.status()).toMatch(/rollback +would go to revision \d+/);
  });
});

describe("a foreign container that takes a name in the middle of a deploy", () => {
  test.each([
    ["before the release is started", "stage"],
    ["before the lock is taken", "pull"],
  ])("%s: refused with the name, both run on, and a deploy without it goes through", async (_, step) => {
    const shop = await openShop({ app: "plain", user: "deploy", target });
    await shop.deploy({ version: `stays, ${step}` });
    const slot = (await shop.pointer()) === "blue" ? "green" : "blue";
    const release = { version: `comes, ${step}` };
    const name = `plain-test-${slot}`;
    // A hot release would have the name.
    const take = `docker rm -f ${name}; docker run -d --name ${name} caddy:2`;
    const stranger = afterStep(target, step, 1, take);
    const traffic = await shop.traffic();
    const { result, seen } = await during(traffic, () =>
      failureOf(shop.deploy(release, { reporter: stranger.reporter })),
    );
    expect(stranger.happened).toBe(true);
    expect(result.code).toBe("name-taken");
    expect(result.detail).toContain(`the name ${name} belongs to a container that evenkeel did not make`);
    expectUnharmed(seen, 10);
    expect(await stateOf(name)).toMatch(/true$/);
    await onHost("docker", "rm", "-f", name);

    const then = await during(traffic, () => shop.deploy(release));
    await traffic.stop();
    expect(then.result.outcome.phase).toBe("promoted");
    expectUnharmed(then.seen);
    await expectSettled(shop, release);
  });
});

const stateOf = (name: string) =>
  onHost("docker", "inspect", "-f", "{{.Id}} {{.State.StartedAt}} {{.State.Running}}", name);
