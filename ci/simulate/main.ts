/**
 * `npm run simulate -- --histories N --seed S`: what can become of a host over days, many times over, with the
 * real `core` on a simulated host. It ends at the first history in which an invariant does not hold.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomInt } from "node:crypto";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Found, Part } from "./search.js";

/** Small enough that a failure is replayed in moments. */
const PART = 500;
const TOLD_EVERY_MS = 10_000;

const { histories, seed } = read();
const parts: Part[] = [];
for (let from = 0; from < histories; from += PART)
  parts.push({ seed: seed + from / PART, histories: Math.min(PART, histories - from) });

console.log(`${histories} histories from seed ${seed}`);
const started = performance.now();
let done = 0;
const ticker = setInterval(() => console.log(progress()), TOLD_EVERY_MS);
const workers = Array.from({ length: Math.min(availableParallelism(), parts.length) }, spawnWorker);
try {
  const found = await Promise.race([everything(), anyFailure()]);
  if (found === null) {
    console.log(`${progress()}: every invariant held in each`);
  } else {
    console.log(
      `\n${found.told}\n\nSee it again: npm run simulate -- --histories ${PART} --seed ${found.seed}`,
    );
    process.exitCode = 1;
  }
} finally {
  clearInterval(ticker);
  for (const worker of workers) worker.kill();
}

function read(): { readonly histories: number; readonly seed: number } {
  const { values } = parseArgs({
    options: { histories: { type: "string", default: "50000" }, seed: { type: "string" } },
  });
  const whole = (name: string, said: string, least: number, most: number) => {
    const value = Number(said);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    console.error(`--${name} is ${said}, and takes a whole number from ${least} to ${most}`);
    process.exit(2);
  };
  return {
    histories: whole("histories", values.histories, 1, 100_000_000),
    seed: whole("seed", values.seed ?? String(randomInt(2 ** 30)), 0, 2 ** 30),
  };
}

function spawnWorker(): ChildProcess {
  return fork(fileURLToPath(new URL("./worker.ts", import.meta.url)), {
    execArgv: ["--import", createRequire(import.meta.url).resolve("tsx")],
  });
}

/** Resolves with the first history that was found, or with null when all parts are done. */
async function everything(): Promise<Found | null> {
  let found: Found | null = null;
  await Promise.all(
    workers.map(async (worker) => {
      for (let part = parts.shift(); part !== undefined && found === null; part = parts.shift()) {
        const answer = await ask(worker, part);
        // Only now: the other process may have found one meanwhile.
        found ??= answer;
        done += part.histories;
      }
    }),
  );
  return found;
}

function ask(worker: ChildProcess, part: Part): Promise<Found | null> {
  return new Promise((resolve) => {
    worker.once("message", (answer: Found | null) => resolve(answer));
    worker.send(part);
  });
}

function anyFailure(): Promise<never> {
  return new Promise((_, reject) => {
    for (const worker of workers)
      worker.on("exit", (code) => reject(new Error(`a process of the search ended with ${code}`)));
  });
}

function progress(): string {
  const seconds = (performance.now() - started) / 1000;
  return `${done} of ${histories} histories in ${seconds.toFixed(0)} s, ${Math.round(done / seconds)} a second`;
}
