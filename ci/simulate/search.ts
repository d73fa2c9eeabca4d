import * as fc from "fast-check";
import { describeHistory, type History, histories, replay } from "../../test/support/histories.js";

/** A part of the search, which one process does on its own; it is the same whenever it is done. */
export interface Part {
  readonly seed: number;
  readonly histories: number;
}

/** A history in which an invariant does not hold, as short as it could be made. */
export interface Found {
  readonly seed: number;
  readonly told: string;
}

/** Calm ones, and those with a fault or two in every run. */
const all: fc.Arbitrary<History> = fc.oneof(
  { weight: 1, arbitrary: histories(0) },
  { weight: 3, arbitrary: histories(1) },
  { weight: 3, arbitrary: histories(2) },
);

/** Looks through a part for a history in which any of the invariants does not hold. */
export function search({ seed, histories }: Part): Found | null {
  const result = fc.check(
    fc.property(all, (history) => replay(history).violations.length === 0),
    { seed, numRuns: histories },
  );
  const history = result.counterexample?.[0];
  if (history === undefined) {
    // Neither a counterexample nor a success: the simulation itself threw.
    if (result.failed) throw result.errorInstance ?? new Error(`the search with seed ${seed} failed`);
    return null;
  }
  const { tale, violations } = replay(history);
  const wrong = violations.map(({ invariant, what }) => `WRONG, invariant ${invariant}: ${what}`);
  return { seed, told: [describeHistory(history), "", "What happened:", ...tale, ...wrong].join("\n") };
}
