import type { Reporter } from "../reporter.js";
import { createJsonReporter } from "./json-reporter.js";
import { createLinesReporter } from "./lines-reporter.js";
import type { Terminal } from "./live-area.js";
import { createLiveReporter } from "./live-reporter.js";

/** `auto`: live on a terminal, else lines. */
export type ReportFormat = "auto" | "live" | "lines" | "json";

export const REPORT_FORMATS: readonly ReportFormat[] = ["auto", "live", "lines", "json"];

/** Where to; `process.stderr` fits. */
export interface ReportStream extends Terminal {
  readonly isTTY?: boolean;
}

/**
 * Shows a run as it goes: `live` draws in place on a terminal, `lines` is one line an event without control
 * characters, `json` is one event a line as `evenkeel/events.schema.json` describes it.
 */
export function createReporter(
  options: { readonly format?: ReportFormat; readonly stream?: ReportStream } = {},
): Reporter {
  const stream = options.stream ?? process.stderr;
  const format = options.format ?? "auto";
  const write = (line: string) => void stream.write(`${line}\n`);
  if (format === "json") return createJsonReporter(write);
  if (format === "live" || (format === "auto" && canBeDrawnOn(stream))) return createLiveReporter(stream);
  return createLinesReporter(write);
}

/** CI systems offer terminals whose lines all stay in a log. */
function canBeDrawnOn(stream: ReportStream): boolean {
  return stream.isTTY === true && process.env.TERM !== "dumb" && !process.env.CI;
}
