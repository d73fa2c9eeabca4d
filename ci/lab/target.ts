import { readFileSync, writeFileSync } from "node:fs";
import type { Place } from "./place.js";

/** A machine to deploy to: sshd and dockerd, as on a plain server. */
export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** One account with all rights, one that may only use Docker. */
  readonly users: { readonly root: "root"; readonly deploy: "deploy" };
  readonly privateKeyPath: string;
  readonly knownHostsPath: string;
  /** The line of known_hosts that pins this target's key. */
  readonly hostKeyLine: string;
}

/** Notes down a target that is ready, for every process that will open it. */
export function writeTarget(place: Place, name: string, host: string, privateKeyPath: string): Target {
  const knownHostsPath = place.path("targets", name, "known_hosts");
  const target: Target = {
    ...{ name, host, port: 22, users: { root: "root", deploy: "deploy" }, privateKeyPath, knownHostsPath },
    hostKeyLine: readFileSync(knownHostsPath, "utf8").trim(),
  };
  writeFileSync(place.path("targets", name, "target.json"), `${JSON.stringify(target, null, 2)}\n`);
  return target;
}

export function readTarget(place: Place, name: string): Target {
  return JSON.parse(readFileSync(place.path("targets", name, "target.json"), "utf8")) as Target;
}
