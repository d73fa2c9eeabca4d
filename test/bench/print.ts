import { availableParallelism, cpus, loadavg } from "node:os";

/** One line of a benchmark's table: the median of some times in milliseconds, and their spread. */
export function print(what: string, values: readonly number[]): void {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) =>
    `${Math.round(sorted[Math.round(part * (sorted.length - 1))] ?? 0)}`.padStart(6);
  console.log(`${what.padEnd(60)} median ${at(0.5)} ms   min ${at(0)}   max ${at(1)}`);
}

const [loadAtStart = 0] = loadavg();

/** When and where this was measured, and how busy the machine was with other things before. */
export function surroundings(): string {
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model})`;
  const at = new Date().toISOString().slice(0, 16).replace("T", " ");
  return `${at} UTC; ${cores}, Node ${process.version}; load average before ${loadAtStart.toFixed(1)}`;
}
