import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { postWebhook } from "../../src/effects/webhook.js";
import { createNotifier, type Webhook } from "../../src/report/notifier.js";
import { aStart, toldRun } from "../support/told-run.js";
import { freePort } from "./support/sshd.js";

/** A real server that answers as it is told, and keeps what it was sent. */
const got: { readonly path: string; readonly body: string; readonly type: string | undefined }[] = [];
let answers: (number | "silence")[] = [];
let base: string;
const server = createServer(async (request, response) => {
  const body = await textOf(request);
  got.push({ path: request.url ?? "", body, type: request.headers["content-type"] });
  const answer = answers.shift() ?? 200;
  if (answer !== "silence") response.writeHead(answer).end("thanks");
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  got.length = 0;
  answers = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const secret = (path = "/hook/s3cr3t-token-of-the-hook") => {
  const address = base + path;
  return { reveal: () => address };
};
const hook = (differs: Partial<Webhook> = {}): Webhook => ({
  name: "CHAT_WEBHOOK",
  address: secret(),
  format: "json",
  on: ["promoted", "rolled-back", "aborted", "halted", "lost"],
  ...differs,
});

describe("posting", () => {
  test("what is taken is sent once, as JSON", async () => {
    expect(await postWebhook(secret(), { hello: "wörld" })).toBeNull();
    expect(got).toEqual([
      { path: "/hook/s3cr3t-token-of-the-hook", body: '{"hello":"wörld"}', type: "application/json" },
    ]);
  });

  test("a busy or broken one is asked again", async () => {
    answers = [503, 429];
    expect(await postWebhook(secret(), {})).toBeNull();
    expect(got).toHaveLength(3);
  });

  test("three times, and then it is told why, without the address", async () => {
    answers = [500, 502, 503];
    expect(await postWebhook(secret(), {})).toBe("it answered 503");
    expect(got).toHaveLength(3);
  });

  test("one that refuses is not asked again", async () => {
    answers = [404];
    expect(await postWebhook(secret(), {})).toBe("it answered 404");
    expect(got).toHaveLength(1);
  });

  test("one that says nothing, or is not there, is given up in time", async () => {
    answers = ["silence", "silence", "silence"];
    expect(await postWebhook(secret(), {}, { tryMs: 100, wholeMs: 250 })).toMatch(/^no answer in time/);
    const nobody = `http://127.0.0.1:${await freePort()}/secret-path-of-nobody`;
    const said = await postWebhook({ reveal: () => nobody }, {}, { tryMs: 100, wholeMs: 1_500 });
    expect(said).toMatch(/ECONNREFUSED/);
    expect(said).not.toContain("secret-path");
  });
});

describe("being told how a run ended", () => {
  test("a promotion, with what serves now", async () => {
    const notifier = createNotifier([hook()]);
    const { report } = await toldRun({}, { reporter: notifier });
    expect(notifier.problems()).toEqual([]);
    expect(JSON.parse(got[0]?.body ?? "")).toEqual({
      ...{ v: 1, event: "promoted", does: "deploy", app: "shop", environment: "production" },
      ...{ host: "shop.example.com", url: "https://shop.example.com/", image: report.start.image },
      ...{ commit: report.start.commit, serving: 2, code: null, by: "robot@ci#0a1b2c3d" },
      ...{ startedAt: report.start.startedAt, tookMs: Math.round(report.totalMs), text: report.text },
      reason: report.outcome.reason,
    });
  });

  test("a rollback, as a message for Slack that mentions nobody", async () => {
    const start = { app: "shop<!channel>", holder: "a & b" };
    const notifier = createNotifier([hook({ format: "slack" })]);
    await toldRun({ afterSwitch: { afterMs: 2_000, does: "exits" } }, { reporter: notifier, start });
    const { text, ...rest } = JSON.parse(got[0]?.body ?? "");
    expect(rest).toEqual({});
    expect(text).toMatch(
      /^❌ \*shop&lt;!channel&gt;\* to \*production\*: rolled-back \(bake-failed\)\nRolled back: the container/,
    );
    expect(text).toContain("by a &amp; b · https://shop.example.com/");
  });

  test("only of the ends that it asked for", async () => {
    const notifier = createNotifier([
      hook({ on: ["rolled-back"], address: secret("/back") }),
      hook({ on: ["promoted"], address: secret("/promoted") }),
    ]);
    await toldRun({}, { reporter: notifier });
    expect(got.map(({ path }) => path)).toEqual(["/promoted"]);
  });

  test("of a host that could not be reached, as of an abort", async () => {
    const notifier = createNotifier([hook()]);
    notifier.start?.(aStart());
    await notifier.failed?.({ code: "ssh-unreachable", message: "No SSH session with shop.\nWhy: …" });
    expect(JSON.parse(got[0]?.body ?? "")).toMatchObject({
      ...{ event: "aborted", code: "ssh-unreachable", reason: "No SSH session with shop.", tookMs: null },
    });
  });

  test("nothing where nothing was to be done, or only the proxy was upgraded", async () => {
    const notifier = createNotifier([hook()]);
    const promoted = { phase: "promoted", revision: 1, slot: "blue", reason: "" } as const;
    notifier.start?.(aStart({ does: "upgrade-proxy" }));
    await notifier.summary({ outcome: promoted, timeline: [], totalMs: 1 });
    notifier.start?.(aStart());
    await notifier.summary({ outcome: { ...promoted, phase: "nothing-to-do" }, timeline: [], totalMs: 1 });
    expect(got).toEqual([]);
  });

  test("one that does not answer fails nothing: it is told as a problem by its name", async () => {
    answers = [400];
    const notifier = createNotifier([hook()]);
    const { report } = await toldRun({}, { reporter: notifier });
    expect(report.outcome.phase).toBe("promoted");
    expect(notifier.problems()).toEqual(["the webhook CHAT_WEBHOOK was not told: it answered 400"]);
  });
});

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
