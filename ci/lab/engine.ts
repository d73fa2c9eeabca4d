import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./command.js";
import { keepRunning, waitUntil } from "./container.js";
import type { Docker } from "./docker.js";
import { buildImage } from "./image.js";
import type { Network } from "./network.js";
import { buildPart, recipeHash } from "./part.js";
import type { Place } from "./place.js";
import { registryAddress } from "./registry.js";
import { writeLayout } from "./skopeo.js";

export interface EngineInputs {
  readonly engineBase: string;
  readonly node: string;
  readonly registryImage: string;
  readonly daggerBin: string;
  readonly toolsBin: string;
}

/** The engine's image, for a machine that cannot pull the official one. */
export async function buildEngineImage(
  run: Run,
  docker: Docker,
  place: Place,
  network: Network,
  inputs: EngineInputs,
): Promise<string> {
  const { daggerBin, toolsBin } = inputs;
  const sdk = await buildImage(run, docker, {
    name: "typescript-sdk",
    args: { NODE: inputs.node },
    files: { codegen: join(daggerBin, "dagger-codegen") },
  });
  const skopeo = { image: inputs.registryImage, network: network.name };
  const content = await buildPart(place, "typescript-sdk", recipeHash(undefined, sdk), (unfinished) =>
    writeLayout(run, docker, place, skopeo, sdk, unfinished),
  );
  const bin = await buildPart(
    place,
    "engine-bin",
    recipeHash(undefined, daggerBin, toolsBin),
    async (unfinished) => {
      for (const program of ["dagger-engine", "dagger-init", "dagger-dialstdio"]) {
        cpSync(join(daggerBin, program), join(unfinished, program));
      }
      cpSync(toolsBin, unfinished, { recursive: true });
      cpSync(join(daggerBin, "dagger-dnsname"), join(unfinished, "cni", "dnsname"));
    },
  );
  return buildImage(run, docker, {
    name: "engine",
    args: { ENGINE_BASE: inputs.engineBase, TYPESCRIPT_SDK_DIGEST: digestOf(join(content, "content")) },
    files: { bin, content: join(content, "content") },
  });
}

export async function startEngine(
  run: Run,
  docker: Docker,
  place: Place,
  network: Network,
  image: string,
  mirrored: boolean,
): Promise<void> {
  const config = `${JSON.stringify(engineConfig(registryAddress(network), mirrored), null, 2)}\n`;
  const configPath = place.path("config", "engine.json");
  writeFileSync(configPath, config);
  const name = place.name("engine");
  const address = ["--network", network.name, "--ip", network.engine];
  const mounts = ["-v", `${configPath}:/etc/dagger/engine.json:ro`, "-v", `${name}:/var/lib/dagger`];
  const options = ["--privileged", "--stop-timeout", "5", ...address, ...mounts, image];
  const started = await keepRunning(run, docker, name, options, config);
  if (started === "started") await waitUntil(run, docker, name, ["test", "-S", "/run/dagger/engine.sock"]);
}

/** The engine reaches the lab's registry by plain HTTP and, where nothing can be pulled, uses it as Docker Hub. */
export function engineConfig(registry: string, mirrored: boolean): object {
  const hub = mirrored ? { "docker.io": { mirrors: [registry] } } : {};
  return { registries: { ...hub, [registry]: { http: true } } };
}

function digestOf(layout: string): string {
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  return index.manifests[0].digest;
}
