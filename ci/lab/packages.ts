import { execute, type Run, succeeds } from "./command.js";

/** Programs of the machine itself, and Debian's package for each that may be missing. */
const packageOf: Readonly<Record<string, string>> = {
  dockerd: "docker.io",
  docker: "docker.io",
  iptables: "iptables",
  debootstrap: "debootstrap",
  "ssh-keygen": "openssh-client",
  gcc: "build-essential",
};

export async function needPrograms(run: Run, ...programs: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const program of programs) {
    if (!(await succeeds(["sh", "-c", `command -v ${program}`]))) missing.push(packageOf[program] ?? program);
  }
  await needPackages(run, ...missing);
}

export async function needPackages(run: Run, ...packages: readonly string[]): Promise<void> {
  const missing: string[] = [];
  const format = "\u0024{db:Status-Status}"; // dpkg's placeholder, not ours
  for (const name of packages) {
    const status = await execute(["dpkg-query", "-W", "-f", format, name]).catch(() => undefined);
    if (status?.stdout !== "installed") missing.push(name);
  }
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !(await succeeds(["sh", "-c", "command -v apt-get"]))) {
    throw new Error(
      `please install: ${missing.join(", ")} (only root on Debian or Ubuntu can let the lab do it)`,
    );
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run(["apt-get", "update", "-q"], { env });
  await run(["apt-get", "install", "-y", "-q", "--no-install-recommends", ...missing], { env });
}
