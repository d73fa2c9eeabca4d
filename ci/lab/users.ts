import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shortHash } from "./place.js";

/** The checkouts that use the lab: it goes down with the last one. */
export interface Users {
  add(checkout: string): void;
  remove(checkout: string): void;
  list(): readonly string[];
}

export function usersIn(folder: string): Users {
  const fileOf = (checkout: string) => join(folder, shortHash(checkout));
  return {
    add(checkout) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(fileOf(checkout), checkout);
    },
    remove: (checkout) => rmSync(fileOf(checkout), { force: true }),
    list() {
      const files = existsSync(folder) ? readdirSync(folder) : [];
      // A deleted checkout cannot say goodbye.
      return files.map((file) => readFileSync(join(folder, file), "utf8")).filter((path) => existsSync(path));
    },
  };
}
