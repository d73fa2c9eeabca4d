import { Agent, request } from "undici";
import { describe, EvenkeelError } from "../../errors.js";
import type { Clock } from "../clock.js";

export interface HttpQuestion {
  readonly method: "GET" | "HEAD" | "PUT" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Patience {
  readonly clock: Clock;
  /** For one request. */
  readonly timeoutMs: number;
  /** For all tries of one question together, pauses included. */
  readonly totalMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Asks over HTTP, patiently; keep one per conversation and close it. */
export interface Transport {
  /** @throws EvenkeelError `registry-unreachable` when no answer but 429 or 5xx came in time. */
  ask(question: HttpQuestion): Promise<HttpAnswer>;
  /** Whether anything answers there at all, asked once. */
  reaches(url: URL): Promise<boolean>;
  close(): Promise<void>;
}

export function createTransport(patience: Patience): Transport {
  const agent = new Agent({ connect: { timeout: patience.timeoutMs } });
  return {
    ask: (question) => askPatiently(agent, question, patience),
    reaches: (url) =>
      askOnce(agent, { method: "HEAD", url, headers: {} }, patience).then(
        () => true,
        () => false,
      ),
    close: () => agent.destroy(),
  };
}

const LARGEST_BODY = 16 * 1024 * 1024;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const MOST_TRIES = 6;

async function askPatiently(agent: Agent, question: HttpQuestion, patience: Patience): Promise<HttpAnswer> {
  const { clock, totalMs, signal } = patience;
  const untilMs = clock.nowMs() + totalMs;
  for (let tries = 1; ; tries++) {
    const answer = await askOnce(agent, question, patience).catch((error: unknown) =>
      unreached(question, error),
    );
    const isFinal = !(answer instanceof EvenkeelError) && !isBusy(answer.status);
    if (isFinal) return answer;
    const asked = answer instanceof EvenkeelError ? null : retryAfterMs(answer.headers["retry-after"]);
    const pauseMs = asked ?? Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
    if (isHopeless(answer) || tries >= MOST_TRIES || clock.nowMs() + pauseMs > untilMs || signal?.aborted) {
      throw answer instanceof EvenkeelError ? answer : busy(question, answer, asked, tries);
    }
    await clock.sleep(pauseMs, signal);
  }
}

async function askOnce(agent: Agent, question: HttpQuestion, patience: Patience): Promise<HttpAnswer> {
  const limit = AbortSignal.timeout(patience.timeoutMs);
  const response = await request(question.url, {
    dispatcher: agent,
    method: question.method,
    headers: { "user-agent": "evenkeel", ...question.headers },
    body: question.body ?? null,
    signal: patience.signal ? AbortSignal.any([limit, patience.signal]) : limit,
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY) throw new Error(`the answer is longer than ${LARGEST_BODY} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

function isBusy(status: number): boolean {
  return status === 429 || status >= 500;
}

// A wrong name or certificate stays wrong; waiting would only hide what is the matter.
function isHopeless(answer: HttpAnswer | EvenkeelError): boolean {
  if (!(answer instanceof EvenkeelError)) return false;
  const { code } = (answer.cause ?? {}) as { code?: unknown };
  return typeof code === "string" && /^ENOTFOUND$|^EPROTO$|CERT|^ERR_(SSL|TLS)|LEAF_SIGNATURE/.test(code);
}

/** Seconds or a date, as RFC 9110 has it; null when the header is absent or neither. */
export function retryAfterMs(header: string | string[] | undefined, wallMs = Date.now()): number | null {
  if (typeof header !== "string" || header === "") return null;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - wallMs);
}

function unreached(question: HttpQuestion, error: unknown): EvenkeelError {
  const timedOut = error instanceof Error && error.name === "TimeoutError";
  const reason = timedOut ? "no answer in time" : describe(error);
  return new EvenkeelError("registry-unreachable", `${question.url.host} does not answer: ${reason}.`, {
    cause: error,
  });
}

function busy(
  question: HttpQuestion,
  answer: HttpAnswer,
  askedMs: number | null,
  tries: number,
): EvenkeelError {
  const wish = askedMs === null ? "" : ` and asks to be left alone for ${Math.ceil(askedMs / 1000)} s`;
  return new EvenkeelError(
    "registry-unreachable",
    `${question.url.host} answered ${answer.status}${wish}, ${tries === 1 ? "asked once" : `asked ${tries} times`}.`,
    answer.status === 429
      ? {
          why: "The registry limits how often it may be asked.",
          next: "Wait and run again, or give the registry's user name and password: known users may ask more often.",
        }
      : {},
  );
}
