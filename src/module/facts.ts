/**
 * What a machine wants to know of a call: facts on lines of their own, after the text that is meant for
 * people. Only a function's text or its error's message crosses to `dagger call`, so they are a part of it,
 * where a caller asked for them with a word that nobody else can know and therefore forge.
 */
import type { Config } from "../config/config.js";
import { resolveEnvironment } from "../config/environment.js";
import { publicAddressOf } from "../config/public-address.js";
import { servedAfter } from "../effects/reporters/descriptions.js";
import { describe, EvenkeelError, printableLine } from "../errors.js";
import { htmlReport } from "../report/html-report.js";
import type { RunReport } from "../report/run-report.js";
import { type Ending, stepSummary } from "./step-summary.js";

/** What a call has come to know so far. */
export interface Seen {
  environment: string | null;
  url: string | null;
  image: string | null;
  report: RunReport | null;
  readonly warnings: string[];
}

/** Notes where the call leads to. */
export function seeEnvironment(seen: Seen, config: Config, name: string): void {
  const environment = resolveEnvironment(config, name);
  seen.environment = environment.name;
  seen.url = publicAddressOf(environment);
}

/**
 * Does the work of a function; its text, or the message it fails with, then ends with the facts.
 *
 * @param mark the word that each of their lines begins with; empty: no facts
 */
export async function withFacts<T>(
  call: { readonly function: string; readonly mark: string },
  work: (seen: Seen) => Promise<T>,
): Promise<T> {
  const seen: Seen = { environment: null, url: null, image: null, report: null, warnings: [] };
  if (call.mark === "") return work(seen);
  const tell = (end: Pick<Ending, "text" | "failure">) =>
    spell(call.mark, endingOf(call.function, seen, end));
  try {
    const result = await work(seen);
    if (typeof result !== "string") return result;
    return `${result}\n${tell({ text: result, failure: null })}` as T;
  } catch (error) {
    if (error instanceof EvenkeelError && error.report !== null) seen.report = error.report;
    if (error instanceof Error)
      error.message = `${error.message}\n${tell({ text: describe(error), failure: failureOf(error) })}`;
    throw error;
  }
}

function endingOf(name: string, seen: Seen, end: Pick<Ending, "text" | "failure">): Ending {
  const { environment, url, image, report, warnings } = seen;
  const outcome = report?.outcome.phase ?? (end.failure === null ? "done" : "failed");
  return { call: { function: name, environment }, outcome, url, image, report, warnings, ...end };
}

function failureOf(error: Error): Ending["failure"] {
  if (!(error instanceof EvenkeelError))
    return { code: null, reason: printableLine(describe(error)), next: null };
  const { code, detail, next, report } = error;
  const reason = report?.text ?? detail;
  return {
    code,
    reason: reason.split("\n").slice(0, MOST_LINES).join("\n"),
    next: report?.failure?.next ?? next,
  };
}

const MOST_LINES = 12;

function spell(mark: string, ending: Ending): string {
  const { outcome, image, url, warnings, failure, report } = ending;
  const revision = report === null ? null : servedAfter(report.outcome);
  const told = report?.notes.filter(({ level }) => level === "warning").map(({ text }) => text) ?? [];
  const facts: readonly (readonly [string, string | number | null | undefined])[] = [
    ["outcome", outcome],
    ["code", failure?.code],
    ["image", image],
    ["digest", image?.split("@")[1]],
    ["revision", revision],
    ["url", url],
    ["error", failure?.reason],
    ["next", failure?.next],
    ...[...warnings, ...told].map((text) => ["warning", printableLine(text, 1_000)] as const),
    ["summary", stepSummary(ending)],
    ["page", report === null ? null : htmlReport(report).trimEnd()],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value == null || value === ""
      ? []
      : String(value)
          .split("\n")
          .map((line) => `${name} ${line}`),
  );
  return ["begin", ...lines, "end"].map((line) => `${mark} ${line}`).join("\n");
}
