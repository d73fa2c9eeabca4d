import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./package.js";

export interface CommandLine {
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Resolves when this is on stderr; rejects when the process ends before. */
  printed(words: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** `evenkeel` of this checkout, as a process of its own in a folder. */
export function startCommandLine(
  words: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): CommandLine {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const child = spawn(process.execPath, ["--import", tsx, join(root, "cli/main.ts"), ...words], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  const looking: (() => void)[] = [];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
    for (const look of looking) look();
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return {
    ended: ended.then((code) => ({ code, stdout, stderr })),
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = () => stderr.includes(text) && resolve();
        looking.push(look);
        look();
        void ended.then((code) => reject(new Error(`it ended with ${code} before: ${stderr}`)));
      }),
    signal: (signal) => void child.kill(signal),
  };
}
