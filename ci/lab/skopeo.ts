import { rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Run } from "./command.js";
import type { Docker } from "./docker.js";
import type { Place } from "./place.js";

/** Where skopeo is, and the network from which it reaches the registry. */
export interface Skopeo {
  readonly image: string;
  readonly network: string;
}

const copyToEach =
  'archive=$1; shift; for to; do skopeo copy -q --dest-tls-verify=false "$archive" "$to" || exit; done';

/** Copies an image from the Docker daemon to names in the registry. */
export function pushImage(
  run: Run,
  docker: Docker,
  place: Place,
  skopeo: Skopeo,
  image: string,
  references: readonly string[],
): Promise<void> {
  const destinations = references.map((reference) => `docker://${reference}`);
  return withArchive(run, docker, place, image, async (folder, archive) => {
    const copy = ["sh", "-c", copyToEach, "sh", archive, ...destinations];
    await docker.cli(run, ...inContainer(skopeo, folder), ...copy);
  });
}

/** Writes an image from the Docker daemon as an OCI layout named `content` into `folder`. */
export function writeLayout(
  run: Run,
  docker: Docker,
  place: Place,
  skopeo: Skopeo,
  image: string,
  folder: string,
): Promise<void> {
  return withArchive(run, docker, place, image, async (exchange, archive) => {
    // Not compressed: it is only moved within this machine.
    const copy = [
      "skopeo",
      "copy",
      "-q",
      "--dest-oci-accept-uncompressed-layers",
      archive,
      "oci:/to/content:latest",
    ];
    await docker.cli(run, ...inContainer(skopeo, exchange, "-v", `${folder}:/to`), ...copy);
  });
}

function inContainer(skopeo: Skopeo, exchange: string, ...more: readonly string[]): readonly string[] {
  return ["run", "--rm", "-v", `${exchange}:/exchange`, "--network", skopeo.network, ...more, skopeo.image];
}

async function withArchive(
  run: Run,
  docker: Docker,
  place: Place,
  image: string,
  work: (folder: string, archiveInside: string) => Promise<void>,
): Promise<void> {
  const archive = place.path("exchange", `${process.pid}-${Math.random().toString(36).slice(2)}.tar`);
  try {
    await docker.cli(run, "save", "-o", archive, image);
    await work(dirname(archive), `docker-archive:/exchange/${basename(archive)}`);
  } finally {
    rmSync(archive, { force: true });
  }
}
