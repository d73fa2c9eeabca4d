import type { Reporter, RunStart } from "../effects/reporter.js";
import type { Revealable } from "../effects/ssh.js";
import { postWebhook, type WebhookLimits } from "../effects/webhook.js";
import {
  failureNotification,
  type Notification,
  type Notified,
  notificationOf,
  slackMessage,
} from "./notification.js";

/** One address that is told how runs end. */
export interface Webhook {
  /** The name of the secret that is its address, for messages. */
  readonly name: string;
  readonly address: Revealable;
  readonly format: "json" | "slack";
  readonly on: readonly Notified[];
}

export interface Notifier extends Reporter {
  /** Why which of them was not told. */
  problems(): readonly string[];
}

/**
 * Tells webhooks how a run ended, all at once and after it is over. That one of them does not answer fails no
 * deploy, and holds none up for more than 5 seconds.
 */
export function createNotifier(webhooks: readonly Webhook[], limits: WebhookLimits = {}): Notifier {
  const problems: string[] = [];
  let start: RunStart | null = null;
  const send = async (make: (start: RunStart) => Notification | null): Promise<void> => {
    // An upgrade of the proxy is no release.
    const told = start === null || start.does === "upgrade-proxy" ? null : make(start);
    if (told === null) return;
    const wanted = webhooks.filter(({ on }) => on.includes(told.event));
    await Promise.all(
      wanted.map(async ({ name, address, format }) => {
        const problem = await postWebhook(address, format === "slack" ? slackMessage(told) : told, limits);
        if (problem !== null) problems.push(`the webhook ${name} was not told: ${problem}`);
      }),
    );
  };
  return {
    start: (begun) => {
      start = begun;
    },
    phase: () => {},
    note: () => {},
    summary: (summary) => send((begun) => notificationOf(begun, summary)),
    failed: (failure) => send((begun) => failureNotification(begun, failure)),
    problems: () => problems,
  };
}
