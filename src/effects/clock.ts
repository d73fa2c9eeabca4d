/** Time as an effect: never the wall clock, which may be wrong by an hour or jump. */
export interface Clock {
  /** Milliseconds from an arbitrary start, never going backwards. */
  nowMs(): number;
  /** Resolves after `ms`, or at once when the signal is given. Never rejects: who waits looks at the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done);
    }),
};
