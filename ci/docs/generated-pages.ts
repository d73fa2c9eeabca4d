import { join } from "node:path";
import { actionTables } from "./action-tables.js";
import { configurationTables } from "./configuration-tables.js";
import { errorSections } from "./error-sections.js";

const docs = join(import.meta.dirname, "../../docs");

/** The pages that are written partly by hand and partly from the code. */
export const generatedPages = [
  { path: join(docs, "configuration.md"), generate: configurationTables },
  { path: join(docs, "github-actions.md"), generate: actionTables },
  { path: join(docs, "troubleshooting.md"), generate: errorSections },
] as const;

const BEGIN = "<!-- generated from the code: npx tsx ci/docs/main.ts -->\n";
const END = "<!-- end of the generated part -->\n";

/** The page with its generated part replaced. */
export function withGenerated(page: string, generated: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`a page lacks its marks: ${BEGIN}${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n${generated}\n${page.slice(end)}`;
}
