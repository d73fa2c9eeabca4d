import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Traffic } from "../../ci/traffic/traffic.js";
import { type EvenkeelError, htmlReport } from "../../src/index.js";
import type { Behaviour } from "./support/behaviour.js";
import { during, expectUnharmed, failureOf, pause } from "./support/expectations.js";
import { openShop, type Shop } from "./support/shop.js";

/** Releases that pass the gate and turn out to be broken once they have visitors. */
let shop: Shop;
let traffic: Traffic;
beforeAll(async () => {
  shop = await openShop();
  await shop.deploy({ version: "1" });
  traffic = await shop.traffic(150);
});
afterAll(async () => {
  await traffic?.stop();
  await shop?.close();
});

const bake = "{ duration: 6s, interval: 500ms, slow: 1s, deadline: 10s }";

describe("rolls back, and revision 1 serves again", () => {
  afterEach(async () => {
    expect(await shop.visit()).toBe("version 1");
    expect(await shop.pointer()).toBe("blue");
    expect(await shop.status()).toMatch(/stable +revisions 1$/m);
    expect((await shop.history()).split("\n").at(-1)).toMatch(/ rolled-back /);
  });

  test("everything is answered with 500, which the report and a chat tell of", async () => {
    const told: string[] = [];
    const chat = createServer((request, answer) => {
      request.setEncoding("utf8").on("data", (text: string) => told.push(text));
      request.on("end", () => answer.end("ok"));
    });
    await new Promise<void>((resolve) => chat.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(chat.address() as AddressInfo).port}/hooks/secret-of-the-chat`;
    const { result, seen } = await during(traffic, () =>
      failureOf(
        shop.deploy(
          {
            version: "broken",
            behaviour: { brokenAfter: 500 },
            bake,
            notify: "[{ webhook: CHAT, format: slack }]",
          },
          { environmentFile: `CHAT=${address}\n` },
        ),
      ),
    ).finally(() => chat.close());
    expect(told.join("")).toMatch(
      /^\{"text":"❌ \*shop\* to \*test\*: rolled-back \(bake-failed\)\\nRolled back: \d+ of \d+ requests/,
    );
    expect(result.report).toMatchObject({
      failure: { code: "bake-failed" },
      outcome: { phase: "rolled-back" },
    });
    const page = result.report === null ? "" : htmlReport(result.report);
    expect(page).toContain("listens on 3000");
    expect(page).toContain('class="fail"');
    expect(JSON.stringify(result.report) + page).not.toContain("secret-of-the-chat");
    expect(result.detail).toMatch(/^Rolled back: \d+ of \d+ requests failed/);
    // The standby answers for GETs; a POST is not sent twice.
    expect(seen.reads.failed).toBe(0);
    expect(seen.failingForMs).toBeLessThan(4_000);
    expect(Object.keys(seen.reasons)).toEqual(["write HTTP 500"]);
  });

  test("GETs are answered with 500, which the standby hides from everybody", async () => {
    const { result, seen } = await during(traffic, () => rolledBack({ brokenGetsAfter: 500 }));
    expect(result.detail).toMatch(/^Rolled back: \d+ of \d+ requests failed/);
    expectUnharmed(seen);
  });

  test("it dies: at most the requests in flight fail", async () => {
    const { result, seen } = await during(traffic, () => rolledBack({ dieAfter: 1_500 }));
    expect(result.detail).toMatch(
      /^Rolled back: (the container (died and was restarted|exited with code 3)|\d+ of \d+ requests failed)/,
    );
    expect(result.detail).toContain("fatal: out of luck");
    expect(seen.reads.failed).toBe(0);
    // POSTs only: a third of the 150 requests per second, for as long as an answer takes here.
    const inFlight = Math.ceil((50 * seen.latencies.p99Ms) / 1000);
    expect(seen.failed).toBeLessThanOrEqual(3 + inFlight);
  });

  test("it hangs, its health path as well", async () => {
    const { result, seen } = await during(traffic, () => rolledBack({ hangAfter: 1_000 }));
    expect(result.detail).toMatch(
      /^Rolled back: (\d+ health probes failed in a row; last: no answer|\d+ of \d+ requests failed)/,
    );
    expect(seen.reads.failed).toBe(0);
    // Two active checks of the proxy, 250 ms apart, and their time limit.
    expect(seen.failingForMs).toBeLessThan(3_000);
  });

  test("it becomes slow, which costs nobody an answer", async () => {
    const { result, seen } = await during(traffic, () => rolledBack({ slowAfter: 500, slowByMs: 1_500 }));
    expect(result.detail).toMatch(/^Rolled back: \d+ of \d+ requests took longer than 1 s/);
    expectUnharmed(seen);
  });
});

describe("an application that always had errors", () => {
  beforeAll(async () => {
    await shop.deploy({ version: "2", behaviour: { errorEvery: 100 } });
    // What it did before is what it is compared with.
    await pause(6_000);
  });

  test("1 % before and after deploys", async () => {
    const { result, seen } = await during(traffic, () =>
      shop.deploy({ version: "3", behaviour: { errorEvery: 100 }, bake }),
    );
    expect(result.outcome.phase).toBe("promoted");
    // Its own errors and nothing else; whether a GET or a POST is the hundredth is chance.
    expect(Object.keys(seen.reasons).join()).toMatch(/^(read|write) HTTP 500(,(read|write) HTTP 500)?$/);
    await pause(4_000);
  });

  test("1 % before and 5 % after rolls back", async () => {
    const error = await rolledBack({ errorEvery: 20 });
    expect(error.detail).toMatch(/requests failed \([3-9](\.\d)? %; previous release (0\.\d|1(\.\d)?) %\)/);
    expect(await shop.visit()).toBe("version 3");
  });
});

describe("the database that both releases need is down", () => {
  let database: Server;
  let behaviour: Behaviour;
  beforeAll(async () => {
    database = await listen();
    const { port } = database.address() as AddressInfo;
    behaviour = { database: `http://${shop.lab.machine}:${port}/` };
    await shop.deploy({ version: "4", behaviour });
  });
  afterAll(() => void database?.close());

  test("traffic flows all the same, and when it is back the release is promoted", async () => {
    const { result, seen } = await during(traffic, async () => {
      const outage = interrupt(() => pause(3_000));
      const report = await shop.deploy({ version: "5", behaviour, bake });
      await outage;
      return report;
    });
    expect(result.outcome).toMatchObject({ phase: "promoted" });
    expectUnharmed(seen);
  });

  test("traffic flows all the same while it stays away, and the release is not called good", async () => {
    const { result, seen } = await during(traffic, async () => {
      const deploying = failureOf(shop.deploy({ version: "6", behaviour, bake }));
      const outage = interrupt(() => deploying);
      const error = await deploying;
      await outage;
      return error;
    });
    expect(result.code).toBe("bake-failed");
    expect(result.detail).toContain("both releases fail their health probes");
    expectUnharmed(seen);
    expect(await shop.visit()).toBe("version 5");
  });

  /** Away from the first visit of the next release on, whoever answers visitors meanwhile. */
  async function interrupt(lasting: () => Promise<unknown>): Promise<void> {
    const before = await shop.visit();
    while ((await shop.visit()) === before) await pause(50);
    const { port } = database.address() as AddressInfo;
    database.closeAllConnections();
    await new Promise((resolve) => database.close(resolve));
    await lasting();
    database = await listen(port);
  }

  function listen(port = 0): Promise<Server> {
    const server = createServer((_, answer) => void answer.end("up"));
    return new Promise((resolve) => server.listen(port, shop.lab.machine, () => resolve(server)));
  }
});

async function rolledBack(behaviour: Behaviour): Promise<EvenkeelError> {
  const error = await failureOf(shop.deploy({ version: "broken", behaviour, bake }));
  expect(error.code).toBe("bake-failed");
  expect(error.detail).toMatch(/Revision \d+ serves\./);
  return error;
}
