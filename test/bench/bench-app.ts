import type { Lab, Target } from "../../ci/lab/lab.js";
import { imageWithLayer } from "../e2e/support/image.js";

/** Images that differ from each other in one layer of 1 MB that does not compress. */
export async function buildVersions(lab: Lab, count: number): Promise<readonly string[]> {
  const versions: string[] = [];
  for (let index = 0; index < count; index++)
    versions.push(await imageWithLayer(lab, `bench-${index}`, 1024 * 1024));
  return versions;
}

/** What evenkeel.yaml says of them, with a host for each environment. */
export function settingsOf(versions: readonly string[], hosts: Readonly<Record<string, Target>>): object {
  return {
    app: "bench",
    image: versions[0]?.replace(/@.*/, ""),
    container: { port: 3000, drain: "1s" },
    health: { interval: "100ms", passes: 3 },
    bake: { duration: "1s", interval: "200ms", minimumSamples: 3 },
    environments: Object.fromEntries(
      Object.entries(hosts).map(([name, { host, port, hostKeyLine }]) => [
        name,
        { host, port, user: "root", knownHosts: hostKeyLine },
      ]),
    ),
  };
}
