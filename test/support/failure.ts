import { EvenkeelError } from "../../src/errors.js";

/** The error that some work ends with; that it ends well is the failure. */
export async function failureOf(work: Promise<unknown>): Promise<EvenkeelError> {
  const outcome = await work.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome && outcome.error instanceof EvenkeelError) return outcome.error;
  if ("error" in outcome) throw outcome.error;
  throw new Error(`it should have failed, and ended with ${JSON.stringify(outcome.result)}`);
}
