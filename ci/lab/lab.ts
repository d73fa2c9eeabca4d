import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { type CommandOptions, type CommandOutcome, run } from "./command.js";
import { withLock } from "./lock.js";
import { findPlace, type Place } from "./place.js";
import { type Raised, raise } from "./raise.js";
import { registryAddress } from "./registry.js";
import { pushImage } from "./skopeo.js";
import { createSteps, type Steps } from "./steps.js";
import type { Target } from "./target.js";
import {
  destroyTarget,
  onTarget,
  openTarget,
  restartTarget,
  startOnTarget,
  type TargetMaker,
} from "./targets.js";
import { usersIn } from "./users.js";

export type { Target } from "./target.js";

/** A real engine, registry and deploy targets on this machine. */
export interface Lab {
  /** The environment in which `dagger` (and `docker`) reach the lab and nothing of the user's. */
  readonly env: NodeJS.ProcessEnv;
  /** The registry as a name's first part, "10.212.0.2:5000"; plain HTTP, deletes allowed. */
  readonly registry: string;
  /** This machine's address as engine and targets see it, for what a test itself serves. */
  readonly machine: string;
  /** What `FROM node:24-bookworm-slim` is called by the lab's `docker`, which may know no Docker Hub. */
  readonly nodeImage: string;
  /** The standing targets, shared by everything that uses the lab. */
  readonly targets: readonly Target[];
  /** A bare target of one's own, to be destroyed by who made it; `down` removes forgotten ones. */
  freshTarget(name?: string): Promise<Target>;
  destroyTarget(target: Target): Promise<void>;
  /** Runs a command in a target, as root and not through SSH. */
  onTarget(
    target: Target,
    argv: readonly string[],
    options?: Pick<CommandOptions, "input">,
  ): Promise<CommandOutcome>;
  /** The same for a command that goes on, a shell for example; it ends when its input does, or by who started it. */
  startOnTarget(target: Target, argv: readonly string[]): ChildProcessWithoutNullStreams;
  /** "reboot" stops its services in order, "cut" is a power failure; returns when both answer again. */
  restartTarget(target: Target, how?: "reboot" | "cut"): Promise<void>;
  /** Stops, kills or restarts one of the target's services; both come back by themselves. */
  serviceOnTarget(target: Target, act: "kill" | "restart", service: "docker" | "sshd"): Promise<void>;
  /** Copies an image of the lab's Docker daemon into the registry; returns the reference by tag. */
  pushImage(image: string, repositoryAndTag: string): Promise<string>;
  /** Runs the lab's `docker`, as an argument list. */
  docker(...args: readonly string[]): Promise<string>;
}

export interface LabOptions {
  /** How many standing targets there must be. */
  readonly targets?: number;
  /** Print nothing but failures. */
  readonly quiet?: boolean;
}

/** Brings the lab up as far as it is not, and returns it. Safe to call from several processes at once. */
export async function openLab({ targets = 1, quiet = false }: LabOptions = {}): Promise<Lab> {
  if (process.platform !== "linux")
    throw new Error("the lab needs Linux; on a Mac, run it in a Linux machine");
  const place = findPlace();
  const steps = stepsOf(place, quiet);
  const wait = () => process.stderr.write("another process is working on the lab; waiting for it\n");
  try {
    return await withLock(place.path("lock"), wait, async () => {
      usersIn(place.path("users")).add(place.checkout);
      const raised = await raise(place, steps);
      const maker: TargetMaker = { ...raised, place, image: raised.images.target };
      const names = Array.from({ length: targets }, (_, index) => `target-${index + 1}`);
      const opened = names.map((name) => steps.step(name, (run) => openTarget(run, maker, name)));
      return labOf(place, raised, maker, await Promise.all(opened));
    });
  } finally {
    steps.close();
  }
}

function labOf(place: Place, raised: Raised, maker: TargetMaker, targets: readonly Target[]): Lab {
  const { docker, network } = raised;
  const registry = registryAddress(network);
  return {
    env: environment(place, raised),
    registry,
    nodeImage: raised.images.node,
    machine: network.machine,
    targets,
    freshTarget: (name = `fresh-${randomBytes(3).toString("hex")}`) => openTarget(run, maker, name),
    destroyTarget: ({ name }) => destroyTarget(run, docker, place, name),
    onTarget: ({ name }, argv, options) => onTarget(docker, place, name, argv, options),
    startOnTarget: ({ name }, argv) => startOnTarget(docker, place, name, argv),
    restartTarget: ({ name }, how = "reboot") => restartTarget(run, maker, name, how),
    async serviceOnTarget({ name }, act, service) {
      await docker.cli(run, "exec", place.name(name), "lab-service", act, service);
    },
    async pushImage(image, repositoryAndTag) {
      const reference = `${registry}/${repositoryAndTag}`;
      const skopeo = { image: raised.images.registry, network: network.name };
      await pushImage(run, docker, place, skopeo, image, [reference]);
      return reference;
    },
    docker: (...args) => docker.cli(run, ...args),
  };
}

function environment(place: Place, { docker, daggerPath }: Raised): NodeJS.ProcessEnv {
  const path = process.env.PATH ?? "";
  return {
    ...docker.env,
    // An installed `dagger` is on the path already; its folder in front would hide other programs.
    PATH: daggerPath.startsWith(place.home) ? `${dirname(daggerPath)}${delimiter}${path}` : path,
    EVENKEEL_LAB_HOME: place.home,
    XDG_CONFIG_HOME: place.path("config"),
    XDG_STATE_HOME: place.path("state"),
    XDG_DATA_HOME: place.path("data"),
    _EXPERIMENTAL_DAGGER_RUNNER_HOST: `docker-container://${place.name("engine")}`,
    DAGGER_NO_NAG: "1",
    DO_NOT_TRACK: "1",
  };
}

function stepsOf(place: Place, quiet: boolean): Steps {
  const logs = place.path("logs", "x").slice(0, -2);
  mkdirSync(logs, { recursive: true });
  return createSteps({
    logPathOf: (step) => {
      const path = `${logs}/${step.replaceAll(/[^\w.-]+/g, "-")}.log`;
      writeFileSync(path, "");
      return path;
    },
    print: (text) => (quiet ? appendFileSync(`${logs}/steps.log`, text) : process.stderr.write(text)),
    terminal: !quiet && process.stderr.isTTY === true,
  });
}
