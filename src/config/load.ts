import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { describe, EvenkeelError } from "../errors.js";
import type { Config } from "./config.js";
import { parseConfig } from "./parse.js";

/**
 * The configuration in a file, and in the files that it names.
 *
 * @throws EvenkeelError `config-missing` when the file cannot be read, `config-invalid` when it says
 * something that is not allowed.
 */
export function loadConfig(path = "evenkeel.yaml"): Config {
  return parseConfig(read(path), {
    file: path,
    readFile: (other) => readIfThere(resolve(dirname(path), other)),
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new EvenkeelError("config-missing", `${path} cannot be read: ${describe(cause)}.`, { cause });
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new EvenkeelError("config-invalid", `${path} cannot be read: ${describe(cause)}.`, { cause });
  }
}
