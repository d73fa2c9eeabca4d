import { buildDebian, buildNode } from "./base-images.js";
import { buildCaddy, buildDagger, buildTools, installedDagger } from "./binaries.js";
import type { Run } from "./command.js";
import { type Docker, openDocker } from "./docker.js";
import { buildEngineImage, startEngine } from "./engine.js";
import { buildImage } from "./image.js";
import { type Network, openNetwork } from "./network.js";
import type { Place } from "./place.js";
import { mirrorImage, startRegistry } from "./registry.js";
import { readState, updateState } from "./state.js";
import type { Steps } from "./steps.js";
import { officialEngine, publicNames, versions } from "./versions.js";

/** What stands after `up`. */
export interface Raised {
  readonly docker: Docker;
  readonly network: Network;
  /** By what name the lab's daemon has them; `node` is what Docker Hub calls node:24-bookworm-slim. */
  readonly images: { readonly registry: string; readonly target: string; readonly node: string };
  /** Whether the lab's registry also answers for Docker Hub. */
  readonly mirrored: boolean;
  readonly daggerPath: string;
}

/** Brings up all but the targets. Each step looks first whether its result is there. */
export async function raise(place: Place, steps: Steps): Promise<Raised> {
  const docker = await steps.step("Docker daemon", (run) => openDocker(run, place));
  const network = await steps.step("network", (run) => openNetwork(run, docker, place));
  const source = await steps.step("where images come from", (run) => chooseSource(run, docker, place));
  const common = { place, steps, docker, network };
  return source === "pull" ? raisePulled(common) : raiseBuilt(common);
}

interface Site {
  readonly place: Place;
  readonly steps: Steps;
  readonly docker: Docker;
  readonly network: Network;
}

async function raisePulled({ place, steps, docker, network }: Site): Promise<Raised> {
  const { step } = steps;
  const pull = (image: string) => step(`pull ${image}`, (run) => pullImage(run, docker, image));
  const dagger = step(
    "dagger command",
    async (run) => (await installedDagger()) ?? built(await buildDagger(run, place)),
  );
  const engine = pull(officialEngine).then((image) =>
    step("start engine", (run) => startEngine(run, docker, place, network, image, false)),
  );
  const debian = pull(`debian:${versions.debian}-slim`);
  const registry = debian.then((DEBIAN) =>
    step("registry image", (run) => image(run, docker, "registry", { DEBIAN })),
  );
  const serving = registry.then((tag) =>
    step("start registry", (run) => startRegistry(run, docker, place, network, tag)),
  );
  const target = debian.then((DEBIAN) =>
    step("target image", (run) => image(run, docker, "target", { DEBIAN })),
  );
  await Promise.all([dagger, engine, serving, target]);
  const images = { registry: await registry, target: await target, node: NODE };
  return { docker, network, images, mirrored: false, daggerPath: await dagger };
}

/** Two lanes share the cores: compiling (processor) and root file systems (network and disk). */
async function raiseBuilt({ place, steps, docker, network }: Site): Promise<Raised> {
  const { step } = steps;
  const make = (name: string, args: Record<string, string>, files?: Record<string, string>) =>
    step(`${name} image`, (run) => image(run, docker, name, args, files));

  const daggerBin = step(`build Dagger ${versions.dagger}`, (run) => buildDagger(run, place));
  const toolsBin = daggerBin.then(() => step("build runc and plugins", (run) => buildTools(run, place)));
  const caddyBin = toolsBin.then(() =>
    step(`build Caddy ${versions.caddy}`, (run) => buildCaddy(run, place)),
  );

  const debian = step("debian image", (run) => buildDebian(run, docker, place));
  const registry = debian.then((DEBIAN) => make("registry", { DEBIAN }));
  const serving = registry.then((tag) =>
    step("start registry", (run) => startRegistry(run, docker, place, network, tag)),
  );
  const node = registry.then(async () =>
    step("node image", async (run) => buildNode(run, docker, place, await debian)),
  );
  const target = node.then(async () => make("target", { DEBIAN: await debian }));
  const postgres = target.then(async () => make("postgres", { DEBIAN: await debian }));
  const python = postgres.then(async () => make("python", { DEBIAN: await debian }));
  const caddy = Promise.all([caddyBin, python]).then(async ([bin]) =>
    make("caddy", { DEBIAN: await debian }, { caddy: `${bin}/caddy` }),
  );

  const engineBase = python.then(async () => make("engine-base", { DEBIAN: await debian }));
  const engine = Promise.all([engineBase, node, registry, daggerBin, toolsBin]).then(async (inputs) => {
    const [engineBase, node, registryImage, daggerBin, toolsBin] = inputs;
    const parts = { engineBase, node, registryImage, daggerBin, toolsBin };
    const tag = await step("engine image", (run) => buildEngineImage(run, docker, place, network, parts));
    await step("start engine", (run) => startEngine(run, docker, place, network, tag, true));
  });
  const mirrored = Object.entries({ debian, node, postgres, python, caddy }).map(([name, built]) =>
    Promise.all([built, registry, serving]).then(([tag, tools]) =>
      step(`mirror ${name}`, (run) =>
        mirrorImage(run, docker, place, network, tools, tag, publicNames[name] ?? []),
      ),
    ),
  );
  const dagger = daggerBin.then(async (bin) => (await installedDagger()) ?? built(bin));
  await Promise.all([engine, target, dagger, ...mirrored]);
  const images = { registry: await registry, target: await target, node: await node };
  return { docker, network, images, mirrored: true, daggerPath: await dagger };
}

/** Decided once: a machine that can pull one image from Docker Hub can pull all. */
async function chooseSource(run: Run, docker: Docker, place: Place): Promise<"pull" | "build"> {
  const known = readState(place).images;
  if (known) return known;
  const images = await docker.cli(run, "pull", "-q", `debian:${versions.debian}-slim`).then(
    () => "pull" as const,
    () => "build" as const,
  );
  updateState(place, { images });
  return images;
}

async function pullImage(run: Run, docker: Docker, image: string): Promise<string> {
  if (!(await docker.exists("image", image))) await docker.cli(run, "pull", "-q", image);
  return image;
}

const NODE = `node:${versions.node}-bookworm-slim`;

const built = (bin: string) => `${bin}/dagger`;

function image(
  run: Run,
  docker: Docker,
  name: string,
  args: Record<string, string>,
  files: Record<string, string> = {},
): Promise<string> {
  return buildImage(run, docker, { name, args, files });
}
