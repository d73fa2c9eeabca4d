import type { RunSummary } from "../effects/reporter.js";
import { seconds } from "../effects/reporters/lines-reporter.js";
import { CATALOGUE } from "../errors.js";
import { block, code, table, words } from "./markdown.js";

/** How a call ended, for the page of the run that made it. */
export interface Ending {
  readonly call: { readonly function: string; readonly environment: string | null };
  /** A phase that ends a run; `done` or `failed` where no run came about. */
  readonly outcome: string;
  readonly image: string | null;
  readonly url: string | null;
  readonly summary: RunSummary | null;
  readonly warnings: readonly string[];
  /** What the function returned, or the message it failed with. */
  readonly text: string;
  readonly failure: {
    readonly code: string | null;
    readonly reason: string;
    readonly next: string | null;
  } | null;
}

/** The ending as Markdown: what became of it and why, what serves, how long each phase took, the last lines. */
export function stepSummary(ending: Ending): string {
  const { summary, failure, warnings } = ending;
  return [
    headline(ending),
    ...(failure === null ? [] : [words(failure.reason)]),
    ...(failure?.next == null ? [] : [`**Next:** ${nextStep(failure.next)}`]),
    ...(summary === null ? [] : [served(ending, summary), phases(summary)]),
    ...(warnings.length === 0 ? [] : [warnings.map((text) => `- ⚠️ ${words(text)}`).join("\n")]),
    ...closing(ending),
    "",
  ].join("\n\n");
}

function headline({ call, outcome, failure }: Ending): string {
  const link = call.function === "deploy" ? "to" : "of";
  const what =
    call.environment === null ? call.function : `${call.function} ${link} ${words(call.environment)}`;
  const code = failure?.code == null || failure.code === outcome ? "" : ` (${failure.code})`;
  return `### ${failure === null ? "✅" : "❌"} evenkeel ${what}: ${outcome}${code}`;
}

/** The catalogue's own words are Markdown already; any other may quote what came from outside. */
function nextStep(next: string): string {
  return Object.values(CATALOGUE).some((entry) => entry.next === next) ? next : words(next);
}

function served({ image, url }: Ending, { outcome, totalMs }: RunSummary): string {
  const revision = "revision" in outcome ? outcome.revision : outcome.serving;
  const serves = revision === null ? "not known; ask `status`" : `revision ${revision}`;
  const where = "slot" in outcome ? `${serves} in ${outcome.slot}` : serves;
  const rows: [string, string][] = [];
  if (url !== null) rows.push(["Address", `<${url}>`]);
  if (image !== null) rows.push(["Image", code(image)]);
  rows.push(["Took", seconds(totalMs)]);
  // As the head, because a table has to have one, and this is what matters.
  return table(["Serves", where], "|:--|:--|", rows);
}

function phases({ timeline }: RunSummary): string {
  const rows = timeline.map(({ activity, tookMs }) => [activity, seconds(tookMs)] as const);
  return table(["Phase", "Time"], "|:--|--:|", rows);
}

/** The logs of the release that failed; without a run the whole message; and what was returned. */
function closing({ summary, failure, text }: Ending): readonly string[] {
  if (failure !== null && summary !== null) {
    const logs = "logs" in summary.outcome ? summary.outcome.logs.trim() : "";
    return logs === "" ? [] : ["The last lines of the release that failed:", block(logs)];
  }
  return text.trim() === "" ? [] : [block(text)];
}
