import type { Outcome } from "../core/model.js";
import type { RunFailure, RunStart, RunSummary } from "../effects/reporter.js";
import { describeOutcome, servedAfter } from "../effects/reporters/descriptions.js";
import { seconds } from "../effects/reporters/lines-reporter.js";
import { printable, printableLine } from "../errors.js";

/** How a run can end that somebody may want to hear of. A run that had nothing to do is none. */
export const NOTIFIED = ["promoted", "rolled-back", "aborted", "halted", "lost"] as const;
export type Notified = (typeof NOTIFIED)[number];

/** The JSON that a webhook of the format `json` is sent. Fields are only ever added within a version. */
export interface Notification {
  readonly v: 1;
  readonly event: Notified;
  readonly does: RunStart["does"];
  readonly app: string;
  readonly environment: string;
  readonly host: string;
  readonly url: string | null;
  /** `repository@sha256:…`; null where the host chose it. */
  readonly image: string | null;
  readonly commit: string | null;
  /** What serves now; null where that is not known. */
  readonly serving: number | null;
  /** Of the catalogue of errors; null after a promotion. */
  readonly code: string | null;
  readonly reason: string;
  readonly by: string;
  readonly startedAt: string;
  /** Null where no run came about. */
  readonly tookMs: number | null;
  /** All of it in a sentence. */
  readonly text: string;
}

/** Null for an end that nobody is told of. */
export function notificationOf(start: RunStart, { outcome, totalMs }: RunSummary): Notification | null {
  const event = eventOf(outcome);
  if (event === null) return null;
  return {
    ...headOf(start),
    event,
    serving: servedAfter(outcome),
    code: "code" in outcome ? outcome.code : null,
    reason: printableLine(outcome.reason, 2_000),
    tookMs: Math.round(totalMs),
    text: printable(describeOutcome(outcome)),
  };
}

/** Where the host was not even reached, or the run ended by a bug: nothing was promoted. */
export function failureNotification(start: RunStart, { code, message }: RunFailure): Notification {
  const reason = printableLine(message.split("\n")[0] ?? "", 2_000);
  return {
    ...headOf(start),
    event: code === "lost" ? "lost" : "aborted",
    ...{ serving: null, code, reason, tookMs: null },
    text: reason,
  };
}

/** For Slack's incoming webhooks, and for the many that take the same. */
export function slackMessage(notification: Notification): { readonly text: string } {
  const { event, app, environment, text, tookMs, url, by, code, does } = notification;
  const sign = event === "promoted" ? "✅" : event === "aborted" ? "⚠️" : "❌";
  const lines = [
    `${sign} *${slack(app)}* ${does === "rollback" ? "rollback in" : "to"} *${slack(environment)}*: ${event}${code === null || code === event ? "" : ` (${slack(code)})`}`,
    slack(text),
    slack(
      [
        ...(tookMs === null ? [] : [`took ${seconds(tookMs)}`]),
        `by ${by}`,
        ...(url === null ? [] : [url]),
      ].join(" · "),
    ),
  ];
  return { text: lines.join("\n") };
}

function eventOf(outcome: Outcome): Notified | null {
  return outcome.phase === "nothing-to-do" ? null : outcome.phase;
}

function headOf(start: RunStart) {
  const { does, app, environment, host, url, image, commit, holder, startedAt } = start;
  return {
    v: 1 as const,
    does,
    app,
    environment,
    host,
    url,
    image,
    commit,
    by: printableLine(holder),
    startedAt,
  };
}

/** What Slack asks to be escaped; of the rest, what would be formatting or a mention is made plain. */
function slack(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[*_~`]/g, "\u200b$&");
}
