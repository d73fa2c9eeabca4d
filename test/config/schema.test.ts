import { describe, expect, test } from "vitest";
import { jsonSchema } from "../../src/config/schema.js";
import { formattedJson } from "../support/formatted-json.js";

interface Described {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly additionalProperties?: Described | false;
  readonly items?: Described;
  readonly anyOf?: readonly Described[];
}

describe("the JSON Schema for editors", () => {
  test("is the one that is committed (write it anew with `vitest -u`)", async () => {
    await expect(formattedJson(jsonSchema())).toMatchFileSnapshot("../../src/config/evenkeel.schema.json");
  });

  test("has patterns that every editor can compile", () => {
    const patterns = JSON.stringify(jsonSchema()).match(/(?<="pattern":)"(?:[^"\\]|\\.)*"/g) ?? [];
    expect(patterns.length).toBeGreaterThan(20);
    for (const pattern of patterns) expect(() => new RegExp(JSON.parse(pattern), "u"), pattern).not.toThrow();
  });

  test("explains every key", () => {
    const unexplained = keysOf(jsonSchema() as Described, "").filter(([, { description }]) => !description);
    expect(unexplained.map(([path]) => path)).toEqual([]);
  });

  test("gives an environment's own settings no defaults: they would hide those of the file", () => {
    const { environments } = (jsonSchema() as Described).properties ?? {};
    const environment = environments?.additionalProperties || {};
    for (const section of ["container", "health", "bake", "preDeploy", "keep", "deadline"]) {
      const described = environment.properties?.[section] ?? {};
      expect(described.default, section).toBeUndefined();
      for (const [path, key] of keysOf(described, section)) {
        if (!path.includes("[]")) expect(key.default, path).toBeUndefined();
      }
    }
  });
});

function keysOf(described: Described, path: string): [string, Described][] {
  const own = Object.entries(described.properties ?? {}).flatMap(([key, inner]): [string, Described][] => [
    [`${path}.${key}`, inner],
    ...keysOf(inner, `${path}.${key}`),
  ]);
  const others = described.additionalProperties ? keysOf(described.additionalProperties, `${path}.*`) : [];
  const items = described.items ? keysOf(described.items, `${path}[]`) : [];
  return [...own, ...others, ...items, ...(described.anyOf ?? []).flatMap((form) => keysOf(form, path))];
}
