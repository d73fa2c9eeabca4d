import type { Client, Directory } from "@dagger.io/dagger";
import { readCheckout } from "./source/checkout.js";
import { readConfiguration } from "./source/configuration.js";
import { runTests } from "./test-gate/gate.js";

/** Runs the project's tests; says what ran, for how long, and what it left running. */
export async function test(client: Client, source: Directory, configPath: string): Promise<string> {
  const config = await readConfiguration(source, configPath);
  const checkout = await readCheckout(source);
  const tests = await runTests(client, checkout.tree.directory(config.build.context), config.test);
  return tests.summary;
}
