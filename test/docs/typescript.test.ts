import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { root, snippets } from "./support/pages.js";

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  experimentalDecorators: true,
  types: ["node"],
  // A reader imports the package; here it is the source of this very checkout.
  paths: { evenkeel: [join(root, "src/index.ts")] },
};

const all = snippets("ts").map((snippet, index) => ({
  ...snippet,
  file: join(root, `test/docs/snippet-${index}.ts`),
}));
/** Run in the lab, where nothing looks at its types; the other example brings a compiler of its own. */
const example = join(root, "examples/dagger-module/src/index.ts");
const program = ts.createProgram(
  [...all.map(({ file }) => file), example],
  options,
  hostWith(new Map(all.map(({ file, text }) => [file, `${text}\nexport {};\n`]))),
);

describe("typescript", () => {
  it("is shown at all", () => expect(all.length).toBeGreaterThan(1));

  it("of the module in examples is accepted by the compiler", () => expect(problemsOf(example)).toEqual([]));

  it.each(all)("$place is accepted by the compiler", ({ file }) => {
    expect(problemsOf(file)).toEqual([]);
  });
});

function problemsOf(file: string): readonly string[] {
  const source = program.getSourceFile(file);
  const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

/** A compiler host in which these files exist besides those on the disk. */
function hostWith(files: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists.call(host, path);
  host.readFile = (path) => files.get(path) ?? readFile.call(host, path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = files.get(path);
    return text === undefined
      ? getSourceFile.call(host, path, language, ...rest)
      : ts.createSourceFile(path, text, language);
  };
  return host;
}
