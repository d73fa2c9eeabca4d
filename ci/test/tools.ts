import { run, succeeds } from "../lab/command.js";
import { needPackages } from "../lab/packages.js";

/** Programs that tests hold evenkeel against, and Debian's package for each. */
const tools: Readonly<Record<string, string>> = {
  "/usr/sbin/sshd": "openssh-server",
  "ssh-keygen": "openssh-client",
  "docker-registry": "docker-registry",
  shellcheck: "shellcheck",
  busybox: "busybox",
  // The pages that people look at are tested in what they look with.
  chromium: "chromium",
};

/** Installs what is missing where that is possible, and otherwise says what is; a test that cannot run fails. */
export async function needTools(): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(tools)) {
    if (!(await succeeds(["sh", "-c", `command -v ${program}`]))) missing.push(name);
  }
  if (missing.length === 0) return;
  console.log(`installing for the tests: ${missing.join(", ")}`);
  await needPackages(run, ...missing);
}
