import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { cell } from "./configuration-tables.js";

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
}

/** What action.yml says of its inputs and outputs, as tables. */
export function actionTables(): string {
  const action: Action = parse(readFileSync(join(import.meta.dirname, "../../action.yml"), "utf8"));
  const inputs = Object.entries(action.inputs).map(
    ([name, input]) =>
      `| \`${name}\` | ${input.default === "" ? "" : `\`${input.default}\``} | ${cell(input.description.trim())} |`,
  );
  const outputs = Object.entries(action.outputs).map(
    ([name, output]) => `| \`${name}\` | ${cell(output.description.trim())} |`,
  );
  return [
    "### Inputs",
    "",
    "| Input | Default | Meaning |",
    "|---|---|---|",
    ...inputs,
    "",
    "### Outputs",
    "",
    "| Output | Meaning |",
    "|---|---|",
    ...outputs,
    "",
  ].join("\n");
}
