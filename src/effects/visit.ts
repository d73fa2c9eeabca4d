import { Agent, interceptors, request } from "undici";
import type { Answers } from "../core/model.js";
import { describe, printableLine } from "../errors.js";

export interface VisitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Nobody looks at the release meanwhile. */
const VISIT_MS = 3_000;

/**
 * Asks the public address as a visitor would, redirects followed. It informs and decides nothing, so every
 * failure is an answer: `status` null and the reason.
 */
export async function visit(url: string, options: VisitOptions = {}): Promise<Answers["visit"]> {
  const timeoutMs = options.timeoutMs ?? VISIT_MS;
  const agent = new Agent({ connect: { timeout: timeoutMs } });
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await request(url, {
      dispatcher: agent.compose(interceptors.redirect({ maxRedirections: 5 })),
      signal: options.signal ? AbortSignal.any([limit, options.signal]) : limit,
      headers: { "user-agent": "evenkeel", accept: "*/*" },
    });
    return { status: response.statusCode, detail: printableLine(await beginning(response.body), 200) };
  } catch (error) {
    const reason = limit.aborted ? `no answer within ${timeoutMs / 1000} s` : describe(error);
    return { status: null, detail: printableLine(reason, 200) };
  } finally {
    await agent.destroy();
  }
}

// A page may be endless; its beginning is all that is told.
async function beginning(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= 4096) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}
