import type { Slot } from "../core/model.js";
import { html, type Markup } from "./html.js";
import type { HealthPoint, SlotPoint } from "./run-report.js";

const MOST_CELLS = 80;

interface Look extends SlotPoint {
  readonly during: HealthPoint["during"];
}

/** What each release answered to its health probes, as a strip of good and bad looks. */
export function probeStrips(health: readonly HealthPoint[]): Markup {
  const known = new Map<string, Look[]>();
  for (const { during, slots } of health)
    for (const slot of slots) {
      if (slot.probes === 0) continue;
      const key = `${slot.slot} ${slot.revision ?? ""}`;
      known.set(key, [...(known.get(key) ?? []), { ...slot, during }]);
    }
  if (known.size === 0) return html`<p class="soft">No health probe was made.</p>`;
  return html`${[...known.values()].map(strip)}`;
}

function strip(looks: readonly Look[]): Markup {
  const [first] = looks;
  if (first === undefined) return html``;
  const probes = total(looks, (look) => look.probes);
  const failed = total(looks, (look) => look.failedProbes);
  const slowest = Math.max(0, ...looks.map(({ slowestMs }) => slowestMs));
  const bad = looks.findLast(({ failedProbes }) => failedProbes > 0);
  return html`<div class="probes"><strong>${nameOf(first.slot, first.revision)}</strong> <span class="soft">${probes} ${
    probes === 1 ? "probe" : "probes"
  }, <span class="${failed === 0 ? "good" : "bad"}">${failed} failed</span>, slowest ${Math.round(slowest)} ms</span>
<div class="strip" role="img" aria-label="${probes} probes, ${failed} failed">${cells(looks)}</div>${
    bad === undefined
      ? null
      : html`<p class="soft">Last failure: ${bad.lastStatus === null ? "no answer" : `${bad.lastStatus}`}${bad.lastDetail === "" ? "" : ` (${bad.lastDetail})`}</p>`
  }</div>`;
}

function cells(looks: readonly Look[]): readonly Markup[] {
  const each = Math.max(1, Math.ceil(looks.length / MOST_CELLS));
  const result: Markup[] = [];
  for (let at = 0; at < looks.length; at += each) {
    const group = looks.slice(at, at + each);
    const before = looks[at - 1];
    // The switch lies between the gate and the bake.
    if (before !== undefined && before.during === "gate" && group[0]?.during === "bake")
      result.push(html`<b title="the switch"></b>`);
    const failed = total(group, (look) => look.failedProbes);
    const title = `${group[0]?.during ?? ""}: ${total(group, (look) => look.probes)} probes, ${failed} failed`;
    result.push(
      html`<i title="${title}"${failed === 0 ? null : html` class="${group[0]?.during === "gate" ? "wait" : "bad"}"`}></i>`,
    );
  }
  return result;
}

function total(looks: readonly Look[], of: (look: Look) => number): number {
  return looks.reduce((sum, look) => sum + of(look), 0);
}

function nameOf(slot: Slot, revision: number | null): string {
  return revision === null ? `Slot ${slot}` : `Revision ${revision} in ${slot}`;
}
