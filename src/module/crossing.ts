import { EvenkeelError } from "../errors.js";
import { execFailureOf } from "../pipeline/engine-error.js";

/**
 * Lets an error cross to `dagger call`: only the message crosses, and an exit code other than 1 only with
 * the engine's own exec failure. So where a command failed, that failure goes on, with our message instead
 * of its own, and without the output, whose end the message already has.
 */
export async function crossing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const failure = error instanceof EvenkeelError ? execFailureOf(error.cause) : null;
    if (failure === null) throw error;
    failure.message = (error as EvenkeelError).message;
    if (failure.extensions !== undefined) Object.assign(failure.extensions, { stdout: "", stderr: "" });
    throw failure;
  }
}
