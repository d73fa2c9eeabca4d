import type { Sample } from "../../../ci/traffic/traffic.js";
import type { Cut } from "./long-connections.js";
import type { Slot } from "./mechanism.js";

/** A command that gave all traffic to the other release; times as in samples. */
export interface Switch {
  readonly at: number;
  readonly to: Slot;
  readonly commandMs: number;
  /** Long connections that were open then. */
  readonly held: number;
}

export interface Counts {
  readonly requests: number;
  readonly failed: { readonly GET: number; readonly POST: number };
  readonly reasons: Readonly<Record<string, number>>;
}

/** What ended between a switch's command and the next one. */
export interface SwitchFigures extends Counts, Switch {
  /** From the command until the last request was sent that the previous release answered; 0 when none was. */
  readonly lastSentMs: number;
  /** From the command until the previous release's last answer to a short request was complete. */
  readonly lastAnsweredMs: number;
  readonly cut: { readonly WebSocket: number; readonly download: number };
}

/** Around a switch: this long before and after its command. */
export const NEAR_MS = 250;

export function figuresOf(
  switches: readonly Switch[],
  samples: readonly Sample[],
  cuts: readonly Cut[],
): readonly SwitchFigures[] {
  const samplesOf = dealt(switches, samples, endOf);
  const cutsOf = dealt(switches, cuts, ({ at }) => at);
  return switches.map((one, index) => {
    const own = samplesOf[index] ?? [];
    const previous = own.filter(({ failure, answeredBy }) => failure === null && answeredBy !== one.to);
    const cut = cutsOf[index] ?? [];
    const latest = (times: readonly number[]) =>
      times.reduce((most, time) => Math.max(most, time - one.at), 0);
    return {
      ...one,
      ...countsOf(own),
      lastSentMs: latest(previous.map(({ dueAt, lagMs }) => dueAt + lagMs)),
      lastAnsweredMs: latest(previous.map(endOf)),
      cut: {
        WebSocket: cut.filter(({ kind }) => kind === "WebSocket").length,
        download: cut.filter(({ kind }) => kind === "download").length,
      },
    };
  });
}

export function countsOf(samples: readonly Sample[]): Counts {
  const failed = { GET: 0, POST: 0 };
  const reasons: Record<string, number> = {};
  for (const { kind, failure } of samples) {
    if (failure === null) continue;
    const method = kind === "read" ? "GET" : "POST";
    failed[method] += 1;
    reasons[`${method} ${failure}`] = (reasons[`${method} ${failure}`] ?? 0) + 1;
  }
  return { requests: samples.length, failed, reasons };
}

/** How long answers took that were due near a switch, and all others. */
export function durationsOf(switches: readonly Switch[], samples: readonly Sample[]) {
  const near: number[] = [];
  const far: number[] = [];
  // Dealt by half-way points, so that a sample is compared with the switch that is nearest.
  const around = switches.map(({ at }) => ({ at: at - NEAR_MS }));
  const dealtTo = dealt(around, samples, ({ dueAt }) => dueAt);
  const within = new Set(
    around.flatMap(({ at }, index) =>
      (dealtTo[index] ?? []).filter(({ dueAt }) => dueAt <= at + 2 * NEAR_MS),
    ),
  );
  for (const sample of samples) {
    if (sample.failure === null) (within.has(sample) ? near : far).push(sample.durationMs);
  }
  return { near, far };
}

export function endOf({ dueAt, durationMs }: Sample): number {
  return dueAt + durationMs;
}

/** Deals things out to the latest of `turns` (in order of time) that is not after them; earlier ones to none. */
function dealt<T>(
  turns: readonly { readonly at: number }[],
  things: readonly T[],
  time: (thing: T) => number,
) {
  const piles: T[][] = turns.map(() => []);
  const sorted = [...things].sort((a, b) => time(a) - time(b));
  let turn = -1;
  for (const thing of sorted) {
    while (turn + 1 < turns.length && (turns[turn + 1]?.at ?? 0) <= time(thing)) turn += 1;
    piles[turn]?.push(thing);
  }
  return piles;
}
