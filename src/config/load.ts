import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { describe, EvenkeelError } from "../errors.js";
import type { Config } from "./config.js";
import { defineConfig } from "./define.js";
import { beginningOf, readIfThere } from "./files.js";
import { parseConfig } from "./parse.js";
import type { WrittenConfig } from "./schema.js";

/**
 * The configuration in a file, and in the files that it names. A file in JavaScript or TypeScript is run, and
 * its default export is the configuration: what `defineConfig` returns, or what it takes.
 *
 * @throws EvenkeelError `config-missing` when the file cannot be read, `config-invalid` when it says
 * something that is not allowed.
 */
export function loadConfig(path = "evenkeel.yaml"): Config {
  const text = read(path);
  if (/\.[cm]?[jt]s$/.test(path)) return configIn(path);
  return parseConfig(text, {
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

function configIn(path: string): Config {
  const exported = defaultExportOf(path);
  if (typeof exported !== "object" || exported === null)
    throw new EvenkeelError("config-invalid", `${path} has no configuration as its default export.`, {
      next: "Write `export default defineConfig({ … })` in it.",
    });
  if ("environments" in exported && exported.environments instanceof Map) return exported as Config;
  return defineConfig(exported as WrittenConfig, path);
}

function defaultExportOf(path: string): unknown {
  try {
    const loaded = createRequire(import.meta.url)(resolve(path)) as { readonly default?: unknown };
    return loaded.default;
  } catch (cause) {
    // By its name, because the file may have brought an evenkeel of its own.
    if (cause instanceof Error && cause.name === "EvenkeelError") throw cause;
    throw new EvenkeelError("config-invalid", `${path} cannot be run: ${describe(cause)}`, { cause });
  }
}
