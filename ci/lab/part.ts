import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "./place.js";

/** The identity of something built: the files of its recipe and everything else that went in. */
export function recipeHash(folder: string | undefined, ...inputs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) hash.update(`${input}\0`);
  for (const file of folder ? filesBelow(folder) : []) {
    const executable = statSync(join(folder as string, file)).mode & 0o100 ? "x" : "-";
    hash.update(`${file}\0${executable}\0`).update(readFileSync(join(folder as string, file)));
  }
  return hash.digest("hex").slice(0, 12);
}

/**
 * A folder built once per hash. It appears whole or not at all: an interrupted build leaves
 * only a temporary folder, which the next one removes.
 */
export async function buildPart(
  place: Place,
  name: string,
  hash: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const finished = place.path("parts", `${name}-${hash}`);
  if (existsSync(finished)) return finished;
  const unfinished = `${finished}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  await build(unfinished);
  renameSync(unfinished, finished);
  return finished;
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
