import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { execute } from "../../../ci/lab/command.js";

export const root = resolve(import.meta.dirname, "../../..");

/** The npm package as it would be published, in a folder; the path of its tarball. */
export async function packInto(folder: string): Promise<string> {
  // A checkout of its own, so that neither a stale dist nor another run gets into it.
  const checkout = join(folder, "checkout");
  mkdirSync(checkout);
  const parts = ["src", "cli", "package.json", "tsconfig.json", "tsconfig.build.json"];
  for (const part of [...parts, "README.md", "CHANGELOG.md", "LICENSE"])
    cpSync(join(root, part), join(checkout, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
  const { stdout } = await must(["npm", "pack", "--silent", "--pack-destination", folder], checkout);
  return join(folder, stdout.trim().split("\n").at(-1) ?? "");
}

/** What a command printed; that it fails is the failure. */
export async function must(argv: readonly string[], cwd = root, env = process.env) {
  const outcome = await execute(argv, { cwd, env });
  if (outcome.code !== 0)
    throw new Error(`${argv.join(" ")} ended with ${outcome.code}:\n${outcome.stdout}${outcome.stderr}`);
  return outcome;
}
