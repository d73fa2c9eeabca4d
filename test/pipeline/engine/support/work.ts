import type { Client } from "@dagger.io/dagger";
import type { Work } from "../../../../src/pipeline/pipeline.js";
import { readConfiguration } from "../../../../src/pipeline/source/configuration.js";
import type { Repository } from "./repository.js";

/** What the module makes of a call on a repository, from its files as they are now. */
export async function workOn(client: Client, { path }: Repository): Promise<Work> {
  const source = client.host().directory(path, { exclude: ["**/node_modules"], noCache: true });
  return { client, source, config: await readConfiguration(source, "evenkeel.yaml") };
}
