import { createHash, createHmac } from "node:crypto";

/**
 * Tells whether secrets changed without telling what they are: the key is the host's own and never
 * leaves the host and the runner's memory.
 * @param keyHex the host's key in hexadecimal digits.
 */
export function secretsHash(secrets: ReadonlyMap<string, string>, keyHex: string): string {
  const canonical = [...secrets].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return createHmac("sha256", Buffer.from(keyHex, "hex")).update(JSON.stringify(canonical)).digest("hex");
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
