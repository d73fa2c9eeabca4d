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
  type Pair,
  parseDocument,
  type YAMLMap,
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

// Far above any honest file, far below what takes long: what is checked further on grows with some of these
// times each other.
const LARGEST_TEXT = 64 * 1024;
const MOST_VALUES = 10_000;
const DEEPEST_NEST = 50;

export function readSource(text: string): Source {
  if (text.length > LARGEST_TEXT)
    return unreadable(`the file is larger than ${LARGEST_TEXT / 1024} KiB, which no configuration needs`);
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line || 1;
  try {
    // Keys are compared below, in less time; and what the parser has to warn of is told as a problem.
    const document = parseDocument(text, {
      ...{ lineCounter: lines, prettyErrors: false, merge: true, uniqueKeys: false, logLevel: "error" },
    });
    const findings = [...document.errors, ...document.warnings];
    if (findings.some(({ message }) => TOO_DEEP.test(message))) return tooDeep();
    const problems = findings.map(({ code, message, pos }) => ({
      text: SYNTAX[code] ?? firstWords(message),
      line: lineAt(pos[0]),
    }));
    const values = countValues(document.contents, (key, words) =>
      problems.push({ text: words, line: lineAt(offsetOf(key) ?? 0) }),
    );
    if (values === Number.POSITIVE_INFINITY)
      return unreadable("an alias stands inside of what it names, which has no end");
    if (values > MOST_VALUES)
      return unreadable(`with its aliases the file holds more than ${MOST_VALUES} values, which is not read`);
    const fatal = findings.length > 0;
    return {
      data: fatal ? null : document.toJS({ maxAliasCount: -1 }),
      problems,
      fatal,
      lineOf: (path) => lineAt(walk(document, path).offset),
      writtenAt: (path) => writtenBy(walk(document, path)),
    };
  } catch (error) {
    // What the runtime throws where no call fits onto the stack any more.
    if (error instanceof RangeError) return tooDeep();
    return unreadable(firstWords(error instanceof Error ? error.message : String(error)));
  }
}

/**
 * How many values a document stands for, every alias being a copy of what it names; infinitely many where
 * one stands inside of that. On the way, what is wrong with keys.
 */
function countValues(root: unknown, complain: (key: unknown, words: string) => void): number {
  const named = new Map<string, number>();
  const count = (node: unknown, depth: number): number => {
    if (depth > DEEPEST_NEST) throw new RangeError("nested too deep");
    if (isAlias(node)) return named.get(node.source) ?? 1;
    const anchor = isScalar(node) || isCollection(node) ? node.anchor : undefined;
    if (anchor !== undefined) named.set(anchor, Number.POSITIVE_INFINITY);
    let values = 1;
    if (isMap(node)) complainAboutKeys(node, complain);
    if (isMap(node)) for (const { value } of node.items) values += count(value, depth + 1);
    if (isSeq(node)) for (const item of node.items) values += count(item, depth + 1);
    if (anchor !== undefined) named.set(anchor, values);
    return values;
  };
  return count(root, 0);
}

function complainAboutKeys(map: YAMLMap, complain: (key: unknown, words: string) => void): void {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    if (!isScalar(key)) {
      complain(key, "a section, a list or an alias cannot be a key; where {{ }} is meant as text, quote it");
      continue;
    }
    const word = String(key.value);
    // Copying such a key would change an object's prototype, or lose the key in silence.
    if (word === "__proto__") complain(key, "__proto__ cannot be a key");
    if (seen.has(word))
      complain(key, `${word.slice(0, 60)} stands twice in the same section; remove one of them`);
    seen.add(word);
  }
}

const SYNTAX: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "the file holds several documents (separated by ---); one is expected",
  TAB_AS_INDENT: "YAML does not allow tabs at the start of a line; use spaces",
};

// The parser goes down one call for each level, and tells of it as a mistake.
const TOO_DEEP = /call stack|stack overflow/i;

function tooDeep(): Source {
  return unreadable("the file is nested deeper than any configuration needs");
}

function unreadable(text: string): Source {
  return { data: null, problems: [{ text, line: 1 }], fatal: true, lineOf: () => 1, writtenAt: () => null };
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
  const pair = pairsOf(node).get(String(step));
  return pair === undefined ? null : { node: pair.value, offset: offsetOf(pair.key) };
}

/** Kept for each section: thousands of mistakes in one of thousands of keys are looked up in it. */
const knownPairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = knownPairs.get(map);
  if (known !== undefined) return known;
  const pairs = new Map<string, Pair>();
  for (const pair of map.items) {
    const word = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    if (!pairs.has(word)) pairs.set(word, pair);
  }
  knownPairs.set(map, pairs);
  return pairs;
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null;
}

function writtenBy({ node, whole }: Found): string | null {
  return whole && isScalar(node) && !isCollection(node) ? (node.source ?? null) : null;
}
