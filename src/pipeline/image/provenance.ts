import type { Directory } from "@dagger.io/dagger";
import type { BuildConfig } from "../../config/config.js";
import { type Checkout, requireCommit } from "../source/checkout.js";
import { readCommitTime } from "../source/commit-time.js";
import { type Provenance, publicSourceUrl } from "./labels.js";

/**
 * What a checkout to be published is called: its commit, or `COMMIT-dirty-HASH` where files differ from it.
 *
 * @throws EvenkeelError `usage` without a repository, `dirty-tree` unless that is allowed
 */
export async function publishedRevision(checkout: Checkout, dirtyAllowed: boolean): Promise<string> {
  const commit = requireCommit(checkout, dirtyAllowed);
  return checkout.changes.length === 0 ? commit : `${commit}-dirty-${await shortDigest(checkout)}`;
}

/** The same for a checkout that stays here, which may be anything. */
export async function localRevision(checkout: Checkout): Promise<string> {
  return checkout.commit === null
    ? `unversioned-${await shortDigest(checkout)}`
    : publishedRevision(checkout, true);
}

/** What an image of this checkout is made from. */
export async function readProvenance(
  source: Directory,
  checkout: Checkout,
  build: BuildConfig,
  revision: string,
): Promise<Provenance> {
  const [committedSeconds, sourceUrl] = await Promise.all([
    checkout.commit === null ? null : readCommitTime(source, checkout.commit),
    readSourceUrl(source),
  ]);
  return { revision, committedSeconds, sourceUrl, build };
}

async function shortDigest({ tree }: Checkout): Promise<string> {
  return (await tree.digest()).replace(/^.*:/, "").slice(0, 12);
}

// In CI this file may also hold a token: nothing but the one address is taken from it.
async function readSourceUrl(source: Directory): Promise<string | null> {
  if (!(await source.exists(".git/config"))) return null;
  const text = await source.file(".git/config").contents();
  const section = /^\[remote "origin"\]$([^[]*)/m.exec(text)?.[1] ?? "";
  const url = /^\s*url\s*=\s*(.+?)\s*$/m.exec(section)?.[1];
  return url === undefined ? null : publicSourceUrl(url);
}
