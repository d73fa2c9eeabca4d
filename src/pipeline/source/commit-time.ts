import { mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import type { Directory } from "@dagger.io/dagger";

/**
 * When a commit was made, in seconds since 1970; null when git's files do not tell. The engine has no call
 * for it, and an image with git would have to be had for this alone, so that the commit object is read.
 */
export async function readCommitTime(source: Directory, commit: string): Promise<number | null> {
  const folder = await mkdtemp(join(tmpdir(), "evenkeel-git-"));
  try {
    // One commit deep, so that however long the history is, little is moved and no commit is a delta of another.
    const objects = source.asGit().head().tree({ depth: 1 }).directory(".git/objects");
    const loose = `${commit.slice(0, 2)}/${commit.slice(2)}`;
    await objects.filter({ include: [loose, "pack/*.pack", "pack/*.idx"] }).export(folder);
    const object = (await readLoose(join(folder, loose))) ?? (await readPacked(join(folder, "pack"), commit));
    return object === null ? null : committedAt(object);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readLoose(path: string): Promise<string | null> {
  const bytes = await readIfThere(path);
  return bytes === null ? null : inflateSync(bytes).toString("utf8");
}

async function readPacked(folder: string, commit: string): Promise<string | null> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.endsWith(".idx"))) {
    const offset = offsetIn(await readFile(join(folder, name)), commit);
    if (offset !== null) return readAt(join(folder, name.replace(/idx$/, "pack")), offset);
  }
  return null;
}

// The layout of an index, version 2, and of an entry in a pack: gitformat-pack(5).
const INDEX_MAGIC = 0xff744f63;
const TABLE_START = 8;
const HASHES_START = TABLE_START + 256 * 4;

function offsetIn(index: Buffer, commit: string): number | null {
  if (index.readUInt32BE(0) !== INDEX_MAGIC || index.readUInt32BE(4) !== 2) return null;
  const wanted = Buffer.from(commit, "hex");
  const total = index.readUInt32BE(TABLE_START + 255 * 4);
  const size = wanted.length;
  for (let at = 0; at < total; at++) {
    const start = HASHES_START + at * size;
    if (!index.subarray(start, start + size).equals(wanted)) continue;
    return index.readUInt32BE(HASHES_START + total * (size + 4) + at * 4);
  }
  return null;
}

const COMMIT_TYPE = 1;
/** More than any commit's head, with every parent and author, needs. */
const HEAD_BYTES = 64 * 1024;

async function readAt(path: string, offset: number): Promise<string | null> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, offset);
    const entry = buffer.subarray(0, bytesRead);
    if (((entry[0] ?? 0) >> 4) % 8 !== COMMIT_TYPE) return null;
    let start = 0;
    while (((entry[start] ?? 0) & 0x80) !== 0) start++;
    return inflateSync(entry.subarray(start + 1), { finishFlush: 2 }).toString("utf8");
  } finally {
    await file.close();
  }
}

function committedAt(object: string): number | null {
  const seconds = /^committer .*> (\d+) [+-]\d{4}$/m.exec(object)?.[1];
  return seconds === undefined ? null : Number(seconds);
}

function readIfThere(path: string): Promise<Buffer | null> {
  return readFile(path).catch(() => null);
}
