import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./command.js";
import { needPrograms } from "./packages.js";
import type { Place } from "./place.js";

/** The key pair with which a deployer logs in to every target; returns the private key's path. */
export async function clientKey(run: Run, place: Place): Promise<string> {
  const path = place.path("keys", "client");
  await makeKey(run, path, "evenkeel-lab");
  return path;
}

/** What a target is told at its start: its own host key and who may log in. Also writes its known_hosts. */
export async function targetIdentity(run: Run, place: Place, name: string, address: string): Promise<string> {
  const folder = place.path("targets", name);
  mkdirSync(folder, { recursive: true });
  const hostKey = join(folder, "ssh_host_ed25519_key");
  rmSync(hostKey, { force: true });
  await makeKey(run, hostKey, name);
  writeFileSync(join(folder, "client.pub"), readFileSync(`${await clientKey(run, place)}.pub`));
  writeFileSync(join(folder, "known_hosts"), knownHostsLine(address, readFileSync(`${hostKey}.pub`, "utf8")));
  return folder;
}

/** One line of known_hosts: the address, the key's type and the key, without its comment. */
export function knownHostsLine(address: string, publicKey: string): string {
  const [type, key] = publicKey.trim().split(/\s+/);
  return `${address} ${type} ${key}\n`;
}

async function makeKey(run: Run, path: string, comment: string): Promise<void> {
  if (existsSync(path)) return;
  await needPrograms(run, "ssh-keygen");
  const unfinished = `${path}.unfinished`;
  rmSync(unfinished, { force: true });
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", unfinished]);
  renameSync(`${unfinished}.pub`, `${path}.pub`);
  renameSync(unfinished, path);
}
