import type { Survivor } from "./judge.js";

/** Mutants that no test notices, each with the reason why none should. `npm run mutate` holds this list to the truth. */
export const survivors: readonly Survivor[] = [];
