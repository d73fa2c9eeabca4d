import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Phase } from "../../../src/index.js";

/** What a runner is sent. */
export interface Errand {
  readonly does: "deploy" | "rollback";
  readonly configText: string;
  readonly image: string;
  readonly sshKey: string;
  readonly holder: string;
  readonly dies: Death | null;
}

/** When a runner kills itself, as `kill -KILL` would: so many steps were done, and so long thereafter. */
export interface Death {
  readonly afterSteps: number;
  readonly thenMs: number;
}

/** What it tells. */
export type Told =
  | { readonly kind: "phase"; readonly phase: Phase["phase"] }
  | { readonly kind: "step"; readonly step: string }
  | { readonly kind: "ended"; readonly code: string | null; readonly text: string };

/** A deploy or rollback in a process of its own. */
export interface Runner {
  /** Resolves when the deploy gets there; rejects when it ends before. */
  reached(phase: Phase["phase"]): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  /** How it ended: the error's code, or null after a success. Rejects when it was killed. */
  readonly ended: Promise<{ readonly code: string | null; readonly text: string }>;
  /** The steps that it has done, once its process is over. */
  readonly steps: Promise<readonly string[]>;
}

export function startRunner(errand: Errand): Runner {
  const child = fork(fileURLToPath(new URL("./runner-process.ts", import.meta.url)), {
    execArgv: ["--import", createRequire(import.meta.url).resolve("tsx")],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const seen = new Set<Phase["phase"]>();
  const done: string[] = [];
  const waiting: (() => void)[] = [];
  let over: string | null = null;
  const ended = new Promise<Extract<Told, { kind: "ended" }>>((resolve, reject) => {
    child.on("message", (told: Told) => {
      if (told.kind === "phase") seen.add(told.phase);
      else if (told.kind === "step") done.push(told.step);
      else {
        over = `it ended: ${told.text}`;
        resolve(told);
      }
      for (const look of waiting) look();
    });
    child.on("exit", (code, signal) => {
      over ??= `it was gone: ${signal ?? code}`;
      reject(new Error(over));
      for (const look of waiting) look();
    });
  });
  // Whoever killed it does not ask how it ended.
  ended.catch(() => {});
  child.send(errand);
  return {
    ended,
    // Not at its exit: what it told just before may come after that.
    steps: new Promise((resolve) => child.on("close", () => resolve(done))),
    reached: (phase) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (seen.has(phase)) resolve();
          else if (over !== null) reject(new Error(`the runner never got to ${phase}; ${over}`));
        };
        waiting.push(look);
        look();
      }),
    kill: () =>
      new Promise((resolve) => {
        child.on("exit", () => resolve());
        child.kill("SIGKILL");
      }),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
  };
}
