import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { succeeds } from "./command.js";
import { type Place, recipesFolder } from "./place.js";

const startDeadlineMs = 60_000;

/** Starts a Docker daemon that shares nothing with one of the machine's but the kernel. */
export async function startDaemon(place: Place): Promise<{ pid: number; host: string }> {
  // Not below home: a socket's path may have 107 characters at most.
  const runFolder = `/run/${place.name("docker")}`;
  mkdirSync(runFolder, { recursive: true });
  rmSync(`${runFolder}/docker.pid`, { force: true }); // ours, and no longer alive: the caller has looked
  const host = `unix://${runFolder}/docker.sock`;
  favourContainers();
  const log = openSync(place.path("logs", "dockerd.log"), "a");
  const argv = [
    ...["--host", host, "--pidfile", `${runFolder}/docker.pid`, "--exec-root", runFolder],
    ...["--data-root", place.path("docker"), "--bridge", "none", ...missingCapabilityOptions(place)],
  ];
  const child = spawn("dockerd", argv, { stdio: ["ignore", log, log], detached: true });
  const failed = new Promise<never>((_, reject) => {
    child.on("error", (cause) => reject(new Error("cannot run dockerd: the lab needs root", { cause })));
    child.on("exit", (code) =>
      reject(new Error(`dockerd ended with ${code}: ${place.home}/logs/dockerd.log`)),
    );
  });
  await Promise.race([answers(host), failed]);
  child.unref();
  return { pid: child.pid as number, host };
}

export function daemonIsAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "dockerd";
  } catch {
    return false;
  }
}

export async function stopDaemon(pid: number): Promise<void> {
  if (!daemonIsAlive(pid)) return;
  process.kill(pid, "SIGTERM");
  for (const deadline = Date.now() + 30_000; daemonIsAlive(pid) && Date.now() < deadline; ) await sleep(100);
  if (daemonIsAlive(pid)) process.kill(pid, "SIGKILL");
}

async function answers(host: string): Promise<void> {
  for (const deadline = Date.now() + startDeadlineMs; Date.now() < deadline; await sleep(200)) {
    if (await succeeds(["docker", "info"], { env: { ...process.env, DOCKER_HOST: host } })) return;
  }
  throw new Error(`dockerd does not answer after ${startDeadlineMs / 1000} s`);
}

/**
 * All hosts of the lab are containers of one control group. Left alone, where groups are of version 1, they
 * would together weigh as much as a single process outside, such as one of the runners that deploy to them.
 */
function favourContainers(): void {
  const groups = "/sys/fs/cgroup/cpu";
  if (!existsSync(`${groups}/cpu.shares`)) return;
  mkdirSync(`${groups}/docker`, { recursive: true });
  writeFileSync(`${groups}/docker/cpu.shares`, "8192");
}

/** Where even root lacks CAP_SYS_RESOURCE, a privileged container asks for more than can be given. */
function missingCapabilityOptions(place: Place): readonly string[] {
  const capSysResource = 1n << 24n;
  const bounding = /CapBnd:\s*([0-9a-f]+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  if (BigInt(`0x${bounding}`) & capSysResource) return [];
  const wrapper = place.path("bin", "runc-caps");
  copyFileSync(`${recipesFolder}/runc-caps`, wrapper);
  return ["--add-runtime", `caps=${wrapper}`, "--default-runtime", "caps"];
}
