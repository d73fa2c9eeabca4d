import type { Client, Container, Directory } from "@dagger.io/dagger";

/** A folder of the engine in memory: as much of it as reading a project asks for. */
export function folderOf(files: Readonly<Record<string, string>>): Directory {
  const within = (path: string) => (path === "." ? "" : `${path}/`);
  const below = (path: string) =>
    Object.fromEntries(
      Object.entries(files)
        .filter(([name]) => name.startsWith(within(path)))
        .map(([name, text]) => [name.slice(within(path).length), text]),
    );
  const isFolder = (path: string) => path === "." || Object.keys(below(path)).length > 0;
  const fake = {
    entries: async () => [...new Set(Object.keys(files).map((name) => name.split("/")[0]))],
    exists: async (path: string, { expectedType = "" } = {}) =>
      isFolder(path) || (expectedType !== "DIRECTORY_TYPE" && path in files),
    directory: (path: string) => folderOf(below(path)),
    file: (path: string) => ({ contents: async () => files[path] }),
    filter: () => fake,
    // The only pattern that is asked for.
    glob: async () => Object.keys(files).filter((name) => /(^|\/)package\.json$/.test(name)),
  };
  return fake as unknown as Directory;
}

/** What was asked of a fake engine, in order: a name and its arguments. */
export type Call = readonly [name: string, ...args: readonly unknown[]];

export interface FakeEngine {
  readonly client: Client;
  readonly container: Container;
  readonly calls: readonly Call[];
}

/**
 * An engine whose every object takes every call and remembers it. `answers` stand for the calls that answer
 * something of their own.
 */
export function fakeEngine(
  answers: Readonly<Record<string, (...args: unknown[]) => unknown>> = {},
): FakeEngine {
  const calls: Call[] = [];
  const object: unknown = new Proxy(
    {},
    {
      get(_, name) {
        // An awaited object is no promise.
        if (name === "then" || typeof name === "symbol") return undefined;
        return (...args: unknown[]) => {
          calls.push([name, ...args]);
          return name in answers ? answers[name]?.(...args) : object;
        };
      },
    },
  );
  return { client: object as Client, container: object as Container, calls };
}
