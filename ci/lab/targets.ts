import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type CommandOptions, type CommandOutcome, execute, type Run } from "./command.js";
import { recipeLabel, waitUntil } from "./container.js";
import type { Docker } from "./docker.js";
import { clientKey, targetIdentity } from "./keys.js";
import type { Network } from "./network.js";
import { type Place, shortHash } from "./place.js";
import { registryAddress } from "./registry.js";
import { readTarget, type Target, writeTarget } from "./target.js";

export interface TargetMaker {
  readonly docker: Docker;
  readonly place: Place;
  readonly network: Network;
  readonly image: string;
  readonly mirrored: boolean;
}

const label = "evenkeel-lab.target";
const ready = ["sh", "-c", "docker info >/dev/null 2>&1 && pgrep -x sshd >/dev/null"];

/** The target of this name: kept if it is there and made in the same way, else made anew. */
export async function openTarget(run: Run, maker: TargetMaker, name: string): Promise<Target> {
  const { docker, place } = maker;
  const container = place.name(name);
  const format = `{{.State.Running}} {{index .Config.Labels "${recipeLabel}"}}`;
  const found = await docker.cli(run, "container", "inspect", "-f", format, container).catch(() => "");
  if (found.endsWith(` ${recipeOf(maker)}`) && existsSync(join(place.home, "targets", name, "target.json"))) {
    if (found.startsWith("false")) await docker.cli(run, "start", container);
    await waitUntil(run, docker, container, ready);
    return readTarget(place, name);
  }
  await destroyTarget(run, docker, place, name);
  return createTarget(run, maker, name);
}

async function createTarget(run: Run, maker: TargetMaker, name: string, tries = 5): Promise<Target> {
  const { docker, place, network, image } = maker;
  const host = network.someTarget();
  const identity = await targetIdentity(run, place, name, host);
  const options = [
    ...["--network", network.name, "--ip", host, "--hostname", name, "-v", `${identity}:/lab:ro`],
    ...["--label", `${label}=${place.checkout}`, "--label", `${recipeLabel}=${recipeOf(maker)}`],
  ];
  try {
    await docker.cli(
      run,
      "run",
      "-d",
      "--name",
      place.name(name),
      ...options,
      ...serverOptions(maker),
      image,
    );
  } catch (cause) {
    const taken = cause instanceof Error && /address.*in use/i.test(cause.message);
    await destroyTarget(run, docker, place, name);
    if (taken && tries > 1) return createTarget(run, maker, name, tries - 1);
    throw cause;
  }
  await waitUntil(run, docker, place.name(name), ready);
  return writeTarget(place, name, host, await clientKey(run, place));
}

/** What makes a container a server: its own /run, its own disk for Docker, and registries it may use. */
function serverOptions({ network, mirrored }: TargetMaker): readonly string[] {
  // The whole range may speak plain HTTP, so that a test can put a registry that misbehaves on this machine.
  const mirror = mirrored ? `--registry-mirror=http://${registryAddress(network)}` : "";
  return [
    ...["--privileged", "--stop-timeout", "20", "--tmpfs", "/run:exec,mode=755"],
    ...["--mount", "type=volume,destination=/var/lib/docker"],
    ...["-e", `DOCKERD_OPTIONS=--insecure-registry=${network.range} ${mirror}`],
  ];
}

function recipeOf(maker: TargetMaker): string {
  return shortHash(JSON.stringify([maker.image, serverOptions(maker)]));
}

/** Restarts a target: `cut` as when the power goes, else as by `reboot`. Its address and key stay. */
export async function restartTarget(
  run: Run,
  maker: TargetMaker,
  name: string,
  how: "cut" | "reboot",
): Promise<void> {
  const container = maker.place.name(name);
  if (how === "cut") await maker.docker.cli(run, "kill", container);
  await maker.docker.cli(run, "restart", container);
  await waitUntil(run, maker.docker, container, ready);
}

export async function destroyTarget(run: Run, docker: Docker, place: Place, name: string): Promise<void> {
  if (await docker.exists("container", place.name(name))) {
    await docker.cli(run, "rm", "-fv", place.name(name));
  }
  rmSync(join(place.home, "targets", name), { recursive: true, force: true });
}

/** Names of the targets of one checkout, or of all. */
export async function listTargets(
  run: Run,
  docker: Docker,
  place: Place,
  checkout?: string,
): Promise<string[]> {
  const filters = [
    "--filter",
    `label=${label}${checkout ? `=${checkout}` : ""}`,
    "--filter",
    `name=^${place.name("")}`,
  ];
  const names = await docker.cli(run, "ps", "-a", ...filters, "--format", "{{.Names}}");
  return names
    .split("\n")
    .filter(Boolean)
    .map((name) => name.slice(place.name("").length))
    .sort();
}

/** Runs a command in a target, beside SSH; its exit code is a value. */
export function onTarget(
  docker: Docker,
  place: Place,
  name: string,
  argv: readonly string[],
  options: Pick<CommandOptions, "input"> = {},
): Promise<CommandOutcome> {
  const interactive = options.input === undefined ? [] : ["-i"];
  return execute(["docker", "exec", ...interactive, place.name(name), ...argv], {
    ...options,
    env: docker.env,
  });
}

/** Starts a command in a target, beside SSH; its ends are the caller's, and so is ending it. */
export function startOnTarget(
  docker: Docker,
  place: Place,
  name: string,
  argv: readonly string[],
): ChildProcessWithoutNullStreams {
  return spawn("docker", ["exec", "-i", place.name(name), ...argv], { env: docker.env });
}
