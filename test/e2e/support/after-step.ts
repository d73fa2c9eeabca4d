import { execFileSync } from "node:child_process";
import type { Target } from "../../../ci/lab/lab.js";
import type { Reporter } from "../../../src/index.js";

/** Something that happens on the host in the middle of a run. */
export interface Incident {
  readonly reporter: Reporter;
  /** Whether it came to it; a reporter's own failure would go unnoticed. */
  readonly happened: boolean;
}

/**
 * A command on the host, as root, after the so-manieth step of a kind and before the next one: the run waits
 * for its reporter, so that no timing decides.
 */
export function afterStep(target: Target, kind: string, nth: number, command: string): Incident {
  const { host, port, privateKeyPath, knownHostsPath } = target;
  const ssh = [
    ...["-F", "/dev/null", "-i", privateKeyPath, "-p", String(port), "-o", "BatchMode=yes"],
    ...["-o", "IdentitiesOnly=yes", "-o", `UserKnownHostsFile=${knownHostsPath}`, `root@${host}`],
  ];
  let steps = 0;
  let happened = false;
  return {
    get happened() {
      return happened;
    },
    reporter: {
      phase: () => {},
      note: () => {},
      summary: () => {},
      step: (report) => {
        if (report.kind !== kind || ++steps !== nth) return;
        execFileSync("ssh", [...ssh, command], { stdio: "ignore" });
        happened = true;
      },
    },
  };
}
