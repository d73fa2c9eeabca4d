/** One line of a benchmark's table: the median of some times in milliseconds, and their spread. */
export function print(what: string, values: readonly number[]): void {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) =>
    `${Math.round(sorted[Math.round(part * (sorted.length - 1))] ?? 0)}`.padStart(6);
  console.log(`${what.padEnd(60)} median ${at(0.5)} ms   min ${at(0)}   max ${at(1)}`);
}
