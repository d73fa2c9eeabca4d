import type { Directory } from "@dagger.io/dagger";
import type { BuildConfig } from "../../config/config.js";
import { type Checkout, requireCommit } from "../source/checkout.js";
import { readCommitTime } from "../source/commit-time.js";
import { type Provenance, publicSourceUrl } from "./labels.js";

/**
 * What an image of this checkout is made from.
 *
 * @throws EvenkeelError `usage` without a repository, `dirty-tree` unless dirty trees are allowed
 */
export async function readProvenance(
  source: Directory,
  checkout: Checkout,
  build: BuildConfig,
  options: { readonly dirty: boolean },
): Promise<Provenance> {
  const commit = requireCommit(checkout, options.dirty);
  const dirty = checkout.changes.length > 0;
  const [committedSeconds, sourceUrl] = await Promise.all([
    readCommitTime(source, commit),
    readSourceUrl(source),
  ]);
  return {
    revision: dirty ? `${commit}-dirty-${shortened(await checkout.tree.digest())}` : commit,
    committedSeconds,
    sourceUrl,
    build,
  };
}

function shortened(digest: string): string {
  return digest.replace(/^.*:/, "").slice(0, 12);
}

// In CI this file may also hold a token: nothing but the one address is taken from it.
async function readSourceUrl(source: Directory): Promise<string | null> {
  if (!(await source.exists(".git/config"))) return null;
  const text = await source.file(".git/config").contents();
  const section = /^\[remote "origin"\]$([^[]*)/m.exec(text)?.[1] ?? "";
  const url = /^\s*url\s*=\s*(.+?)\s*$/m.exec(section)?.[1];
  return url === undefined ? null : publicSourceUrl(url);
}
