/** What a call ends with that was told to stop. */
import { LOCK_LEASE_MS } from "./core/lock.js";
import { type ErrorCode, EvenkeelError } from "./errors.js";

interface Stoppable {
  readonly signal?: AbortSignal;
}

/** What does not come about because the call was told to stop is told as that, and not as a broken connection. */
export async function stoppable<T>(options: Stoppable, work: () => Promise<T>): Promise<T> {
  refuseIfStopped(options);
  try {
    return await work();
  } catch (error) {
    // A run that the host has heard of has a report, and says itself how it was stopped.
    if (error instanceof EvenkeelError && error.report === null && CUT.has(error.code))
      refuseIfStopped(options);
    throw error;
  }
}

/** @throws EvenkeelError `stopped` when the call was told to stop. */
export function refuseIfStopped({ signal }: Stoppable): void {
  if (signal?.aborted !== true) return;
  throw new EvenkeelError("stopped", "Stopped before anything was changed.", { cause: signal.reason });
}

/** What a call that is told to stop before it changes anything ends with. */
const CUT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["lost", "ssh-unreachable", "registry-unreachable"]);

/** What is true of the host when a run was told to stop in the middle. */
export const STOPPED_AT_WORK = `Stopped while the host was at work. What served keeps serving, and a switch that was not confirmed is taken back by the host itself within seconds; the lock ends by itself within ${LOCK_LEASE_MS / 1000} s.`;
