import { readFileSync, writeFileSync } from "node:fs";
import type { Run } from "./command.js";
import { keepRunning, waitUntil } from "./container.js";
import type { Docker } from "./docker.js";
import type { Network } from "./network.js";
import type { Place } from "./place.js";
import { pushImage } from "./skopeo.js";

/** The lab's registry listens at an address of its own, so its port meets nobody's. */
const registryPort = 5000;

export function registryAddress(network: Network): string {
  return `${network.registry}:${registryPort}`;
}

export async function startRegistry(
  run: Run,
  docker: Docker,
  place: Place,
  network: Network,
  image: string,
): Promise<void> {
  const storage = place.path("registry", "data").slice(0, -"/data".length);
  const name = place.name("registry");
  const address = ["--network", network.name, "--ip", network.registry];
  const started = await keepRunning(run, docker, name, [
    ...address,
    "-v",
    `${storage}:/var/lib/registry`,
    image,
  ]);
  if (started === "started") {
    await waitUntil(run, docker, name, ["bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${registryPort}`]);
  }
}

/**
 * Makes an image answer to the names that it has on Docker Hub, through the registry as a mirror.
 * What was pushed is written beside the registry's data, to be forgotten together with it.
 */
export async function mirrorImage(
  run: Run,
  docker: Docker,
  place: Place,
  network: Network,
  registryImage: string,
  image: string,
  names: readonly string[],
): Promise<void> {
  const notePath = place.path("registry", `mirrored-${names[0]?.replace(":", "-")}`);
  const note = `${image} as ${names.join(", ")}\n`;
  if (readNote(notePath) === note) return;
  const references = names.map((name) => `${registryAddress(network)}/library/${name}`);
  await pushImage(run, docker, place, { image: registryImage, network: network.name }, image, references);
  writeFileSync(notePath, note);
}

function readNote(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
