/** What is wrong with a configuration, in words: place, what was found, what is allowed, the nearest key. */
import type { z } from "zod";
import { nearest } from "./nearest.js";
import { jsonSchema } from "./schema.js";
import type { Path, Problem, Source } from "./source.js";

type Issue = z.core.$ZodIssue;

/** One problem for each issue of the schema; a path is translated by `place` to where it was written. */
export function problemsOf(
  issues: readonly Issue[],
  source: Source,
  place: (path: Path) => Path = (path) => path,
): Problem[] {
  return issues.flatMap(openUnion).flatMap((issue) => {
    const inside = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => {
        const at = place([...inside, key]);
        return problemAt(source, at, unknownKey(at.slice(0, -1), key));
      });
    const path = place(inside);
    if (issue.code === "invalid_key")
      return [problemAt(source, path, `is not allowed here: expected ${issue.issues[0]?.message}`)];
    return [problemAt(source, path, `${found(source, path)}; expected ${issue.message}`)];
  });
}

export function problemAt(source: Source, path: Path, sentence: string): Problem {
  return { line: source.lineOf(path), text: path.length === 0 ? sentence : `${dotted(path)} ${sentence}` };
}

/** `environments.production.domains[0]`; keys that are no plain words in quotes. */
function dotted(path: Path): string {
  return path
    .map((step) => {
      if (typeof step === "number") return `[${step}]`;
      return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(shorten(step))}]`;
    })
    .join("")
    .replace(/^\./, "");
}

export function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    return (value as Record<string | number, unknown>)[step];
  }, data);
}

function found(source: Source, path: Path): string {
  const value = valueAt(source.data, path);
  if (value === undefined) return "is missing";
  if (path.length === 0) return value === null ? "the file is empty" : "the file is something else";
  if (value === null) return "is empty";
  if (Array.isArray(value)) return `is a list of ${value.length}`;
  if (typeof value === "object") return "is a section";
  if (typeof value === "string") return `is ${JSON.stringify(shorten(value))}`;
  return `is ${source.writtenAt(path) ?? String(value)}`;
}

function shorten(text: string): string {
  const letters = Array.from(text);
  return letters.length > 60 ? `${letters.slice(0, 60).join("")}…` : text;
}

/** Of a value with several allowed forms, the complaints about the form that was evidently meant. */
function openUnion(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find((branch) =>
    branch.every((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys"),
  );
  if (meant === undefined || meant.length === 0) return [issue];
  return meant.flatMap((inner) => openUnion({ ...inner, path: [...issue.path, ...inner.path] }));
}

interface Described {
  readonly properties?: Readonly<Record<string, Described>>;
  readonly additionalProperties?: Described | boolean;
  readonly items?: Described;
  readonly anyOf?: readonly Described[];
}

// Made once: it takes a while, and there may be thousands of unknown keys.
let whole: Described | null = null;

function unknownKey(path: Path, key: string): string {
  whole ??= jsonSchema() as Described;
  const root = whole;
  const allowed = keysAt(root, path);
  const close = nearest(key, allowed);
  if (close !== null) return `is not a key here; did you mean ${close}?`;
  const home = homeOf(root, path, key);
  return home === null
    ? `is not a key here; allowed: ${allowed.join(", ")}`
    : `is not a key here; it belongs under ${home}`;
}

function keysAt(described: Described, path: Path): string[] {
  const [step, ...rest] = path;
  const forms = [described, ...(described.anyOf ?? [])];
  if (step === undefined) return forms.flatMap((form) => Object.keys(form.properties ?? {}));
  const inner = forms.map((form) => stepInto(form, step)).find((form) => form !== undefined);
  return inner === undefined ? [] : keysAt(inner, rest);
}

function stepInto(form: Described, step: string | number): Described | undefined {
  if (typeof step === "number") return form.items;
  const others = typeof form.additionalProperties === "object" ? form.additionalProperties : undefined;
  return Object.hasOwn(form.properties ?? {}, step) ? form.properties?.[step] : others;
}

/** The section that has such a key: inside this one if there is one, else the first in the file. */
function homeOf(root: Described, path: Path, key: string): string | null {
  const here = path.map(String);
  const homes = placesOf(root, key, []).map((home) =>
    home.map((step, depth) => (step === ANY_NAME ? (here[depth] ?? step) : step)),
  );
  const inside = homes.find((home) => here.every((step, depth) => home[depth] === step));
  return (inside ?? homes[0])?.join(".") ?? null;
}

const ANY_NAME = "<name>";

/** The sections, outermost first, that have a key of this name. */
function placesOf(described: Described, key: string, above: readonly string[]): string[][] {
  const here = above.length > 0 && Object.hasOwn(described.properties ?? {}, key) ? [[...above]] : [];
  const deeper = Object.entries(described.properties ?? {}).flatMap(([name, inner]) =>
    placesOf(inner, key, [...above, name]),
  );
  const others = described.additionalProperties;
  const named = typeof others === "object" ? placesOf(others, key, [...above, ANY_NAME]) : [];
  return [...here, ...deeper, ...named];
}
