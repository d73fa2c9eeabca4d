import type { Client, Directory, Secret } from "@dagger.io/dagger";
import type { BuildConfig } from "../../config/config.js";
import { EvenkeelError } from "../../errors.js";
import { readNodeProject } from "../node/project.js";
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
 * @param folder the project's folder, without what the image should not hold
 * @throws EvenkeelError `build-failed`, `image-missing`, or `secrets-missing` for a build secret
 */
export async function buildImage(client: Client, folder: Directory, options: BuildOptions): Promise<Built> {
  const { provenance, secrets } = options;
  const { build } = provenance;
  const missing = build.secretNames.filter((name) => !secrets.has(name));
  if (missing.length > 0)
    throw new EvenkeelError("secrets-missing", `Build secrets are missing: ${missing.join(", ")}.`, {
      why: "`build.secrets` in evenkeel.yaml names them.",
      next: "Pass them as `--build-secrets`, in dotenv form.",
    });
  const built = (await hasDockerfile(folder, build))
    ? await buildDockerfileImage(folder, build, secrets)
    : await buildNode(client, folder, provenance);
  const labels = Object.entries(labelsOf(provenance, built.base, options.tests.verdict === "passed"));
  const container = labels.reduce((image, [name, value]) => image.withLabel(name, value), built.container);
  return { ...built, container };
}

async function hasDockerfile(folder: Directory, build: BuildConfig): Promise<boolean> {
  if (build.dockerfile !== null) {
    if (await folder.exists(build.dockerfile)) return true;
    throw new EvenkeelError("build-failed", `There is no ${build.dockerfile} in ${build.context}.`, {
      why: "`build.dockerfile` in evenkeel.yaml names it, relative to `build.context`.",
      next: "Correct the path, and commit the file.",
    });
  }
  return !build.node.asked && (await folder.exists("Dockerfile"));
}

async function buildNode(client: Client, folder: Directory, provenance: Provenance): Promise<Built> {
  const project = await readNodeProject(folder);
  if (project === null)
    throw new EvenkeelError(
      "build-failed",
      `${provenance.build.context} has neither a Dockerfile nor a package.json.`,
      {
        why: "An image is built with the project's Dockerfile or, without one, as a Node project.",
        next: "Commit a Dockerfile, or point `build.context` in evenkeel.yaml at the project's folder.",
      },
    );
  return buildNodeImage(client, project, {
    config: provenance.build.node,
    platform: provenance.build.platform,
    committedSeconds: provenance.committedSeconds,
  });
}
