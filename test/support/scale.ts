/** How many values or histories a property looks at, from how many it is meant for; a night's run raises it. */
const SCALE = Number(process.env.EVENKEEL_HISTORIES ?? 1);

export function scaled(numRuns: number): number {
  return Math.ceil(numRuns * SCALE);
}
