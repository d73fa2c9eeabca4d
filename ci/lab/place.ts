import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Where the lab keeps its things: outside of every checkout, so that all share one lab. */
export interface Place {
  readonly home: string;
  readonly checkout: string;
  /** A container, volume or network name that no other lab on the same Docker daemon has. */
  name(part: string): string;
  /** A path below home whose folder exists. */
  path(...parts: readonly string[]): string;
}

export const recipesFolder = join(import.meta.dirname, "recipes");

export function findPlace(env: NodeJS.ProcessEnv = process.env): Place {
  const cache = env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const home = resolve(env.EVENKEEL_LAB_HOME || join(cache, "evenkeel-lab"));
  const id = shortHash(home).slice(0, 4);
  return {
    home,
    checkout: resolve(import.meta.dirname, "../.."),
    name: (part) => `evenkeel-lab-${id}-${part}`,
    path: (...parts) => {
      const path = join(home, ...parts);
      mkdirSync(join(path, ".."), { recursive: true });
      return path;
    },
  };
}

export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
