import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "../lab/command.js";
import { buildPart, recipeHash } from "../lab/part.js";
import type { Place } from "../lab/place.js";

const recipe = join(import.meta.dirname, "tools");

/**
 * `act`, which runs a workflow on this machine, and `actionlint`, in the versions of tools/go.mod. Built
 * once per version into the lab's cache, outside of every checkout.
 *
 * @returns the folder with both programs.
 */
export async function buildActionTools(run: Run, place: Place): Promise<string> {
  const hash = recipeHash(recipe, process.arch);
  const folder = await buildPart(place, "action-tools", hash, async (unfinished) => {
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
    await run(["go", "install", "-ldflags", "-s -w", "tool"], { cwd: source, env });
  });
  return join(folder, "bin");
}
