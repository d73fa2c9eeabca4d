import type { Directory } from "@dagger.io/dagger";
import type { Config } from "../../config/config.js";
import { filesNamedIn, parseConfig } from "../../config/parse.js";
import { EvenkeelError } from "../../errors.js";

/**
 * The configuration in a folder of the engine, with the files that it names.
 *
 * @param path the configuration's path in the folder
 * @throws EvenkeelError `config-missing` when it is not there, `config-invalid` when it says something that
 * is not allowed
 */
export async function readConfiguration(source: Directory, path: string): Promise<Config> {
  if (!(await source.exists(path)))
    throw new EvenkeelError("config-missing", `There is no ${path} in the source.`);
  const text = await source.file(path).contents();
  const folder = path.split("/").slice(0, -1);
  const files = new Map<string, string>();
  for (const name of filesNamedIn(text)) {
    const place = [...folder, name].join("/");
    if (await source.exists(place)) files.set(name, await source.file(place).contents());
  }
  return parseConfig(text, { file: path, readFile: (name) => files.get(name) ?? null });
}
