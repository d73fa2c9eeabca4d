import type { Client, Directory, Secret } from "@dagger.io/dagger";
import { readNodeProject } from "../node/project.js";
import type { Context } from "../source/context.js";
import type { TestsPassed } from "../test-gate/gate.js";
import type { Built } from "./built.js";
import { buildDockerfileImage } from "./dockerfile-image.js";
import { labelsOf, type Provenance } from "./labels.js";
import { buildNodeImage } from "./node-image.js";

export interface BuildOptions {
  readonly provenance: Provenance;
  /** The proof that lets the image be deployed, kept in its labels. */
  readonly tests: TestsPassed;
  /** Build secrets by name. */
  readonly secrets: ReadonlyMap<string, Secret>;
}

/**
 * Builds the image of a project: with its Dockerfile or, where there is none, as a Node project.
 *
 * @throws EvenkeelError `build-failed`, `image-missing`
 */
export async function buildImage(client: Client, context: Context, options: BuildOptions): Promise<Built> {
  const { provenance, secrets } = options;
  const built = context.hasDockerfile
    ? await buildDockerfileImage(context.folder, provenance.build, secrets)
    : await buildNode(client, context.folder, provenance);
  const labels = Object.entries(labelsOf(provenance, built.base, options.tests.verdict === "passed"));
  const container = labels.reduce((image, [name, value]) => image.withLabel(name, value), built.container);
  return { ...built, container };
}

async function buildNode(client: Client, folder: Directory, provenance: Provenance): Promise<Built> {
  return buildNodeImage(client, await readNodeProject(folder), {
    config: provenance.build.node,
    platform: provenance.build.platform,
    committedSeconds: provenance.committedSeconds,
  });
}
