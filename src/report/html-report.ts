import { servedAfter } from "../effects/reporters/descriptions.js";
import { seconds } from "../effects/reporters/lines-reporter.js";
import { printable } from "../errors.js";
import type { Changes } from "./changes.js";
import { html, type Markup, markup } from "./html.js";
import { STYLE } from "./html-style.js";
import { probeStrips } from "./probe-strips.js";
import type { RunReport } from "./run-report.js";
import { trafficChart } from "./traffic-chart.js";

/**
 * One page for people, complete in itself: it loads nothing, runs no script and needs none, and what came from
 * the host or the app is text in it and nothing else.
 */
export function htmlReport(report: RunReport): string {
  const title = `${report.start.app} to ${report.start.environment}: ${report.outcome.phase}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${markup(STYLE)}</style>
</head>
<body><main>
${heading(report)}
${timeline(report)}
${traffic(report)}
<section><h2>Health probes</h2><p class="soft">Each cell is a look; the bar between them is the switch.</p>${probeStrips(report.health)}</section>
${report.changes === null ? null : changed(report.changes)}
${notes(report)}
${logs(report)}
<footer>evenkeel · ${report.start.does} ended ${clock(report.endedAt)}</footer>
</main></body></html>
`;
  return page.html;
}

function heading(report: RunReport): Markup {
  const { start, outcome, failure, changes } = report;
  const good = failure === null;
  const kind = good ? "good" : outcome.phase === "lost" || outcome.phase === "halted" ? "warn" : "bad";
  const revision = servedAfter(outcome);
  const image = start.image ?? changes?.to.image ?? null;
  const commit = start.commit ?? changes?.to.commit ?? null;
  const fact = (name: string, value: Markup | string | null) =>
    value === null ? null : html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return html`<header><span class="badge ${kind}">${good ? "✓" : "✗"} ${outcome.phase}</span>
<h1>${start.app} <span class="soft">to</span> ${start.environment}</h1>
<p>${report.text}</p>
${
  failure === null
    ? null
    : html`<div class="callout"><p><strong>Why:</strong> ${prose(failure.why)}</p><p><strong>Next:</strong> ${prose(failure.next)}</p><p class="soft">Code: <code>${failure.code}</code></p></div>`
}
<dl>${fact("Serves now", revision === null ? "not known" : `revision ${revision}`)}${fact("Took", seconds(report.totalMs))}${fact("Host", start.host)}${fact("Address", start.url)}${fact("Commit", commit === null ? null : html`<code title="${commit}">${commit.slice(0, 12)}</code>`)}${fact("Image", image === null ? null : html`<code title="${image}">${image.replace(/(@sha256:.{12}).+/, "$1…")}</code>`)}${fact("Begun", clock(start.startedAt))}${fact("By", start.holder)}${fact("Reason", start.reason)}</dl></header>`;
}

function timeline({ timeline: parts, totalMs, failure }: RunReport): Markup {
  const shown = parts.filter(({ tookMs }) => tookMs >= 1);
  const whole = Math.max(1, totalMs);
  let before = 0;
  const rows = shown.map(({ activity, tookMs }, index) => {
    const left = ((100 * before) / whole).toFixed(2);
    const width = ((100 * tookMs) / whole).toFixed(2);
    before += tookMs;
    const bad = failure !== null && index === shown.length - 1;
    return html`<li><span>${activity}</span><span class="track"><i${bad ? html` class="bad"` : null} style="margin-left:${left}%;width:${width}%"></i></span><span class="time">${seconds(tookMs)}</span></li>`;
  });
  return html`<section><h2>Phases</h2><ol class="rows">${rows}</ol></section>`;
}

function traffic({ health, phases }: RunReport): Markup {
  const switched = phases.find(({ phase }) => phase === "switched")?.atMs ?? null;
  return html`<section><h2>Requests through the switch</h2>${trafficChart(health, switched)}</section>`;
}

function changed({ from, to, configuration, secrets }: Changes): Markup {
  const named = [
    ...secrets.added.map((name) => html`<li><ins>+ ${name}</ins></li>`),
    ...secrets.removed.map((name) => html`<li><del>− ${name}</del></li>`),
  ];
  const rows = configuration.map(
    ({ key, before, after }) =>
      html`<tr><td><code>${key}</code></td><td>${before === null ? html`<span class="soft">not set</span>` : html`<del><code>${before}</code></del>`}</td><td>${after === null ? html`<span class="soft">not set</span>` : html`<ins><code>${after}</code></ins>`}</td></tr>`,
  );
  return html`<section><h2>What changed</h2>
<div class="scroll"><table class="changes"><tr><th></th><th>Before</th><th>After</th></tr>
<tr><td>Revision</td><td>${from?.revision ?? "none"}</td><td>${to.revision ?? "none"}</td></tr>
<tr><td>Image</td><td><code>${digestOf(from?.image ?? null)}</code></td><td><code>${digestOf(to.image)}</code></td></tr>
<tr><td>Commit</td><td><code>${from?.commit?.slice(0, 12) ?? "unknown"}</code></td><td><code>${to.commit?.slice(0, 12) ?? "unknown"}</code></td></tr>
${rows}</table></div>
${commitRange(from?.commit ?? null, to.commit)}
${from !== null && rows.length === 0 ? html`<p class="soft">The configuration is the same.</p>` : null}
${named.length === 0 ? null : html`<p class="soft">Secrets by name:</p><ul class="plain">${named}</ul>`}
${secrets.valuesChanged === null ? null : html`<p class="soft">${secrets.valuesChanged ? "Values of secrets changed; they are not shown." : "The secrets are the same."}</p>`}
</section>`;
}

/** The catalogue's own words, in which what is to be typed stands between backticks. */
function prose(text: string): Markup {
  const parts = text.split("`");
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))}`;
}

/** `2026-11-23 15:44:23 UTC` */
function clock(iso: string): string {
  return iso.replace(/^(.{10})T(.{8}).*$/, "$1 $2 UTC");
}

function commitRange(from: string | null, to: string | null): Markup | null {
  return from === null || to === null || from === to
    ? null
    : html`<p class="soft">Commits: <code>git log ${from.slice(0, 12)}..${to.slice(0, 12)}</code></p>`;
}

/** The digest, which is what tells two images apart, without the rest of its 64 letters. */
function digestOf(image: string | null): string {
  return image === null ? "none" : (/@(sha256:.{12})/.exec(image)?.[1] ?? image);
}

function notes({ notes: all }: RunReport): Markup | null {
  if (all.length === 0) return null;
  const line = ({ atMs, level, text }: RunReport["notes"][number]) =>
    html`<li${level === "warning" ? html` class="warn"` : null}><span class="soft">${seconds(atMs)}</span> ${text}</li>`;
  return html`<section><h2>Notes</h2><ul class="plain">${all.map(line)}</ul></section>`;
}

function logs({ outcome }: RunReport): Markup | null {
  const text = "logs" in outcome ? printable(outcome.logs).trimEnd() : "";
  return text === ""
    ? null
    : html`<section><h2>Logs of the release that failed</h2><pre tabindex="0">${text}</pre></section>`;
}
