import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const examples = new URL("../../../../examples/", import.meta.url).pathname;

/** A git repository made of an example. */
export interface Repository {
  readonly path: string;
  write(name: string, text: string): void;
  read(name: string): string;
  /** Commits all there is, at a fixed time; returns the commit. */
  commit(message: string): string;
  remove(): void;
}

export type Example = "node-npm" | "node-pnpm" | "node-yarn" | "node-dockerfile" | "python-dockerfile";

/** @param registry where its images go, in place of the example's own */
export function repositoryOf(example: Example, registry: string, more = ""): Repository {
  const path = mkdtempSync(join(tmpdir(), `evenkeel-${example}-`));
  cpSync(join(examples, example), path, {
    recursive: true,
    filter: (name) => !name.includes("node_modules"),
  });
  const git = (...args: readonly string[]) =>
    execFileSync("git", args, { cwd: path, encoding: "utf8", env: identity });
  const repository: Repository = {
    path,
    write: (name, text) => writeFileSync(join(path, name), text),
    read: (name) => readFileSync(join(path, name), "utf8"),
    commit(message) {
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "--message", message);
      return git("rev-parse", "HEAD").trim();
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
  const config = repository.read("evenkeel.yaml").replace("registry.example.com/", `${registry}/`);
  // A repository of its own for each, so that no test finds what another has published.
  const own = config.replace(/^image: (.*)$/m, `image: $1-${Math.random().toString(36).slice(2, 10)}`);
  repository.write("evenkeel.yaml", own + more);
  git("init", "--quiet", "--initial-branch=main");
  git("remote", "add", "origin", "git@github.com:acme/shop.git");
  repository.commit("First");
  return repository;
}

const identity = {
  ...process.env,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "A",
  GIT_AUTHOR_EMAIL: "a@example.com",
  GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
  GIT_COMMITTER_NAME: "A",
  GIT_COMMITTER_EMAIL: "a@example.com",
  GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
};
