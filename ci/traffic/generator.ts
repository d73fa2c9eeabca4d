import * as http from "node:http";
import { performance } from "node:perf_hooks";
import type { Sample } from "./report.js";

/** A request to send over and over. */
export interface RequestShape {
  /** Path and query, starting with `/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An answer without this text counts as failed, whatever its status: error pages also come with 200. */
  readonly mustContain?: string;
}

export interface TrafficOptions {
  /** The public address, `http://host[:port]`. */
  readonly url: string;
  /** Requests per second, all kinds together. */
  readonly perSecond: number;
  /** GETs. */
  readonly read: RequestShape;
  /** POSTs, each creating something under a name of its own, which replaces `{name}` in the body. */
  readonly write?: RequestShape & {
    readonly body: string;
    readonly namePrefix: string;
    /** The writes' part of all requests, 0 to 1. */
    readonly share: number;
  };
  /** From due time to the last byte of the answer; 10000 unless given. */
  readonly timeoutMs?: number;
}

/** A finished request and, for a write, the name it was to create. */
export interface Finished {
  readonly sample: Sample;
  readonly name: string | null;
}

/**
 * Sends requests on a fixed schedule whatever becomes of the earlier ones (an open loop), half of each kind
 * on kept connections and half on new ones. Nothing is ever sent twice.
 */
export function generate(options: TrafficOptions, onFinished: (finished: Finished) => void): Generator {
  const { url, perSecond, read, write, timeoutMs = 10_000 } = options;
  // An idle connection is given up here long before a proxy would, or a request could meet it being closed.
  const kept = new http.Agent({ keepAlive: true, timeout: 20_000 });
  const startedAt = now();
  const sent = { all: 0, read: 0, write: 0 };
  const inFlight = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;

  const tick = (): void => {
    for (let dueAt = nextDue(); dueAt <= now(); dueAt = nextDue()) send(dueAt);
    timer = setTimeout(tick, Math.max(1, nextDue() - now()));
  };
  const nextDue = (): number => startedAt + (sent.all * 1000) / perSecond;
  const send = (dueAt: number): void => {
    const kind = write && sent.write < Math.floor((sent.all + 1) * write.share) ? "write" : "read";
    const connection = sent[kind] % 2 === 0 ? "kept" : "new";
    const name = kind === "write" && write ? `${write.namePrefix}${sent.write}` : null;
    sent.all += 1;
    sent[kind] += 1;
    const request = http.request(new URL((write && name !== null ? write : read).path, url), {
      method: name === null ? "GET" : "POST",
      agent: connection === "kept" ? kept : false,
    });
    const lagMs = now() - dueAt;
    const shape = write && name !== null ? write : read;
    for (const [header, value] of Object.entries(shape.headers ?? {})) request.setHeader(header, value);
    const body = write && name !== null ? write.body.replaceAll("{name}", name) : "";
    const answered = exchange(request, body, shape.mustContain, timeoutMs - lagMs).then((end) => {
      inFlight.delete(answered);
      onFinished({ sample: { kind, dueAt, lagMs, durationMs: now() - dueAt, connection, ...end }, name });
    });
    inFlight.add(answered);
  };

  tick();
  return {
    boundary: nextDue,
    settle: async () => void (await Promise.all(inFlight)),
    stop: async () => {
      clearTimeout(timer);
      await Promise.all(inFlight);
      kept.destroy();
    },
  };
}

export interface Generator {
  /** A time that separates the requests sent from those not sent yet. */
  readonly boundary: () => number;
  /** Resolves once every request sent before the call has finished. */
  readonly settle: () => Promise<void>;
  /** Sends no more, and resolves once everything in flight has finished. */
  readonly stop: () => Promise<void>;
}

/** Milliseconds since 1970, monotonic within this process. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

type End = Pick<Sample, "failure" | "answeredBy">;

/** Resolves, never rejects: without a failure when the answer was accepted. */
function exchange(
  request: http.ClientRequest,
  body: string,
  mustContain: string | undefined,
  timeoutMs: number,
): Promise<End> {
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => {
        end("timeout");
        request.destroy();
      },
      Math.max(0, timeoutMs),
    );
    let answeredBy: string | null = null;
    const end = (failure: string | null): void => {
      clearTimeout(timer);
      resolve({ failure, answeredBy });
    };
    request.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    request.on("response", (response) => {
      let text = "";
      const status = response.statusCode ?? 0;
      answeredBy = response.headers["x-answered-by"]?.toString() ?? null;
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (mustContain !== undefined) text += chunk;
      });
      // Without it an answer that is cut off in its body would count as a success or never end.
      response.on("error", (error: NodeJS.ErrnoException) => end(`cut off: ${error.code ?? error.message}`));
      response.on("end", () => {
        if (status < 200 || status > 299) return end(`HTTP ${status}`);
        if (mustContain !== undefined && !text.includes(mustContain)) return end("unexpected content");
        end(null);
      });
    });
    if (body !== "") request.setHeader("content-length", Buffer.byteLength(body));
    request.end(body);
  });
}
