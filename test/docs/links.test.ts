import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";
import { pages, root } from "./support/pages.js";

const all = pages();

it.each(all)("every link of $path leads somewhere", ({ path, text }) => {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
  const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? "")
    .filter((target) => !/^https?:/.test(target) && !leadsSomewhere(path, target));
  expect(broken).toEqual([]);
});

it("the README leads to every page of docs", () => {
  const readme = all.find(({ path }) => path === "README.md")?.text ?? "";
  const missing = all
    .map(({ path }) => path)
    .filter((path) => path.startsWith("docs/") && !readme.includes(`(${path})`));
  expect(missing).toEqual([]);
});

it("no page names a path of somebody's machine", () => {
  const found = all
    .filter(({ text }) => /\/(?:root|work|tmp|home\/\w+)\//.test(text))
    .map(({ path }) => path);
  expect(found).toEqual([]);
});

function leadsSomewhere(from: string, target: string): boolean {
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? from : relative(root, join(root, dirname(from), file));
  if (!existsSync(join(root, path))) return false;
  return anchor === undefined || anchors(readFileSync(join(root, path), "utf8")).has(anchor);
}

/** As GitHub makes them from headings. */
function anchors(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
      (match[1] ?? "")
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}
