import type { ReportStream } from "../src/index.js";

/** What a command has to do with the process that it runs in. */
export interface Terminal {
  /** The result, and nothing else. */
  out(text: string): void;
  /** What went wrong. */
  err(text: string): void;
  /** How it goes. */
  readonly progress: ReportStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends when somebody asks the process to end. */
  readonly stop: AbortSignal;
  /** Ends when nobody reads the result any more, as when `head` has seen enough. */
  readonly unread: AbortSignal;
  /** By which signal it was asked; null as long as it was not. */
  stoppedBy(): StopSignal | null;
  /** What a person is told at the first of these signals. */
  whenStopped(notice: string): void;
}

export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** As a shell tells that a process was ended by a signal. */
export const STOP_CODES: Readonly<Record<StopSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** The process's own: the first signal stops the command, the second one ends the process at once. */
export function ownTerminal(): Terminal {
  const controller = new AbortController();
  let by: StopSignal | null = null;
  let notice = "";
  const write = (stream: NodeJS.WriteStream) => (text: string) => void stream.write(`${text}\n`);
  const err = write(process.stderr);
  // Whoever read the output may have gone, as `head` does; that is no reason to leave a host half-way.
  const unread = new AbortController();
  process.stdout.on("error", (error) => unread.abort(error));
  process.stderr.on("error", () => {});
  for (const signal of Object.keys(STOP_CODES) as StopSignal[])
    process.on(signal, () => {
      if (by !== null) process.exit(STOP_CODES[signal]);
      by = signal;
      if (notice !== "") err(`\n${notice}`);
      controller.abort(new Error(signal));
    });
  return {
    out: write(process.stdout),
    err,
    progress: process.stderr,
    env: process.env,
    stop: controller.signal,
    unread: unread.signal,
    stoppedBy: () => by,
    whenStopped: (text) => {
      notice = text;
    },
  };
}
