import type { Spelling } from "../commands/vocabulary.js";
import type { Answers, Reply, Step, StepKind, StepOf } from "../core/model.js";
import { describe, EvenkeelError } from "../errors.js";
import { type Clock, systemClock } from "./clock.js";
import type { HostKeyPolicy } from "./host-key.js";
import { type Dialect, openShell, type RemoteShell } from "./remote-shell.js";
import { connectSsh, SSH_TIMING, type SshCredential, type SshTarget, type SshTiming } from "./ssh.js";
import { limitWithin } from "./step-limits.js";
import { visit } from "./visit.js";

/** A host that can be asked to do steps. */
export interface Host {
  ask<K extends StepKind>(step: StepOf<K>): Promise<Reply<K>>;
  /** Ends the connection. What the host is doing it goes on doing. */
  close(): void;
}

export interface HostAccess {
  readonly target: SshTarget;
  readonly credential: SshCredential;
  readonly hostKeys: HostKeyPolicy;
  readonly dialect: Dialect;
}

/** How a step is said to a host; `spell` of the commands with its vocabulary. */
export type Speak = <K extends StepKind>(step: StepOf<K>) => Spelling<K>;

export interface HostOptions {
  readonly clock?: Clock;
  readonly ssh?: SshTiming;
  /** How long a Docker daemon that is started anew in the middle of a run is waited for. Default 30 s. */
  readonly dockerReturnsMs?: number;
  /** How long a broken connection is tried again; shorter than the guardian's lease of 15 s. Default 10 s. */
  readonly reconnectMs?: number;
  /** The whole run's deadline, from the opening on: no step but those that make things safe outlasts it. */
  readonly deadlineMs?: number;
  /** Ends every wait and closes; each further step is answered as lost. */
  readonly signal?: AbortSignal;
}

/**
 * Connects and starts the remote shell.
 *
 * @throws EvenkeelError as `connectSsh` and `openShell` do. Once open, a broken connection is an answer.
 */
export async function openHost(access: HostAccess, speak: Speak, options: HostOptions = {}): Promise<Host> {
  const line = await openLine(access, options);
  const clock = options.clock ?? systemClock;
  const endsMs = clock.nowMs() + (options.deadlineMs ?? Number.POSITIVE_INFINITY);

  const say = async <K extends StepKind>(step: StepOf<K>): Promise<Reply<K> | EvenkeelError> => {
    // Nothing was sent yet, so a connection that broke while idle is no loss if it can be had again.
    const shell = await line.ready();
    if (shell instanceof EvenkeelError) return lost(shell.detail, false);
    const { script, parse } = speak(step);
    const result = await shell.run(script, {
      timeoutMs: limitWithin(step as Step, endsMs - clock.nowMs()),
      outputBytes: OUTPUT_BYTES,
    });
    if (result.kind === "done") {
      const answer = unlessDockerIsAway(() => parse(result));
      if (answer instanceof EvenkeelError) return answer;
      const nowMs = clock.nowMs();
      return answer === "fenced" ? { kind: "fenced", nowMs } : { kind: "answer", nowMs, answer };
    }
    line.drop();
    const again = await line.ready();
    return again instanceof EvenkeelError
      ? lost(`${result.message}; ${again.detail}`, false)
      : lost(result.message, true);
  };

  let begun = false;
  const askRemote = async <K extends StepKind>(step: StepOf<K>): Promise<Reply<K>> => {
    const said = await say(step);
    if (!(said instanceof EvenkeelError)) {
      begun = true;
      return said;
    }
    // At the start there is nothing to come back to, and most often Docker is not to be had at all.
    if (!begun) throw said;
    return lost(said.detail, await dockerReturns());
  };

  /** As for a connection: the daemon, or the whole host, is being started anew. */
  const dockerReturns = async (): Promise<boolean> => {
    const untilMs = clock.nowMs() + (options.dockerReturnsMs ?? 30_000);
    while (clock.nowMs() < untilMs && options.signal?.aborted !== true) {
      await clock.sleep(500, options.signal);
      const seen = await say({ kind: "observe" });
      if (seen instanceof EvenkeelError) continue;
      if (seen.kind === "answer") return true;
      if (seen.kind === "lost" && !seen.reconnected) return false;
    }
    return false;
  };

  const lost = (message: string, reconnected: boolean) =>
    ({ kind: "lost", nowMs: clock.nowMs(), reconnected, message }) as const;

  let queue: Promise<unknown> = Promise.resolve();
  return {
    ask: async <K extends StepKind>(step: StepOf<K>): Promise<Reply<K>> => {
      const stopped = () => options.signal?.aborted === true;
      if (stopped()) return lost(STOPPED, false);
      const local = await askLocally(step as Step, clock, options.signal);
      if (local !== null && stopped()) return lost(STOPPED, false);
      if (local !== null) return { kind: "answer", nowMs: clock.nowMs(), answer: local as Answers[K] };
      const mine = queue.then(() => askRemote(step));
      queue = mine.catch(() => {});
      return mine;
    },
    close: line.close,
  };
}

function unlessDockerIsAway<T>(parse: () => T): T | EvenkeelError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof EvenkeelError && error.code === "docker-unavailable") return error;
    throw error;
  }
}

const OUTPUT_BYTES = 8 * 1024 * 1024;
const STOPPED = "the run was told to stop";

/** What is asked of no host: time, and the public address as seen from here. */
async function askLocally(
  step: Step,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<Answers["wait"] | Answers["visit"] | null> {
  if (step.kind === "visit") return visit(step.url, { signal });
  if (step.kind !== "wait") return null;
  await clock.sleep(step.ms, signal);
  return { verdict: "done" };
}

/** The connection with its shell, renewed when it broke. */
async function openLine(access: HostAccess, options: HostOptions) {
  const { target, credential, hostKeys, dialect } = access;
  const clock = options.clock ?? systemClock;
  const timing = options.ssh ?? SSH_TIMING;
  const reconnectMs = options.reconnectMs ?? 10_000;
  const signal = options.signal;

  const dial = async (withinMs: number) => {
    const connectMs = Math.min(timing.connectMs, withinMs);
    const connection = await connectSsh(target, credential, hostKeys, { ...timing, connectMs }, signal);
    const stop = () => connection.destroy(STOPPED);
    signal?.addEventListener("abort", stop, { once: true });
    const shell = await openShell(connection, connectMs, dialect).finally(() =>
      signal?.removeEventListener("abort", stop),
    );
    const open: Open = { shell, broken: false, destroy: connection.destroy };
    void connection.closed.then(() => {
      open.broken = true;
    });
    return open;
  };

  let current = await dial(timing.connectMs);
  let closed = false;
  const close = () => {
    closed = true;
    signal?.removeEventListener("abort", close);
    current.destroy(STOPPED);
  };
  // Known to be over before its socket says so.
  const drop = () => {
    current.broken = true;
  };
  signal?.addEventListener("abort", close, { once: true });

  const ready = async (): Promise<RemoteShell | EvenkeelError> => {
    if (closed) return new EvenkeelError("lost", STOPPED);
    if (!current.broken) return current.shell;
    const untilMs = clock.nowMs() + reconnectMs;
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 1000)) {
      const leftMs = untilMs - clock.nowMs();
      const next = await dial(Math.max(leftMs, 1)).catch(toError);
      if (!(next instanceof EvenkeelError)) {
        current = next;
        if (closed) close();
        else return current.shell;
      } else if (closed || isFinal(next) || untilMs - clock.nowMs() <= pauseMs) {
        return next;
      }
      if (closed) return new EvenkeelError("lost", STOPPED);
      await clock.sleep(pauseMs, signal);
    }
  };
  return { ready, drop, close };
}

interface Open {
  readonly shell: RemoteShell;
  broken: boolean;
  readonly destroy: (reason: string) => void;
}

// Another host key is never tried again: whoever stands in between must not get a second chance.
function isFinal(error: EvenkeelError): boolean {
  return error.code.startsWith("host-key-");
}

function toError(error: unknown): EvenkeelError {
  return error instanceof EvenkeelError ? error : new EvenkeelError("bug", describe(error), { cause: error });
}
