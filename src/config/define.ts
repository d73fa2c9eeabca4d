import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, EvenkeelError } from "../errors.js";
import type { Config } from "./config.js";
import { readIfThere } from "./files.js";
import { parseConfig } from "./parse.js";
import type { WrittenConfig } from "./schema.js";

/**
 * A configuration written in TypeScript: what `evenkeel.yaml` would say, with the same rules.
 *
 * @param from `import.meta.url` of the file it stands in: messages name that file, and `knownHosts` is relative
 * to it. Without it: the current folder.
 * @throws EvenkeelError `config-invalid`, with every problem there is, each with its path.
 */
export function defineConfig(written: WrittenConfig, from?: string): Config {
  const path = from === undefined ? null : pathOf(from);
  const file = path === null ? "The configuration" : path;
  const folder = path === null ? process.cwd() : dirname(path);
  return parseConfig(asText(written, file), {
    file,
    readFile: (other) => readIfThere(resolve(folder, other)),
    withoutLines: true,
  });
}

// JSON is YAML, so that there is one reader, with one set of limits, for both.
function asText(written: unknown, file: string): string {
  try {
    return JSON.stringify(written, null, 1) ?? "";
  } catch (cause) {
    throw new EvenkeelError("config-invalid", `${file} is not plain data: ${describe(cause)}`, { cause });
  }
}

function pathOf(from: string): string {
  return from.startsWith("file:") ? fileURLToPath(from) : from;
}
