import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { generatedPages, withGenerated } from "../../ci/docs/generated-pages.js";

it.each(generatedPages)(
  "$path is what the code says; else run: npx tsx ci/docs/main.ts",
  ({ path, generate }) => {
    const text = readFileSync(path, "utf8");
    expect(text).toBe(withGenerated(text, generate()));
  },
);

it("keeps what is written by hand around the generated part", () => {
  const [page] = generatedPages;
  const text = readFileSync(page.path, "utf8");
  const changed = withGenerated(text, "something else");
  expect(changed).toContain("\nsomething else\n");
  expect(withGenerated(changed, page.generate())).toBe(text);
  expect(() => withGenerated("no marks", "x")).toThrow("lacks its marks");
});
