import { type Reporter, tellAll } from "./reporter.js";
import type { RunEvent } from "./reporters/event-schema.js";
import { createEventReporter } from "./reporters/json-reporter.js";

/**
 * A run that is under way: a promise of its end, and an iterable of what happens in it. Whoever iterates is
 * told everything from the start, whenever the iteration begins, and its end is the run's: after a failure it
 * throws the same error as the promise. Leaving the loop early does not end the run; its `signal` does.
 */
export interface Run<T> extends Promise<T>, AsyncIterable<RunEvent> {}

/** Begins work that tells a reporter how it goes. */
export function runWith<T>(work: (reporter: Reporter) => Promise<T>): Run<T> {
  const events: RunEvent[] = [];
  let wake = () => {};
  let more = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const changed = () => {
    const woken = wake;
    more = new Promise((resolve) => {
      wake = resolve;
    });
    woken();
  };
  const tell = (event: RunEvent) => {
    events.push(event);
    changed();
  };

  let over = false;
  const result = work(createEventReporter(tell)).finally(() => {
    over = true;
    changed();
  });

  return Object.assign(result, {
    async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void, void> {
      // The failure is this loop's to throw; a promise that nobody else looks at must not end the process first.
      result.catch(() => {});
      for (let told = 0; ; told++) {
        while (told >= events.length && !over) await more;
        const event = events[told];
        if (event === undefined) break;
        yield event;
      }
      await result;
    },
  });
}

/** The options of a run, whose own reporter hears what the events hear. */
export function heardBy<T extends { readonly reporter?: Reporter }>(options: T, events: Reporter): T {
  const { reporter } = options;
  return { ...options, reporter: reporter === undefined ? events : tellAll([reporter, events]) };
}
