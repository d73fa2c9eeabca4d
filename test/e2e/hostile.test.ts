import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Reporter } from "../../src/index.js";
import { expectPrintable, failureOf } from "./support/expectations.js";
import { retouchedImage } from "./support/image.js";
import { openShop, type Shop } from "./support/shop.js";

/** What an app, an image or a host can say to whoever deploys it: an error or a clean cut, and nothing obeyed. */
let shop: Shop;
const heard: string[] = [];
const reporter: Reporter = {
  phase: ({ at }) => heard.push("reason" in at ? at.reason : at.phase),
  note: (_, text) => heard.push(text),
  summary: () => {},
};
beforeAll(async () => {
  shop = await openShop();
  await shop.deploy({ version: "1" });
});
afterAll(() => shop?.close());
afterEach(async () => {
  expectPrintable(...heard.splice(0), await shop.status(), await shop.history());
});

const health = "{ interval: 200ms, timeout: 1s, passes: 2, deadline: 60s }";

test("a log of one line of 100 MiB, full of what terminals obey, is shown by its end and without that", async () => {
  const error = await failureOf(
    shop.deploy({ version: "2", behaviour: { logsMiB: 100, exitAtStart: 7 }, health }, { reporter }),
  );
  expect(error.code).toBe("gate-failed");
  expectPrintable(error.message);
  expect(error.message).toMatch(/owned.{0,3}x{1000}/);
  expect(error.message.length).toBeLessThan(80_000);
});

test("a health answer full of what terminals obey is quoted without it", async () => {
  const error = await failureOf(
    shop.deploy(
      {
        version: "2",
        behaviour: { health: "escapes" },
        health: "{ interval: 200ms, timeout: 1s, deadline: 2s }",
      },
      { reporter },
    ),
  );
  expect(error.code).toBe("gate-failed");
  expect(error.detail).toMatch(/last: 503.*the cache is cold/);
  expectPrintable(error.message);
});

test("a health answer of 120 kB of headers and a body without an end is cut, and its status counts", async () => {
  const { outcome } = await shop.deploy({ version: "endless", behaviour: { health: "endless" }, health });
  expect(outcome.phase).toBe("promoted");
  expect(await shop.visit()).toBe("version endless");
});

test("a health answer that comes a byte at a time, for ever, is none in time", async () => {
  const drips = "{ interval: 200ms, timeout: 1s, passes: 2, deadline: 3s }";
  const error = await failureOf(
    shop.deploy({ version: "drips", behaviour: { health: "drips" }, health: drips }, { reporter }),
  );
  expect(error.code).toBe("gate-failed");
  expect(error.detail).toContain("no answer in time");
});

test("labels of an image that are no commit, or of any length, reach neither the screen nor the host's answers", async () => {
  const labels = {
    "org.opencontainers.image.revision": "\u001b[2J\n2026-01-01T00:00:00Z  revision 99  promoted",
    "org.example.much": "much".repeat(2_250_000),
    "evenkeel.slot": "blue",
    "evenkeel.revision": "77",
  };
  const image = await retouchedImage(shop.lab, "hostile", { labels });
  const { outcome } = await shop.deploy({ version: "labelled" }, { image, reporter });
  expect(outcome.phase).toBe("promoted");
  expect(await shop.visit()).toBe("version labelled");
  expect(await shop.history()).not.toContain("revision 99");
  expect((await shop.deploy({ version: "labelled" }, { image, reporter })).outcome.phase).toBe(
    "nothing-to-do",
  );
});

test("lines of the ledger that are damaged, huge or forged are passed over, and deploys go on", async () => {
  const line = (differs: object) =>
    JSON.stringify({
      ...{ at: "2026-01-01T00:00:00Z", fence: 1, event: "promoted", revision: 1, image: "", commit: null },
      ...{ by: "b", reason: "r", ...differs },
    });
  const lines = [
    "garbage \u001b[2J",
    "[".repeat(100_000),
    line({ revision: 1e15 }),
    line({ revision: -3 }),
    line({ revision: 0.5 }),
    line({ revision: 2 }).replace('"revision":2', '"revision":1e999'),
    line({ fence: Number.MAX_SAFE_INTEGER }),
    line({
      event: "proxy",
      commit: "\u001b[2J\u001b]0;owned\u0007",
      by: "\u202eowned",
      reason: "\u001b[31ma\n2026-01-01T00:00:00Z  revision 99  promoted     forged",
    }),
    `{"reason":"${"x".repeat(3_000_000)}`,
  ];
  const before = (await shop.history()).split("\n");
  const ledger = `/root/.evenkeel/keys/${shop.key}/ledger.jsonl`;
  const appended = await shop.lab.onTarget(shop.target, ["sh", "-c", 'cat >>"$0"', ledger], {
    input: `${lines.slice(0, -1).join("\n")}\n`,
  });
  expect(appended.code).toBe(0);
  const after = (await shop.history()).split("\n");
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after).toHaveLength(before.length + 1);
  expect(after.at(-1)).toMatch(/^2026-01-01T00:00:00Z {2}revision 1 .*proxy +a 2026.*forged {2}\(owned\)$/);

  await shop.lab.onTarget(shop.target, ["sh", "-c", 'cat >>"$0"', ledger], { input: lines.at(-1) ?? "" });
  expect(await shop.status()).toMatch(/serving +revision \d+/);
  expect((await shop.deploy({ version: "and after" }, { reporter })).outcome).toMatchObject({
    phase: "promoted",
  });
  expect(await shop.visit()).toBe("version and after");
});
