import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Run, succeeds } from "./command.js";
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
 * What is built from a folder with a go.mod, in the versions named there. Built once per version into the lab's
 * cache, outside of every checkout.
 *
 * @param flags whatever else decides what comes out.
 * @returns the folder with the programs.
 */
export async function buildGo(
  place: Place,
  name: string,
  recipe: string,
  flags: readonly string[],
  build: (source: string, bin: string) => Promise<void>,
): Promise<string> {
  const hash = recipeHash(recipe, process.arch, ...flags);
  const folder = await buildPart(place, name, hash, async (unfinished) => {
    if (!(await succeeds(["go", "version"]))) {
      throw new Error("Go 1.26 or later is needed to build what this machine cannot pull: https://go.dev/dl");
    }
    // A copy, because Go would write what it resolves into the checkout's go.mod.
    const source = join(unfinished, "source");
    cpSync(recipe, source, { recursive: true });
    mkdirSync(join(unfinished, "bin"));
    await build(source, join(unfinished, "bin"));
  });
  return join(folder, "bin");
}

/** The programs under `tool` in the go.mod of a folder. */
export function buildGoPrograms(run: Run, place: Place, name: string, recipe: string): Promise<string> {
  return buildGo(place, name, recipe, [], async (source, bin) => {
    await run(["go", "install", ...stripped, "tool"], { cwd: source, env: goEnv({ GOBIN: bin }) });
  });
}
