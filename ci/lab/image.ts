import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Run } from "./command.js";
import type { Docker } from "./docker.js";
import { recipeHash } from "./part.js";
import { recipesFolder } from "./place.js";

export interface ImageRecipe {
  /** Folder below recipes/ with a Dockerfile. */
  readonly name: string;
  /** Build arguments: other images, versions, digests. */
  readonly args?: Readonly<Record<string, string>>;
  /** Built files for the Docker context: place in it → path, whose part's hash is in the path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Builds an image unless one of the same recipe is there; returns its name, which has the recipe's hash. */
export async function buildImage(run: Run, docker: Docker, recipe: ImageRecipe): Promise<string> {
  const { name, args = {}, files = {} } = recipe;
  const folder = join(recipesFolder, name);
  const tag = `evenkeel-lab/${name}:${recipeHash(folder, JSON.stringify([args, files]))}`;
  if (await docker.exists("image", tag)) return tag;

  const context = mkdtempSync(join(tmpdir(), `evenkeel-lab-${name}-`));
  try {
    cpSync(folder, context, { recursive: true });
    for (const [to, from] of Object.entries(files)) {
      mkdirSync(join(context, to, ".."), { recursive: true });
      cpSync(from, join(context, to), { recursive: true, verbatimSymlinks: true });
    }
    const given = Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
    // The host's network, because the lab's own daemon has no default bridge.
    await docker.cli(run, "build", "--network", "host", ...given, "-t", tag, context);
    return tag;
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
