import { closeSync, openSync, readSync } from "node:fs";
import { describe, EvenkeelError } from "../errors.js";

/**
 * The text of a file that a configuration names; null when there is none.
 *
 * @throws EvenkeelError `config-invalid` when it cannot be read.
 */
export function readIfThere(path: string): string | null {
  try {
    return beginningOf(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new EvenkeelError("config-invalid", `${path} cannot be read: ${describe(cause)}.`, { cause });
  }
}

/** More than any text that is accepted, so that one of any size, or a device without an end, is refused as too large. */
const MOST_BYTES = 2 * 1024 * 1024;

/** The text of a file, or as much of it as matters. */
export function beginningOf(path: string): string {
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
