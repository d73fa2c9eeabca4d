import type { Directory } from "@dagger.io/dagger";
import { EvenkeelError } from "../../errors.js";
import { engineWords } from "../engine-error.js";

/** What is tested and built: the files of a commit and what has been changed since, and nothing else. */
export interface Checkout {
  /** Without `.git` and without what git ignores. */
  readonly tree: Directory;
  /** The full hash of the commit; null where there is no repository. */
  readonly commit: string | null;
  /** Paths that differ from the commit, sorted; empty for a clean tree. */
  readonly changes: readonly string[];
}

/**
 * The checkout in a folder. A folder without a repository is taken as it is, without a commit: it can be
 * tested and built, not published.
 *
 * @throws EvenkeelError `usage` when there is a `.git` that cannot be read.
 */
export async function readCheckout(source: Directory): Promise<Checkout> {
  if (!(await source.exists(".git"))) return { tree: source, commit: null, changes: [] };
  const repository = source.asGit();
  try {
    const head = repository.head();
    const [commit, changes] = await Promise.all([head.commit(), changedPaths(source)]);
    // The commit's own tree, not the folder: what git ignores (.env, dist, node_modules) is on one machine only.
    const clean = head.tree({ discardGitDir: true, depth: 1 });
    return {
      tree: changes.length === 0 ? clean : clean.withChanges(repository.uncommitted()),
      commit,
      changes,
    };
  } catch (cause) {
    throw new EvenkeelError("usage", `The git repository cannot be read: ${engineWords(cause)}.`, {
      why: "The commit is read from the folder `.git` of the source. In a linked worktree or a submodule that is only a file, which points outside.",
      next: "Call from a full clone (in CI: a checkout of the commit, shallow is enough) whose `.git` is a folder.",
      cause,
    });
  }
}

/**
 * The commit of a checkout to be published.
 *
 * @throws EvenkeelError `usage` without a repository, `dirty-tree` when files differ and it was not asked for.
 */
export function requireCommit(checkout: Checkout, dirtyAllowed: boolean): string {
  if (checkout.commit === null)
    throw new EvenkeelError("usage", "The source has no `.git`, so there is no commit to publish.", {
      why: "An image is tagged with its commit.",
      next: "Call from a git repository with at least one commit, and do not exclude `.git`.",
    });
  if (checkout.changes.length > 0 && !dirtyAllowed)
    throw new EvenkeelError(
      "dirty-tree",
      `Files differ from commit ${checkout.commit}: ${listed(checkout.changes)}.`,
    );
  return checkout.commit;
}

const MOST_PATHS = 10;

function listed(paths: readonly string[]): string {
  const more = paths.length - MOST_PATHS;
  return paths.slice(0, MOST_PATHS).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

async function changedPaths(source: Directory): Promise<readonly string[]> {
  const uncommitted = source.asGit().uncommitted();
  if (await uncommitted.isEmpty()) return [];
  const paths = await Promise.all([
    uncommitted.addedPaths(),
    uncommitted.modifiedPaths(),
    uncommitted.removedPaths(),
  ]);
  return paths.flat().sort();
}
