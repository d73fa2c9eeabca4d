import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../../..");

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Snippet {
  /** "docs/deploy.md:12", to be named by a failing test. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

/** Everything that is written for users. */
export function pages(): readonly Page[] {
  const below = (folder: string) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.name.endsWith(".md") && !entry.parentPath.includes("node_modules"))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return ["README.md", "CHANGELOG.md", ...below("docs"), ...below("examples")]
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** The fenced blocks of all pages in these languages. */
export function snippets(...languages: readonly string[]): readonly Snippet[] {
  return pages()
    .flatMap(snippetsOf)
    .filter(({ language }) => languages.includes(language));
}

export function snippetsOf({ path, text }: Page): readonly Snippet[] {
  return [...text.matchAll(/^( *)```(.*)\n([\s\S]*?)^\1```$/gm)].map((match) => ({
    place: `${path}:${text.slice(0, match.index).split("\n").length}`,
    language: match[2]?.trim() ?? "",
    text: (match[3] ?? "").replaceAll(new RegExp(`^${match[1]}`, "gm"), ""),
  }));
}
