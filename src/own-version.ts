import { createRequire } from "node:module";
import { EvenkeelError } from "./errors.js";

/** The version of this evenkeel, as its package.json says it. */
export function ownVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)("evenkeel/package.json");
  const version = (manifest as { version?: unknown }).version;
  if (typeof version !== "string") throw new EvenkeelError("bug", "package.json says no version.");
  return version;
}
