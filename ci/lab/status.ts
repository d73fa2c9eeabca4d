import { run } from "./command.js";
import { findDocker } from "./docker.js";
import type { Place } from "./place.js";
import { readState } from "./state.js";
import { usersIn } from "./users.js";

/** Prints what stands; tells whether the lab is up. Changes nothing. */
export async function printStatus(place: Place): Promise<boolean> {
  const docker = await findDocker(run, place);
  const state = readState(place);
  const line = (name: string, text: string) => console.log(`${name.padEnd(12)} ${text}`);
  line("home", place.home);
  line(
    "docker",
    docker ? `${docker.env.DOCKER_HOST}${state.daemon ? " (the lab's own)" : ""}` : "no daemon answers",
  );
  line("images", state.images ?? "not decided yet");
  const filter = ["--filter", `name=^${place.name("")}`, "--format", "{{.Names}}\t{{.Status}}\t{{.Image}}"];
  const containers = docker
    ? (await docker.cli(run, "ps", "-a", ...filter)).split("\n").filter(Boolean).sort()
    : [];
  for (const container of containers) {
    const [name = "", status = "", image = ""] = container.split("\t");
    line(name.slice(place.name("").length), `${status} (${image})`);
  }
  for (const checkout of usersIn(place.path("users")).list()) line("used by", checkout);
  const up = ["engine", "registry"].every((part) =>
    containers.some((container) => container.startsWith(`${place.name(part)}\tUp`)),
  );
  line("lab", up ? "up" : "not up: npm run lab up");
  return up;
}
