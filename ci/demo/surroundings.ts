import { setTimeout as sleep } from "node:timers/promises";
import type { Lab, Target } from "../lab/lab.js";

/** The Docker network of the host that the database and the app share. */
export const databaseNetwork = "flags";
const database = "flags-db";

/** A PostgreSQL container on the host, as somebody would run it there; evenkeel has no part in it. */
export async function startDatabase(lab: Lab, target: Target, password: string): Promise<void> {
  await onHost(lab, target, ["docker", "network", "create", databaseNetwork]);
  const settings = `POSTGRES_USER=unleash\nPOSTGRES_DB=unleash\nPOSTGRES_PASSWORD=${password}\n`;
  const place = ["--name", database, "--network", databaseNetwork, "--restart", "unless-stopped"];
  const run = ["docker", "run", "-d", ...place, "--env-file", "/dev/stdin", "postgres:15"];
  await onHost(lab, target, run, settings);
  const ready = ["docker", "exec", database, "pg_isready", "-h", "127.0.0.1", "-U", "unleash"];
  for (let tries = 0; (await lab.onTarget(target, ready)).code !== 0; tries += 1) {
    if (tries === 120) throw new Error("PostgreSQL did not become ready within a minute");
    await sleep(500);
  }
}

export function databaseUrl(password: string): string {
  return `postgres://unleash:${password}@${database}:5432/unleash`;
}

/**
 * Kills, inside the engine, the process that holds the SSH connection to the host: what happens to a
 * deploy when its runner runs out of memory or is switched off. Returns how many processes that were.
 */
export async function killRunner(lab: Lab, target: Target): Promise<number> {
  const engine = lab.env._EXPERIMENTAL_DAGGER_RUNNER_HOST?.replace("docker-container://", "") ?? "";
  const said = await lab.docker("exec", engine, "sh", "-c", killConnected, "sh", socketAddress(target));
  return said.split("\n").filter(Boolean).length;
}

// A process is in a network namespace of its own, so its own view of the connections is read, and then who
// has that connection's socket open. ESTABLISHED is 01.
const killConnected = `
for process in /proc/[0-9]*; do
  sockets=$(awk -v to="$1" '$3 == to && $4 == "01" { print $10 }' "$process/net/tcp" "$process/net/tcp6" 2>/dev/null)
  for socket in $sockets; do
    if ls -l "$process/fd" 2>/dev/null | grep -q "socket:\\[$socket\\]"; then
      kill -KILL "\${process#/proc/}" && echo "\${process#/proc/}"
    fi
  done
done`;

/** An address as /proc/net/tcp has it: the bytes from last to first, in hexadecimal. */
function socketAddress({ host, port }: Target): string {
  const bytes = host.split(".").map(Number).reverse();
  const hexadecimal = (value: number, digits: number): string =>
    value.toString(16).toUpperCase().padStart(digits, "0");
  return `${bytes.map((byte) => hexadecimal(byte, 2)).join("")}:${hexadecimal(port, 4)}`;
}

async function onHost(lab: Lab, target: Target, argv: readonly string[], input = ""): Promise<void> {
  const { code, stderr } = await lab.onTarget(target, argv, { input });
  if (code !== 0) throw new Error(`on the host, ${argv.slice(0, 3).join(" ")} failed: ${stderr.trim()}`);
}
