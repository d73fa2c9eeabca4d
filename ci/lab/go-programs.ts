import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./command.js";
import { buildPart, recipeHash } from "./part.js";
import type { Place } from "./place.js";

export const goEnv = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  GOFLAGS: "-mod=mod",
  // The checksum database is not a package registry, and go.sum has the sums.
  GONOSUMDB: "*",
  CGO_ENABLED: "0",
  ...extra,
});

/** The same for all, so that what one has compiled of the standard library the next need not. */
export const common = ["-trimpath", "-ldflags"];
export const stripped = [...common, "-s -w"];

/**
 * The programs under `tool` in the go.mod of a folder, in the versions named there. Built once per version into
 * the lab's cache, outside of every checkout.
 *
 * @returns the folder with the programs.
 */
export async function buildGoPrograms(run: Run, place: Place, name: string, recipe: string): Promise<string> {
  const hash = recipeHash(recipe, process.arch);
  const folder = await buildPart(place, name, hash, async (unfinished) => {
    // A copy, because Go writes what it resolves into go.mod.
    const source = join(unfinished, "source");
    cpSync(recipe, source, { recursive: true });
    mkdirSync(join(unfinished, "bin"));
    const env = goEnv({ GOBIN: join(unfinished, "bin") });
    await run(["go", "install", ...stripped, "tool"], { cwd: source, env });
  });
  return join(folder, "bin");
}
