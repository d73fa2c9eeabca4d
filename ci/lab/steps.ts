import { readFileSync } from "node:fs";
import { type Run, runInto } from "./command.js";

/** Prints what the lab is doing: each step by name, with its time, alive while it is long. */
export interface Steps {
  step<T>(name: string, work: (run: Run) => Promise<T>, advice?: string): Promise<T>;
  close(): void;
}

export interface StepsOptions {
  readonly logPathOf: (step: string) => string;
  readonly print: (text: string) => void;
  readonly terminal: boolean;
  readonly now?: () => number;
}

export class StepFailed extends Error {
  override readonly name = "StepFailed";
}

const plainIntervalMs = 15_000;

export function createSteps({ logPathOf, print, terminal, now = Date.now }: StepsOptions): Steps {
  const running = new Map<string, number>();
  const seconds = (name: string) => ((now() - (running.get(name) ?? now())) / 1000).toFixed(1);
  const clear = terminal ? "\r\u001b[K" : "";
  const inProgress = () =>
    [...running.keys()].map((name) => `${name} ${Math.floor(Number(seconds(name)))} s`);
  const tick = () => {
    if (running.size > 0) print(`${clear}… ${inProgress().join(" · ")}${terminal ? "" : "\n"}`);
  };
  const timer = setInterval(tick, terminal ? 250 : plainIntervalMs);
  timer.unref();

  return {
    close: () => {
      clearInterval(timer);
      print(clear);
    },
    async step(name, work, advice) {
      const logPath = logPathOf(name);
      const log = runInto(logPath);
      running.set(name, now());
      try {
        const result = await work(log.run);
        await log.close();
        print(`${clear}✓ ${name.padEnd(28)} ${seconds(name).padStart(6)} s\n`);
        return result;
      } catch (cause) {
        if (cause instanceof StepFailed) throw cause;
        const time = seconds(name);
        await log.close();
        print(`${clear}✗ ${name.padEnd(28)} ${time.padStart(6)} s\n`);
        throw new StepFailed(explain(name, cause, logPath, advice), { cause });
      } finally {
        running.delete(name);
      }
    },
  };
}

function explain(step: string, cause: unknown, logPath: string, advice: string | undefined): string {
  const why = cause instanceof Error ? cause.message : String(cause);
  const next = advice ?? "Nothing is lost: run the same command again, it goes on from here.";
  return [`The lab's step "${step}" failed: ${why}`, ...lastLines(logPath), `log: ${logPath}`, next].join(
    "\n",
  );
}

function lastLines(logPath: string): readonly string[] {
  try {
    const lines = readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-12);
    return ["last lines of its log:", ...lines.map((line) => `  | ${line}`)];
  } catch {
    return [];
  }
}
