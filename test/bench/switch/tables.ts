import { latencies } from "../../../ci/traffic/report.js";
import { type FaultFigures, WATCHED_MS } from "./faults.js";
import { type Counts, countsOf, durationsOf, type SwitchFigures } from "./measure.js";
import type { Ran } from "./run.js";

/** What is printed of one mechanism's switches. */
export interface SwitchRow {
  readonly mechanism: string;
  readonly switches: number;
  readonly requests: number;
  readonly failed: Counts["failed"];
  readonly reasons: Counts["reasons"];
  readonly cut: { readonly WebSocket: number; readonly download: number };
  readonly lastSent: Percentiles;
  readonly lastAnswered: Percentiles;
  readonly near: Percentiles;
  readonly otherwise: Percentiles;
}

interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export function switchRow(mechanism: string, ran: Ran, figures: readonly SwitchFigures[]): SwitchRow {
  const { near, far } = durationsOf(ran.switches, ran.samples);
  const { requests, failed, reasons } = countsOf(ran.samples);
  const cut = (kind: "WebSocket" | "download") => ran.cuts.filter((one) => one.kind === kind).length;
  return {
    ...{ mechanism, switches: ran.switches.length, requests, failed, reasons },
    cut: { WebSocket: cut("WebSocket"), download: cut("download") },
    lastSent: latencies(figures.map(({ lastSentMs }) => lastSentMs)),
    lastAnswered: latencies(figures.map(({ lastAnsweredMs }) => lastAnsweredMs)),
    near: latencies(near),
    otherwise: latencies(far),
  };
}

export function switchTable(rows: readonly SwitchRow[]): string {
  return table(
    [
      "mechanism",
      "switches",
      "requests",
      "failed GET / POST",
      "cut WebSockets / downloads",
      "last request that the previous release got, p50 / p99 ms after the command",
      "its last answer, p50 / p99 ms",
      "p99 of all answers near a switch / otherwise, ms",
      "added",
    ],
    rows.map((row) => [
      row.mechanism,
      whole(row.switches),
      whole(row.requests),
      `${whole(row.failed.GET)} / ${whole(row.failed.POST)}`,
      `${whole(row.cut.WebSocket)} / ${whole(row.cut.download)}`,
      `${tenth(row.lastSent.p50Ms)} / ${tenth(row.lastSent.p99Ms)}`,
      `${tenth(row.lastAnswered.p50Ms)} / ${tenth(row.lastAnswered.p99Ms)}`,
      `${tenth(row.near.p99Ms)} / ${tenth(row.otherwise.p99Ms)}`,
      tenth(row.near.p99Ms - row.otherwise.p99Ms),
    ]),
  );
}

export function faultTable(rows: readonly FaultFigures[]): string {
  const served = (ms: number | null) =>
    ms === null ? `not within ${WATCHED_MS / 1000} s` : `${whole(ms)} ms`;
  return table(
    [
      "mechanism",
      "release",
      "GET failed",
      "GET served again",
      "slowest GET",
      "POST failed",
      "POST served again",
    ],
    rows.map(({ mechanism, fault, GET, POST }) => [
      mechanism,
      fault,
      `${whole(GET.failed)} of ${whole(GET.requests)}`,
      served(GET.servedAgainMs),
      `${whole(GET.slowestMs)} ms`,
      `${whole(POST.failed)} of ${whole(POST.requests)}`,
      served(POST.servedAgainMs),
    ]),
  );
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function tenth(value: number): string {
  return value.toFixed(1);
}
