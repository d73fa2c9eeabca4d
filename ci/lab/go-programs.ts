import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./command.js";
import { buildPart, recipeHash } from "./part.js";
import type { Place } from "./place.js";

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
    const env = {
      ...process.env,
      GOFLAGS: "-mod=mod",
      // The checksum database is not a package registry, and go.sum has the sums.
      GONOSUMDB: "*",
      CGO_ENABLED: "0",
      GOBIN: join(unfinished, "bin"),
    };
    // Flags as in binaries.ts, so that what is compiled there need not be again.
    await run(["go", "install", "-trimpath", "-ldflags", "-s -w", "tool"], { cwd: source, env });
  });
  return join(folder, "bin");
}
