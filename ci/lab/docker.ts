import { writeFileSync } from "node:fs";
import { type Run, succeeds } from "./command.js";
import { daemonIsAlive, startDaemon } from "./daemon.js";
import { needPrograms } from "./packages.js";
import type { Place } from "./place.js";
import { readState, updateState } from "./state.js";

/** The Docker daemon that the lab uses: the machine's if it answers, else one of the lab's own. */
export interface Docker {
  readonly env: NodeJS.ProcessEnv;
  cli(run: Run, ...args: readonly string[]): Promise<string>;
  exists(kind: "image" | "container" | "network" | "volume", name: string): Promise<boolean>;
}

export async function openDocker(run: Run, place: Place): Promise<Docker> {
  const known = readState(place).daemon;
  if (known && daemonIsAlive(known.pid)) return dockerAt(place, known.host);
  const host = await machineDocker(run);
  if (host) return dockerAt(place, host);
  await needPrograms(run, "docker", "dockerd", "iptables");
  const installed = await machineDocker(run); // with systemd, the package starts it
  if (installed) return dockerAt(place, installed);
  const daemon = await startDaemon(place);
  updateState(place, { daemon });
  return dockerAt(place, daemon.host);
}

/** The daemon in use, without starting one. */
export async function findDocker(run: Run, place: Place): Promise<Docker | undefined> {
  const known = readState(place).daemon;
  if (known && daemonIsAlive(known.pid)) return dockerAt(place, known.host);
  const host = await machineDocker(run);
  return host ? dockerAt(place, host) : undefined;
}

async function machineDocker(run: Run): Promise<string | undefined> {
  if (!(await succeeds(["docker", "info"]))) return undefined;
  if (process.env.DOCKER_HOST) return process.env.DOCKER_HOST;
  // Our own DOCKER_CONFIG hides the user's contexts, so the endpoint is taken from the current one.
  return run(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]);
}

function dockerAt(place: Place, host: string): Docker {
  const config = place.path("config", "docker", "config.json");
  writeFileSync(config, "{}\n");
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: place.path("config", "docker") };
  return {
    env,
    cli: (run, ...args) => run(["docker", ...args], { env }),
    exists: (kind, name) => succeeds(["docker", kind, "inspect", name], { env }),
  };
}
