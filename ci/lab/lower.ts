import { rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.js";
import { stopDaemon } from "./daemon.js";
import { type Docker, findDocker } from "./docker.js";
import { withLock } from "./lock.js";
import type { Place } from "./place.js";
import { forgetState, readState } from "./state.js";
import { destroyTarget, listTargets } from "./targets.js";
import { usersIn } from "./users.js";

/** Removes what `up` made, caches excepted; a lab that other checkouts use loses only this one's own targets. */
export async function lower(place: Place, print: (text: string) => void): Promise<void> {
  await withLock(
    place.path("lock"),
    () => print("another process is working on the lab; waiting for it\n"),
    async () => {
      const users = usersIn(place.path("users"));
      users.remove(place.checkout);
      const others = users.list();
      const docker = await findDocker(run, place);
      if (others.length > 0) {
        if (docker) await removeOwnTargets(docker, place);
        return print(`the lab stays up for ${others.join(", ")}\n`);
      }
      if (docker) await removeAll(docker, place);
      const { daemon } = readState(place);
      if (daemon) await stopDaemon(daemon.pid);
      for (const folder of ["targets", "keys", "exchange"])
        rmSync(join(place.home, folder), { recursive: true, force: true });
      forgetState(place);
      print(`the lab is down; what it built stays in ${place.home}\n`);
    },
  );
}

async function removeOwnTargets(docker: Docker, place: Place): Promise<void> {
  for (const name of await listTargets(run, docker, place, place.checkout)) {
    if (!/^target-\d+$/.test(name)) await destroyTarget(run, docker, place, name);
  }
}

async function removeAll(docker: Docker, place: Place): Promise<void> {
  const prefix = `name=^${place.name("")}`;
  const list = async (...args: string[]) => (await docker.cli(run, ...args)).split("\n").filter(Boolean);
  const containers = await list("ps", "-aq", "--filter", prefix);
  if (containers.length > 0) await docker.cli(run, "rm", "-fv", ...containers);
  const volumes = await list("volume", "ls", "-q", "--filter", prefix);
  if (volumes.length > 0) await docker.cli(run, "volume", "rm", ...volumes);
  if (await docker.exists("network", place.name("net")))
    await docker.cli(run, "network", "rm", place.name("net"));
}
