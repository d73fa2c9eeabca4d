import { join } from "node:path";
import { type Run, succeeds } from "../lab/command.js";
import { buildGoPrograms } from "../lab/go-programs.js";
import { needPackages } from "../lab/packages.js";
import { buildPart, recipeHash } from "../lab/part.js";
import type { Place } from "../lab/place.js";

/**
 * `act`, which runs a workflow on this machine, and `actionlint`.
 *
 * @returns the folder with both programs.
 */
export function buildActionTools(run: Run, place: Place): Promise<string> {
  return buildGoPrograms(run, place, "action-tools", join(import.meta.dirname, "tools"));
}

/**
 * `zizmor`, which looks for what a workflow could be abused for, in the version of audit/requirements.txt.
 * Installed once into the lab's cache.
 *
 * @returns the path of the program.
 */
export async function installZizmor(run: Run, place: Place): Promise<string> {
  const recipe = join(import.meta.dirname, "audit");
  const folder = await buildPart(place, "zizmor", recipeHash(recipe, process.arch), async (unfinished) => {
    if (!(await succeeds(["python3", "-m", "pip", "--version"]))) await needPackages(run, "python3-pip");
    const words = ["--require-hashes", "--only-binary=:all:", "--no-deps", "--target", unfinished];
    const list = join(recipe, "requirements.txt");
    await run(["python3", "-m", "pip", "install", "--quiet", ...words, "-r", list]);
  });
  return join(folder, "bin/zizmor");
}
