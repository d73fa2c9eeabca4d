import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { startTraffic, type Traffic, type TrafficOptions } from "../../../ci/traffic/traffic.js";

type Answering = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const answerWell: Answering = (_request, response) => void response.end("welcome");

/** A server that counts for itself, so that the generator's figures are compared with somebody else's. */
class CountingServer {
  readonly created: string[] = [];
  readonly seen = { GET: 0, POST: 0, connections: 0 };
  answering: Answering = answerWell;
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      if (request.method === "POST") this.created.push(JSON.parse(body).name);
      this.seen[request.method as "GET" | "POST"] += 1;
      this.answering(request, response, body);
    });
  });

  async listen(): Promise<string> {
    this.#server.on("connection", () => {
      this.seen.connections += 1;
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let server = new CountingServer();
let traffic: Traffic | undefined;

afterEach(async () => {
  await traffic?.stop().catch(() => undefined);
  await server.close().catch(() => undefined);
  server = new CountingServer();
});

async function start(difference: Partial<TrafficOptions> = {}): Promise<Traffic> {
  traffic = await startTraffic({
    url: await server.listen(),
    perSecond: 200,
    read: { path: "/features" },
    write: { path: "/features", body: '{"name":"{name}"}', namePrefix: "flag-", share: 0.25 },
    timeoutMs: 2000,
    ...difference,
  });
  return traffic;
}

describe("constant traffic", () => {
  it("sends as many requests a second as asked, in the mix asked", async () => {
    const { stop } = await start();
    await sleep(1500);
    const report = await stop();

    expect(report.requests / ((report.intervals[0]?.durationMs ?? 0) / 1000)).toBeCloseTo(200, -1);
    expect(report.intervals[0]?.writes.requests).toBeCloseTo(report.requests / 4, -1);
    expect(report.failed).toBe(0);
  });

  it("counts what the server counted, so nothing is sent twice and nothing is left out", async () => {
    server.answering = (request, response) => {
      if (server.seen.GET % 5 === 0) request.socket.destroy();
      else answerWell(request, response, "");
    };
    const { mark, stop } = await start();
    await sleep(400);
    await mark("second");
    await sleep(400);
    const report = await stop();

    expect(report.requests).toBe(server.seen.GET + server.seen.POST);
    expect(report.intervals.map(({ label }) => label)).toEqual(["start", "second"]);
    expect(report.intervals.reduce((sum, { requests }) => sum + requests, 0)).toBe(report.requests);
    expect(report.failed).toBeGreaterThan(10);
  });

  it("uses a new connection for half of the reads and half of the writes", async () => {
    const { stop } = await start();
    await sleep(800);
    const report = await stop();

    expect(server.seen.connections).toBeGreaterThanOrEqual(report.requests / 2);
    expect(server.seen.connections).toBeLessThan(report.requests / 2 + 20);
  });

  it("goes on sending while nothing is answered", async () => {
    server.answering = () => undefined;
    const { stop } = await start({ timeoutMs: 500 });
    await sleep(1000);
    const report = await stop();

    expect(report.requests).toBeGreaterThan(150);
    expect(report.failed).toBe(report.requests);
    expect(Object.keys(report.intervals[0]?.reasons ?? {}).sort()).toEqual(["read timeout", "write timeout"]);
    expect(report.intervals[0]?.latencies.p50Ms).toBeGreaterThanOrEqual(490);
  });
});

describe("single requests", () => {
  it("are told once each, with who answered them", async () => {
    const blue: Answering = (_request, response) =>
      void response.writeHead(200, { "x-answered-by": "blue" }).end();
    server.answering = blue;
    const { mark, samples, stop } = await start();
    await sleep(300);
    await mark("green");
    const first = await samples();
    server.answering = (_request, response) =>
      void response.writeHead(500, { "x-answered-by": "green" }).end();
    await sleep(300);
    await mark("end");
    const second = await samples();
    await stop();

    expect(first.length).toBeGreaterThan(30);
    expect(first.every(({ answeredBy, failure }) => answeredBy === "blue" && failure === null)).toBe(true);
    const green = second.filter(({ answeredBy }) => answeredBy === "green");
    expect(green.length).toBeGreaterThan(30);
    expect(green.every(({ failure }) => failure === "HTTP 500")).toBe(true);
    const due = [...first, ...second].map(({ dueAt, kind }) => `${kind} ${dueAt}`);
    expect(new Set(due).size).toBe(due.length);
  });
});

describe("a failed request", () => {
  it.each<[string, Answering, string]>([
    [
      "an error status",
      (_request, response) => void response.writeHead(502).end("bad gateway"),
      "read HTTP 502",
    ],
    ["a redirect", (_request, response) => void response.writeHead(302).end(), "read HTTP 302"],
    ["a closed connection", (request) => void request.socket.destroy(), "read ECONNRESET"],
    [
      "an answer cut off in its body",
      (request, response) => {
        response.writeHead(200, { "content-length": 1000 }).write("welc");
        setTimeout(() => request.socket.destroy(), 5);
      },
      "read cut off: ECONNRESET",
    ],
    [
      "an answer that never ends",
      (_request, response) => void response.writeHead(200, { "content-length": 1000 }).write("welcome"),
      "read timeout",
    ],
    [
      "an error page with status 200",
      (_request, response) => void response.end("sorry"),
      "read unexpected content",
    ],
  ])("is %s", async (_what, answering, reason) => {
    server.answering = answering;
    const { stop } = await start({ read: { path: "/", mustContain: "welcome" } });
    await sleep(300);
    const report = await stop();

    expect(report.intervals[0]?.reads.failed).toBe(server.seen.GET);
    expect(report.intervals[0]?.reasons[reason]).toBe(server.seen.GET);
  });

  it("is a refused connection", async () => {
    const { stop } = await start();
    await sleep(200);
    await server.close();
    await sleep(300);
    const report = await stop();

    expect(report.intervals[0]?.reasons["read ECONNREFUSED"]).toBeGreaterThan(20);
  });

  it("belongs to the interval in which it was due, though it is known only later", async () => {
    const { mark, stop } = await start();
    await sleep(200);
    await mark("outage");
    server.answering = () => undefined;
    await sleep(400);
    server.answering = answerWell;
    const outage = await mark("after");
    await sleep(400);
    const report = await stop();

    expect(outage.label).toBe("outage");
    expect(outage.failed).toBeGreaterThan(60);
    expect(outage.failingForMs).toBeGreaterThan(300);
    expect(report.intervals.map(({ failed }) => failed > 0)).toEqual([false, true, false]);
    expect(report.failures).toHaveLength(outage.failed);
  });
});

describe("writes", () => {
  it("are listed as acknowledged exactly when the server said so", async () => {
    const refused: string[] = [];
    server.answering = (request, response, body) => {
      const lost = request.method === "POST" && server.seen.POST % 3 === 0;
      if (lost) refused.push(JSON.parse(body).name);
      response.writeHead(lost ? 500 : 201).end();
    };
    const { stop } = await start();
    await sleep(800);
    const report = await stop();

    expect(report.unacknowledged.length).toBeGreaterThan(5);
    expect([...report.unacknowledged].sort()).toEqual(refused.sort());
    expect([...report.acknowledged, ...report.unacknowledged].sort()).toEqual([...server.created].sort());
    expect(new Set(server.created).size).toBe(server.created.length);
  });
});
