import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./pages.js";

const path = join(root, "src/module/evenkeel.ts");

/** What the module says of a function, without what it says of its arguments. */
export function moduleDoc(name: string): string {
  const method = methodsOf(mainClass()).find((member) => kebab(member.name.getText()) === name);
  const [doc] = method === undefined ? [] : ts.getJSDocCommentsAndTags(method);
  return (ts.getTextOfJSDocComment(doc?.comment) ?? "").replaceAll(/\s+/g, " ").trim();
}

/** What `dagger call` can be given: the constructor's flags, and each function with its own. */
export interface ModuleSurface {
  readonly constructor: ReadonlySet<string>;
  readonly functions: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Read from the module's source, as Dagger's own introspector does it. */
export function moduleSurface(): ModuleSurface {
  const main = mainClass();
  const functions = new Map<string, ReadonlySet<string>>();
  let ofConstructor: ReadonlySet<string> = new Set();
  for (const member of main.members) if (ts.isConstructorDeclaration(member)) ofConstructor = flags(member);
  for (const member of methodsOf(main)) functions.set(kebab(member.name.getText()), flags(member));
  return { constructor: ofConstructor, functions };
}

function mainClass(): ts.ClassDeclaration {
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const main = file.statements.find(
    (node): node is ts.ClassDeclaration => ts.isClassDeclaration(node) && node.name?.text === "Evenkeel",
  );
  if (main === undefined) throw new Error(`${path} has no class Evenkeel`);
  return main;
}

function methodsOf(main: ts.ClassDeclaration): readonly ts.MethodDeclaration[] {
  return main.members.filter((member) => ts.isMethodDeclaration(member)).filter(isOffered);
}

function isOffered(member: ts.MethodDeclaration): boolean {
  return (ts.getDecorators(member) ?? []).some((decorator) => decorator.getText().startsWith("@func("));
}

function flags(member: ts.SignatureDeclaration): ReadonlySet<string> {
  return new Set(member.parameters.map((parameter) => `--${kebab(parameter.name.getText())}`));
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
