import type { Lab, Target } from "../../../ci/lab/lab.js";

export interface WatchedProcesses {
  /** Every command line that was seen, one to a line, as any account of the host could have read it. */
  stop(): Promise<string>;
}

const watch = `
rm -f /run/watch-stop /run/watched
while [ ! -e /run/watch-stop ]; do
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >>/run/watched
  echo >>/run/watched
  sleep 0.02
done`;

/** Reads the command lines of all processes of a host, over and over, until it is stopped. */
export async function watchProcesses(lab: Lab, target: Target): Promise<WatchedProcesses> {
  const watching = lab.onTarget(target, ["sh", "-c", watch]);
  return {
    async stop() {
      await lab.onTarget(target, ["touch", "/run/watch-stop"]);
      await watching;
      return (await lab.onTarget(target, ["sh", "-c", "sort -u /run/watched"])).stdout;
    },
  };
}
