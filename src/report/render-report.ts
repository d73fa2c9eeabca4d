import { EvenkeelError, printable } from "../errors.js";
import { htmlReport } from "./html-report.js";
import { markdownReport } from "./markdown-report.js";
import type { RunReport } from "./run-report.js";

export type ReportFileFormat = "html" | "markdown" | "json";

/** Goes up when a field of the JSON is taken away or changes its meaning. */
export const REPORT_VERSION = 1;

export function renderReport(report: RunReport, format: ReportFileFormat): string {
  switch (format) {
    case "html":
      return htmlReport(report);
    case "markdown":
      return markdownReport(report);
    case "json":
      return jsonReport(report);
  }
}

/** The report as data, with the number of its format as `v`. */
export function jsonReport(report: RunReport): string {
  const plain = (_: string, value: unknown) => (typeof value === "string" ? printable(value) : value);
  return `${JSON.stringify({ v: REPORT_VERSION, ...report }, plain, 2)}\n`;
}

/**
 * Which report a file is to hold, by its ending: `.html`, `.md` or `.json`.
 *
 * @throws EvenkeelError `usage` for any other
 */
export function reportFormatOf(path: string): ReportFileFormat {
  if (/\.html?$/i.test(path)) return "html";
  if (/\.(?:md|markdown)$/i.test(path)) return "markdown";
  if (/\.json$/i.test(path)) return "json";
  throw new EvenkeelError(
    "usage",
    `What is to be written to ${JSON.stringify(path)} cannot be told from its name.`,
    {
      why: "The ending of the file says which report it is to hold.",
      next: "Let it end in `.html`, `.md` or `.json`.",
    },
  );
}
