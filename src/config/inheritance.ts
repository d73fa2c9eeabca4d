/** An environment's settings: its own, over those of the whole file, over the defaults. */
import { layer } from "./layer.js";
import { isSection } from "./section.js";
import type { Path } from "./source.js";

export interface Layered {
  readonly name: string;
  /** The environment as it is written. */
  readonly own: unknown;
  /** What the environment and the file say together, as it is written. */
  readonly merged: Readonly<Record<string, unknown>>;
  /** Where in the file a path of `merged` was written. */
  place(path: Path): Path;
}

/** More are told as a mistake and not looked at: each of them is everything that the file says once more. */
export const MOST_ENVIRONMENTS = 50;

/** Every environment of the file with its merged settings; tolerant of a file that is wrong elsewhere. */
export function layersOf(data: unknown): readonly Layered[] {
  const whole = isSection(data) ? data : {};
  const environments = isSection(whole.environments) ? whole.environments : {};
  return Object.entries(environments)
    .filter(([, own]) => isSection(own))
    .slice(0, MOST_ENVIRONMENTS)
    .map(([name, own]) => ({
      name,
      own,
      merged: merge(pick(whole), pick(own as Section)) as Section,
      place: (path) => (saidBy(own, path) >= saidBy(whole, path) ? ["environments", name, ...path] : path),
    }));
}

type Section = Readonly<Record<string, unknown>>;

function pick(section: Section): Section {
  return Object.fromEntries(
    Object.keys(layer.shape).flatMap((key) => (Object.hasOwn(section, key) ? [[key, section[key]]] : [])),
  );
}

/** Sections are merged key by key; anything else, lists too, is replaced. */
function merge(below: unknown, above: unknown): unknown {
  if (!isSection(below) || !isSection(above)) return above;
  const added = Object.entries(above).map(([key, value]) => [
    key,
    Object.hasOwn(below, key) ? merge(below[key], value) : value,
  ]);
  return Object.fromEntries([...Object.entries(below), ...added]);
}

/** How far along the path this layer says something, at most up to a list: lists are not merged. */
function saidBy(section: unknown, path: Path): number {
  let value = section;
  for (const [depth, step] of path.entries()) {
    if (!isSection(value) || !Object.hasOwn(value, step)) return depth === 0 ? -1 : depth;
    value = value[step];
  }
  return path.length;
}
