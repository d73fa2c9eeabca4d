import { createHash } from "node:crypto";
import type { Container } from "@dagger.io/dagger";

/**
 * Gives everything below a path one modification time, so that the same files make the same layer. With
 * Node, which is there: `touch -h` is not in every image. Links are changed themselves, not followed.
 */
export function withTimestamps(container: Container, path: string, seconds: number): Container {
  return container.withExec(["node", "-e", SET_TIMES, path, String(seconds)]);
}

const SET_TIMES = `
const { lutimesSync, readdirSync } = require("node:fs");
const [root, seconds] = [process.argv[1], Number(process.argv[2])];
for (const entry of readdirSync(root, { recursive: true })) lutimesSync(root + "/" + entry, seconds, seconds);
lutimesSync(root, seconds, seconds);
`.trim();

const FIRST_SECOND = 946_684_800; // 2000-01-01
const RANGE_SECONDS = 25 * 365 * 86_400;

/**
 * A time that stands for a text: another text, another time. One constant time for all would make a file
 * that changed but kept its length look unchanged to browsers, because web servers make the validator of a
 * static file (ETag, Last-Modified) from its time and length.
 */
export function timeOf(text: string): number {
  return FIRST_SECOND + (createHash("sha256").update(text).digest().readUInt32BE(0) % RANGE_SECONDS);
}
