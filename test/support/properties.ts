import * as fc from "fast-check";
import { describeHistory, type History, histories, replay } from "./histories.js";
import type { Violation } from "./oracle.js";
import { scaled } from "./scale.js";

/**
 * Looks for a history in which an invariant does not hold. The shortest one found is thrown as a story:
 * what happened, step by step, and what was wrong in the end.
 */
export function holdsInEvery(
  invariant: Violation["invariant"],
  arbitrary: fc.Arbitrary<History>,
  numRuns: number,
): void {
  const found = fc.check(
    fc.property(arbitrary, (history) =>
      replay(history).violations.every((violation) => violation.invariant !== invariant),
    ),
    { numRuns: scaled(numRuns) },
  );
  const history = found.counterexample?.[0];
  if (history === undefined) return;
  throw new Error(tell(history, invariant, found.seed));
}

export const calm = histories(0);
export const troubled = histories(1);
export const twiceTroubled = histories(2);

function tell(history: History, invariant: number, seed: number): string {
  const { tale, violations } = replay(history);
  const wrong = violations
    .filter((violation) => violation.invariant === invariant)
    .map((violation) => `WRONG: ${violation.what}`);
  return [`EVENKEEL_SEED=${seed}`, describeHistory(history), "", "What happened:", ...tale, ...wrong].join(
    "\n",
  );
}
