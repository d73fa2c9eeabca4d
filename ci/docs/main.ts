import { readFileSync, writeFileSync } from "node:fs";
import { generatedPages, withGenerated } from "./generated-pages.js";

/** Writes the generated parts of the pages anew; a test fails where one of them is out of date. */
for (const page of generatedPages) {
  const text = readFileSync(page.path, "utf8");
  const next = withGenerated(text, page.generate());
  if (next !== text) writeFileSync(page.path, next);
  console.log(`${next === text ? "up to date" : "written   "}  ${page.path}`);
}
