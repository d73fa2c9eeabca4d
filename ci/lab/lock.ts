import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs `body` while no other process does so under the same file.
 * The kernel holds the lock for a child that ends with us, so a killed process leaves none behind.
 */
export async function withLock<T>(file: string, onWait: () => void, body: () => Promise<T>): Promise<T> {
  const holder = spawn("flock", [file, "sh", "-c", "echo locked; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true, // Ctrl-C is for us to answer: the lock goes when we go
  });
  const waiting = setTimeout(onWait, 1000);
  try {
    await Promise.race([once(holder.stdout, "data"), failure(holder)]);
    clearTimeout(waiting);
    return await body();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
  }
}

async function failure(holder: ReturnType<typeof spawn>): Promise<never> {
  const cause = await once(holder, "exit").catch((error: unknown) => error);
  throw new Error("the lab needs util-linux's flock, which every Linux distribution has", { cause });
}
