import { latencies } from "../../../ci/traffic/report.js";
import type { FaultFigures } from "./faults.js";
import type { RollbackFigures } from "./rollbacks.js";
import { type SwitchRow, table } from "./tables.js";

/** What evenkeel is meant to reach, beside what it did. */
export function targetTable(
  row: SwitchRow,
  faults: readonly FaultFigures[],
  rollbacks: readonly RollbackFigures[],
): string {
  const failed = row.failed.GET + row.failed.POST;
  const cut = row.cut.WebSocket + row.cut.download;
  const kill = faults.find((one) => one.mechanism === row.mechanism && one.fault === "killed")?.GET;
  const fallbackMs = kill === undefined ? Infinity : Math.max(kill.servedAgainMs ?? Infinity, kill.slowestMs);
  const back = latencies(rollbacks.map(({ lastSentMs }) => lastSentMs));
  const lines: readonly (readonly [target: string, measured: string, met: boolean])[] = [
    [
      "no failed request in 1,000 switches",
      `${failed} in ${row.switches}`,
      failed === 0 && row.switches >= 1000,
    ],
    ["no long connection cut", `${cut}`, cut === 0],
    ["a switch takes at most 10 ms (p99)", `${row.lastSent.p99Ms.toFixed(1)} ms`, row.lastSent.p99Ms <= 10],
    [
      "after a kill, no GET fails or takes more than 100 ms",
      `${kill?.failed} failed, slowest ${fallbackMs.toFixed(0)} ms`,
      kill?.failed === 0 && fallbackMs <= 100,
    ],
    [
      "a hot rollback takes at most 300 ms",
      `median ${back.p50Ms.toFixed(0)} ms, most ${back.maxMs.toFixed(0)} ms, of ${rollbacks.length}`,
      back.p50Ms <= 300,
    ],
  ];
  return table(
    ["target for evenkeel", "measured", ""],
    lines.map(([target, measured, met]) => [target, measured, met ? "met" : "**missed**"]),
  );
}
