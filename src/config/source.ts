/** The text of evenkeel.yaml as data, with the line of every key. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from "yaml";

export type Path = readonly (string | number)[];

export interface Problem {
  /** One sentence that names the place in the configuration. */
  readonly text: string;
  /** Line in evenkeel.yaml, from 1. */
  readonly line: number;
}

export interface Source {
  readonly data: unknown;
  /** What is wrong with the YAML itself. Unless `fatal`, the data can still be looked at. */
  readonly problems: readonly Problem[];
  readonly fatal: boolean;
  lineOf(path: Path): number;
  /** How a number or another plain value was written; null for anything else. */
  writtenAt(path: Path): string | null;
}

// Far above any honest file, far below what exhausts memory when aliases multiply.
const LARGEST_TEXT = 256 * 1024;
const MOST_ALIASES = 100;

export function readSource(text: string): Source {
  if (text.length > LARGEST_TEXT)
    return unreadable(`the file is larger than ${LARGEST_TEXT / 1024} KiB, which no configuration needs`, 1);
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line || 1;
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
    const findings = [...document.errors, ...document.warnings];
    if (findings.some(({ message }) => TOO_DEEP.test(message))) return tooDeep();
    const problems = findings.map(({ code, message, pos }) => ({
      text: code === "DUPLICATE_KEY" ? twice(text, pos[0]) : (SYNTAX[code] ?? firstWords(message)),
      line: lineAt(pos[0]),
    }));
    visit(document, {
      // Copying such a key would change an object's prototype, or lose the key in silence.
      Pair: (_, { key }) => {
        if (isScalar(key) && key.value === "__proto__")
          problems.push({ text: "__proto__ cannot be a key", line: lineAt(offsetOf(key) ?? 0) });
      },
    });
    const fatal = findings.some(({ code }) => code !== "DUPLICATE_KEY");
    return {
      data: fatal ? null : document.toJS({ maxAliasCount: MOST_ALIASES }),
      problems,
      fatal,
      lineOf: (path) => lineAt(walk(document, path).offset),
      writtenAt: (path) => writtenBy(walk(document, path)),
    };
  } catch (error) {
    return notCopied(error);
  }
}

const SYNTAX: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "the file holds several documents (separated by ---); one is expected",
  TAB_AS_INDENT: "YAML does not allow tabs at the start of a line; use spaces",
};

function twice(text: string, offset: number): string {
  const key = /^[\w.-]{1,60}/.exec(text.slice(offset))?.[0] ?? "this key";
  return `${key} stands twice in the same section; remove one of them`;
}

// The parser goes down one call for each level.
const TOO_DEEP = /call stack|stack overflow/i;

function tooDeep(): Source {
  return unreadable("the file is nested deeper than any configuration needs", 1);
}

function notCopied(error: unknown): Source {
  const message = error instanceof Error ? error.message : String(error);
  if (TOO_DEEP.test(message)) return tooDeep();
  if (/excessive alias/i.test(message))
    return unreadable(`the aliases multiply to more than ${MOST_ALIASES} copies, which is not read`, 1);
  return unreadable(firstWords(message), 1);
}

function unreadable(text: string, line: number): Source {
  return { data: null, problems: [{ text, line }], fatal: true, lineOf: () => line, writtenAt: () => null };
}

function firstWords(message: string): string {
  const line = message.split("\n")[0] ?? message;
  return `this is not valid YAML: ${line}`;
}

interface Found {
  readonly offset: number;
  readonly node: unknown;
  /** Whether the whole path was there. */
  readonly whole: boolean;
}

/** As far along the path as the document goes; what is missing is reported at the section that lacks it. */
function walk(document: Document, path: Path): Found {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const step of path) {
    const next = child(document, node, step);
    if (next === null) return { offset, node, whole: false };
    node = next.node;
    offset = next.offset ?? offset;
  }
  return { offset, node, whole: true };
}

function child(document: Document, parent: unknown, step: string | number) {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? null : { node: item, offset: offsetOf(item) };
  }
  if (!isMap(node)) return null;
  const pair = node.items.find(
    ({ key }) => (isScalar(key) ? String(key.value) : String(key)) === String(step),
  );
  return pair === undefined ? null : { node: pair.value, offset: offsetOf(pair.key) };
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null;
}

function writtenBy({ node, whole }: Found): string | null {
  return whole && isScalar(node) && !isCollection(node) ? (node.source ?? null) : null;
}
