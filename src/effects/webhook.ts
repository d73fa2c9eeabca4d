import { Agent, request } from "undici";
import { describe } from "../errors.js";
import type { Revealable } from "./ssh.js";

export interface WebhookLimits {
  /** For one try. Default 2 s. */
  readonly tryMs?: number;
  /** For all of it, pauses included: a deploy that is over does not wait longer. Default 4.5 s. */
  readonly wholeMs?: number;
}

/** Pauses between the tries. */
const PAUSES_MS = [200, 600];

/**
 * Posts JSON to an address that is a secret. Tried three times where that can help: no answer, 429 and 5xx.
 *
 * @returns null when it was taken, or why it was not; the address is not in it
 */
export async function postWebhook(
  address: Revealable,
  body: unknown,
  { tryMs = 2_000, wholeMs = 4_500 }: WebhookLimits = {},
): Promise<string | null> {
  const whole = AbortSignal.timeout(wholeMs);
  // Of its own, so that no connection that is kept alive keeps the process.
  const agent = new Agent({ connect: { timeout: tryMs } });
  try {
    let said = "";
    for (let tries = 0; tries <= PAUSES_MS.length; tries++) {
      const limit = AbortSignal.any([whole, AbortSignal.timeout(tryMs)]);
      const answer = await post(agent, address.reveal(), body, limit);
      if (answer === null) return null;
      said = whole.aborted ? `${answer.said} (given up after ${wholeMs / 1000} s)` : answer.said;
      const pauseMs = PAUSES_MS[tries];
      if (!answer.again || pauseMs === undefined || whole.aborted) break;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return said.replaceAll(address.reveal(), "[secret]");
  } finally {
    await agent.destroy();
  }
}

async function post(
  dispatcher: Agent,
  url: string,
  body: unknown,
  signal: AbortSignal,
): Promise<{ readonly said: string; readonly again: boolean } | null> {
  try {
    const { statusCode, body: answer } = await request(url, {
      ...{ method: "POST", dispatcher, signal },
      headers: { "content-type": "application/json", "user-agent": "evenkeel" },
      body: JSON.stringify(body),
    });
    // What it says is of no interest, and may have no end.
    answer.on("error", () => {});
    answer.destroy();
    if (statusCode >= 200 && statusCode < 300) return null;
    return { said: `it answered ${statusCode}`, again: statusCode === 429 || statusCode >= 500 };
  } catch (error) {
    return { said: signal.aborted ? "no answer in time" : describe(error), again: true };
  }
}
