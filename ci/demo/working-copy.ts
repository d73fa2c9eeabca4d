import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseDocument } from "yaml";
import type { Change } from "./changes.js";

const execute = promisify(execFile);

/** Where the demo deploys to, as the copy's evenkeel.yaml has to say it. */
export interface Destination {
  /** Repository of the image, without a tag. */
  readonly image: string;
  readonly host: string;
  readonly user: string;
  readonly hostKeyLine: string;
  readonly network: string;
}

/** A git repository in a temporary folder, made of examples/unleash, in which the demo commits its releases. */
export interface WorkingCopy {
  readonly folder: string;
  /** A commit on the main branch, which every later commit builds on. */
  release(change: Change): Promise<Commit>;
  /** A commit on a branch of its own: tried, and left behind when it was no good. */
  attempt(change: Change): Promise<Commit>;
  /** Back to the main branch. */
  leave(): Promise<void>;
}

export interface Commit {
  readonly sha: string;
  /** The lines that were added or removed, as `git show` has them. */
  readonly diff: readonly string[];
}

export async function createWorkingCopy(example: string, destination: Destination): Promise<WorkingCopy> {
  const folder = join(await mkdtemp(join(tmpdir(), "evenkeel-demo-")), "flags");
  await mkdir(folder);
  await cp(example, folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  const git = async (...args: string[]): Promise<string> => {
    const who = ["-c", "user.name=Demo", "-c", "user.email=demo@example.com", "-c", "commit.gpgsign=false"];
    return (await execute("git", [...who, ...args], { cwd: folder })).stdout.trim();
  };
  await git("init", "--quiet", "--initial-branch=main");
  await point(folder, destination);
  await git("add", "--all");
  await git("commit", "--quiet", "-m", "The example, pointed at the lab");

  const commit = async ({ title, edits, patch }: Change): Promise<Commit> => {
    if (patch !== undefined) await git("apply", "--unidiff-zero", patch);
    for (const { file, edit } of edits) await editFile(join(folder, file), edit);
    await git("add", "--all");
    await git("commit", "--quiet", "--allow-empty", "-m", title);
    const shown = await git("show", "--format=", "--unified=0", "--", ":!package-lock.json");
    return {
      sha: await git("rev-parse", "HEAD"),
      diff: shown.split("\n").filter((line) => /^[+-](?!\+\+ |-- )/.test(line)),
    };
  };
  return {
    folder,
    release: async (change) => {
      await git("switch", "--quiet", "main");
      return commit(change);
    },
    attempt: async (change) => {
      await git("switch", "--quiet", "--force-create", "attempt", "main");
      return commit(change);
    },
    leave: async () => void (await git("switch", "--quiet", "main")),
  };
}

async function editFile(path: string, edit: (text: string) => string): Promise<void> {
  const before = await readFile(path, "utf8").catch(() => "");
  const after = edit(before);
  // A change that changes nothing would let a step pass that never showed its fault.
  if (after === before) throw new Error(`the demo's change left ${path} as it was`);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, after);
}

/** The example's evenkeel.yaml with the lab's addresses, and times short enough to watch. */
async function point(folder: string, destination: Destination): Promise<void> {
  const path = join(folder, "evenkeel.yaml");
  const document = parseDocument(await readFile(path, "utf8"));
  document.set("image", destination.image);
  document.setIn(["container", "networks"], [destination.network]);
  // Unleash stops at 5000 flags unless told otherwise; the visitors create more.
  document.setIn(["container", "env", "UNLEASH_FEATURE_FLAGS_LIMIT"], "100000");
  document.set("health", { path: "/health", interval: "500ms", deadline: "60s" });
  document.set("bake", { duration: "10s", interval: "500ms", deadline: "40s" });
  document.setIn(["environments", "production"], {
    host: destination.host,
    user: destination.user,
    knownHosts: "known_hosts",
    publicUrl: `http://${destination.host}/health`,
  });
  await writeFile(path, document.toString());
  await writeFile(join(folder, "known_hosts"), `${destination.hostKeyLine}\n`);
}
