import { servedAfter } from "../effects/reporters/descriptions.js";
import { seconds } from "../effects/reporters/lines-reporter.js";
import { codeBlock, inlineCode, plainWords, table } from "./markdown.js";
import type { HealthPoint, RunReport } from "./run-report.js";

/** For a step summary, a comment or a chat: how it ended, the phases, what changed, and what a failed release wrote. */
export function markdownReport(report: RunReport): string {
  const { start, outcome, failure } = report;
  const parts = [
    `### ${failure === null ? "✅" : "❌"} ${plainWords(start.app)} to ${plainWords(start.environment)}: ${outcome.phase}`,
    plainWords(report.text),
    ...(failure === null
      ? []
      : [`**Why:** ${failure.why}`, `**Next:** ${failure.next}`, `Code: ${inlineCode(failure.code)}`]),
    facts(report),
    table(
      ["Phase", "Time"],
      report.timeline
        .filter(({ tookMs }) => tookMs >= 1)
        .map(({ activity, tookMs }) => [activity, seconds(tookMs)]),
    ),
    ...watched(report.health),
    ...changed(report),
    ...warnings(report),
    ...logs(report),
  ];
  return `${parts.join("\n\n")}\n`;
}

function facts({ start, outcome, changes, totalMs }: RunReport): string {
  const revision = servedAfter(outcome);
  const image = start.image ?? changes?.to.image ?? null;
  const commit = start.commit ?? changes?.to.commit ?? null;
  const rows: (readonly [string, string])[] = [
    ["Serves now", revision === null ? "not known" : `revision ${revision}`],
    ["Took", seconds(totalMs)],
    ["Host", plainWords(start.host)],
  ];
  if (start.url !== null) rows.push(["Address", plainWords(start.url)]);
  if (image !== null) rows.push(["Image", inlineCode(image)]);
  if (commit !== null) rows.push(["Commit", inlineCode(commit)]);
  return table(["", ""], rows);
}

function watched(health: readonly HealthPoint[]): readonly string[] {
  const looks = health.filter(({ during }) => during === "bake");
  const [first] = looks;
  if (first === undefined) return [];
  const rows = first.slots.map((slot, index) => {
    const all = looks.flatMap(({ slots }) => slots[index] ?? []);
    const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0);
    return [
      slot.revision === null ? slot.slot : `revision ${slot.revision}${index === 0 ? "" : ", standing by"}`,
      String(sum(({ requests }) => requests ?? 0)),
      String(sum(({ failures }) => failures)),
      String(sum(({ slow }) => slow)),
      `${sum(({ failedProbes }) => failedProbes)} of ${sum(({ probes }) => probes)}`,
    ];
  });
  return [table(["After the switch", "Requests", "Failed", "Slow", "Failed probes"], rows)];
}

function changed({ changes }: RunReport): readonly string[] {
  if (changes === null || changes.from === null) return [];
  const { from, to, configuration, secrets } = changes;
  const value = (text: string | null) => (text === null ? "not set" : inlineCode(text));
  const range = from.commit !== null && to.commit !== null && from.commit !== to.commit;
  const rows = configuration.map(({ key, before, after }) => [inlineCode(key), value(before), value(after)]);
  const names = [...secrets.added.map((name) => `+${name}`), ...secrets.removed.map((name) => `-${name}`)];
  return [
    ...(range ? [`Commits: ${inlineCode(`${from.commit?.slice(0, 12)}..${to.commit?.slice(0, 12)}`)}`] : []),
    ...(rows.length === 0 ? [] : [table(["Configuration", "Before", "After"], rows)]),
    ...(names.length === 0 ? [] : [`Secrets: ${names.map(inlineCode).join(", ")}`]),
    ...(secrets.valuesChanged === true ? ["Values of secrets changed."] : []),
  ];
}

function warnings({ notes }: RunReport): readonly string[] {
  const lines = notes.filter(({ level }) => level === "warning").map(({ text }) => `- ⚠️ ${plainWords(text)}`);
  return lines.length === 0 ? [] : [lines.join("\n")];
}

function logs({ outcome }: RunReport): readonly string[] {
  const text = "logs" in outcome ? outcome.logs.trim() : "";
  return text === "" ? [] : ["The last lines of the release that failed:", codeBlock(text)];
}
