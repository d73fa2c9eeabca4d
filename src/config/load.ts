import { closeSync, openSync, readSync } from "node:fs";
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
    return beginningOf(path);
  } catch (cause) {
    throw new EvenkeelError("config-missing", `${path} cannot be read: ${describe(cause)}.`, { cause });
  }
}

function readIfThere(path: string): string | null {
  try {
    return beginningOf(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new EvenkeelError("config-invalid", `${path} cannot be read: ${describe(cause)}.`, { cause });
  }
}

/** More than any text that is accepted, so that one of any size, or a device without an end, is refused as too large. */
const MOST_BYTES = 2 * 1024 * 1024;

function beginningOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(MOST_BYTES);
    let length = 0;
    for (let read = -1; read !== 0; length += read)
      read = readSync(file, bytes, length, MOST_BYTES - length, null);
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}
