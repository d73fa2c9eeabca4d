import { html, type Markup } from "./html.js";
import type { HealthPoint, SlotPoint } from "./run-report.js";

interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly live: number;
  readonly standby: number;
  readonly failures: number;
}

/** More bars than this are thinner than a phone can show. */
const MOST_BARS = 60;

/** Requests and failures after the switch as bars over time, with the numbers as a table below. */
export function trafficChart(health: readonly HealthPoint[], from: number | null): Markup {
  const looks = health.filter(({ during }) => during === "bake");
  const bars = barsOf(looks);
  const highest = Math.max(0, ...bars.map(({ live, standby }) => live + standby));
  if (highest === 0)
    return html`<p class="soft">${
      looks.length === 0
        ? "The release was never watched under traffic."
        : "No requests came while the release was watched."
    }</p>`;
  const [first, last] = [bars[0], bars.at(-1)];
  const revisions = looks[0]?.slots.map(({ revision }) => revision) ?? [];
  const name = (revision: number | null | undefined) =>
    revision === null || revision === undefined ? "the release" : `revision ${revision}`;
  return html`<p class="soft">At most ${highest} requests between two looks${
    from === null ? "" : `; the switch was ${seconds(from)} into the run`
  }.</p>
<div class="chart" role="img" aria-label="Requests and failures over time; the numbers are in the table below">${bars.map((bar) => column(bar, highest))}</div>
<div class="axis"><span>${seconds(first?.fromMs ?? 0)}</span><span>${seconds(last?.toMs ?? 0)}</span></div>
<ul class="key"><li><i class="one"></i>${name(revisions[0])}, live</li>${
    revisions.length > 1 ? html`<li><i class="two"></i>${name(revisions[1])}, standing by</li>` : null
  }<li><i class="fail"></i>failed</li></ul>
<details><summary>The numbers</summary><div class="scroll"><table><tr><th>Time</th><th class="number">Live</th><th class="number">Standing by</th><th class="number">Failed</th></tr>${bars.map(
    (bar) =>
      html`<tr><td>${seconds(bar.fromMs)} to ${seconds(bar.toMs)}</td><td class="number">${bar.live}</td><td class="number">${bar.standby}</td><td class="number">${bar.failures}</td></tr>`,
  )}</table></div></details>`;
}

function column(bar: Bar, highest: number): Markup {
  const part = (kind: string, count: number) =>
    count === 0 ? null : html`<i class="${kind}" style="height:${percent(count, highest)}%"></i>`;
  const failed = Math.min(bar.failures, bar.live + bar.standby);
  const title = `${seconds(bar.fromMs)} to ${seconds(bar.toMs)}: ${bar.live + bar.standby} requests, ${bar.failures} failed`;
  const live = Math.max(0, bar.live - failed);
  return html`<span title="${title}">${part("fail", failed)}${part("two", bar.standby)}${part("one", live)}</span>`;
}

function barsOf(looks: readonly HealthPoint[]): readonly Bar[] {
  const each = Math.max(1, Math.ceil(looks.length / MOST_BARS));
  const bars: Bar[] = [];
  for (let at = 0; at < looks.length; at += each) {
    const group = looks.slice(at, at + each);
    const sum = (index: number, of: (slot: SlotPoint) => number) =>
      group.reduce((total, { slots }) => total + (slots[index] === undefined ? 0 : of(slots[index])), 0);
    bars.push({
      fromMs: looks[at - 1]?.atMs ?? group[0]?.atMs ?? 0,
      toMs: group.at(-1)?.atMs ?? 0,
      live: sum(0, ({ requests }) => requests ?? 0),
      standby: sum(1, ({ requests }) => requests ?? 0),
      failures: sum(0, ({ failures }) => failures) + sum(1, ({ failures }) => failures),
    });
  }
  return bars;
}

function percent(part: number, whole: number): string {
  return ((100 * part) / whole).toFixed(2);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
