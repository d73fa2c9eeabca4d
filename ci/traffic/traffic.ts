import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { TrafficOptions } from "./generator.js";
import type { Interval, Sample, TrafficReport } from "./report.js";
import type { Answer, Request } from "./worker.js";

export type { TrafficOptions } from "./generator.js";
export { now } from "./generator.js";
export type { Interval, Sample, TrafficReport } from "./report.js";

export interface Traffic {
  /**
   * Ends the interval that is open (the first is called "start") and opens the next one. Resolves with the
   * ended one, once every request of it has been answered or has failed.
   */
  readonly mark: (label: string) => Promise<Interval>;
  /** Every request that has finished since the last call, in the order of their ends. */
  readonly samples: () => Promise<readonly Sample[]>;
  /** Sends no more and resolves with everything, once nothing is in flight; may be called again. */
  readonly stop: () => Promise<TrafficReport>;
}

/**
 * Constant traffic through a public address, sent by a process of its own, so that what the caller does
 * meanwhile delays no request. Every method rejects if that process died: then nothing was measured.
 */
export async function startTraffic(options: TrafficOptions): Promise<Traffic> {
  const child = fork(fileURLToPath(new URL("./worker.ts", import.meta.url)), {
    execArgv: ["--import", createRequire(import.meta.url).resolve("tsx")],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ask = conversation(child);
  await ask({ kind: "start", options }, "started");
  let stopped: Promise<TrafficReport> | undefined;
  const stop = async (): Promise<TrafficReport> => {
    const { report } = await ask({ kind: "stop" }, "stopped");
    child.disconnect();
    return report;
  };
  return {
    mark: async (label) => (await ask({ kind: "mark", label }, "marked")).closed,
    samples: async () => (await ask({ kind: "samples" }, "samples")).samples,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

type AnswerOf<K extends Answer["kind"]> = Extract<Answer, { kind: K }>;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

function conversation(child: ChildProcess) {
  const waiting: Waiting[] = [];
  let ended: Error | null = null;
  child.on("message", (answer: Answer) => waiting.shift()?.resolve(answer));
  child.on("exit", (code, signal) => {
    ended = new Error(`the traffic process ended (${signal ?? `exit code ${code}`}); its counts are lost`);
    for (const { reject } of waiting.splice(0)) reject(ended);
  });
  return async <K extends Answer["kind"]>(request: Request, kind: K): Promise<AnswerOf<K>> => {
    if (ended !== null) throw ended;
    const answer = await new Promise<Answer>((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.send(request);
    });
    if (answer.kind !== kind)
      throw new Error(`the traffic process answered ${answer.kind} to ${request.kind}`);
    return answer as AnswerOf<K>;
  };
}
