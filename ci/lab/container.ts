import { setTimeout as sleep } from "node:timers/promises";
import { type Run, succeeds } from "./command.js";
import type { Docker } from "./docker.js";
import { shortHash } from "./place.js";

/** Says what a container was made from, so that one of another recipe is noticed. */
export const recipeLabel = "evenkeel-lab.recipe";

/**
 * Has a container running that was made from exactly these options: one of another recipe
 * (an older checkout's) is replaced, a stopped one is started.
 */
export async function keepRunning(
  run: Run,
  docker: Docker,
  name: string,
  options: readonly string[],
  ...inputs: readonly string[]
): Promise<"kept" | "started"> {
  const recipe = shortHash(JSON.stringify([options, inputs]));
  const format = `{{.State.Running}} {{index .Config.Labels "${recipeLabel}"}}`;
  const found = await docker.cli(run, "container", "inspect", "--format", format, name).catch(() => "");
  if (found === `true ${recipe}`) return "kept";
  if (found.endsWith(` ${recipe}`)) {
    await docker.cli(run, "start", name);
    return "started";
  }
  if (found) await docker.cli(run, "rm", "-fv", name);
  await docker.cli(run, "run", "-d", "--name", name, "--label", `${recipeLabel}=${recipe}`, ...options);
  return "started";
}

/** Waits until a command succeeds inside a container; its log tells why if it never does. */
export async function waitUntil(
  run: Run,
  docker: Docker,
  name: string,
  argv: readonly string[],
  deadlineMs = 60_000,
): Promise<void> {
  for (const end = Date.now() + deadlineMs; Date.now() < end; await sleep(100)) {
    if (await succeeds(["docker", "exec", name, ...argv], { env: docker.env })) return;
  }
  await docker.cli(run, "logs", "--tail", "20", name).catch(() => {});
  throw new Error(`${name} is not ready after ${deadlineMs / 1000} s (${argv.join(" ")} fails in it)`);
}
