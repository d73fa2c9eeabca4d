import { CATALOGUE } from "../errors.js";
import { codeBlock, plainWords } from "../report/markdown.js";
import { markdownReport } from "../report/markdown-report.js";
import type { RunReport } from "../report/run-report.js";

/** How a call ended, for the page of the run that made it. */
export interface Ending {
  readonly call: { readonly function: string; readonly environment: string | null };
  /** A phase that ends a run; `done` or `failed` where no run came about. */
  readonly outcome: string;
  readonly image: string | null;
  readonly url: string | null;
  readonly report: RunReport | null;
  /** What was noticed before the run. */
  readonly warnings: readonly string[];
  /** What the function returned, or the message it failed with. */
  readonly text: string;
  readonly failure: {
    readonly code: string | null;
    readonly reason: string;
    readonly next: string | null;
  } | null;
}

/** The ending as Markdown: the report of the run, or, where none came about, what was said and what to do. */
export function stepSummary(ending: Ending): string {
  const { report, failure, warnings, text } = ending;
  const noticed = warnings.map((warning) => `- ⚠️ ${plainWords(warning)}`).join("\n");
  // What a release returns besides is how its image was made.
  const more = failure === null && text !== report?.text && text.trim() !== "" ? codeBlock(text) : "";
  const parts = report === null ? withoutRun(ending) : [markdownReport(report).trimEnd(), noticed, more];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function withoutRun({ call, outcome, failure, text }: Ending): readonly string[] {
  const link = call.function === "deploy" ? "to" : "of";
  const where = call.environment === null ? "" : ` ${link} ${plainWords(call.environment)}`;
  const code = failure?.code == null ? "" : ` (${failure.code})`;
  return [
    `### ${failure === null ? "✅" : "❌"} evenkeel ${call.function}${where}: ${outcome}${code}`,
    ...(failure === null ? [] : [plainWords(failure.reason.split("\n")[0] ?? "")]),
    ...(failure?.next == null ? [] : [`**Next:** ${nextStep(failure.next)}`]),
    ...(text.trim() === "" ? [] : [codeBlock(text)]),
  ];
}

/**
 * The catalogue's own words are Markdown already; any other may quote what came from outside. What stands
 * above it in a message stands below it here.
 */
function nextStep(next: string): string {
  const own = Object.values(CATALOGUE).some((entry) => entry.next === next);
  return (own ? next : plainWords(next)).replace(" above", " below");
}
