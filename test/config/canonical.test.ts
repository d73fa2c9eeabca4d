import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, hashConfig } from "../../src/config/canonical.js";

describe("canonical JSON", () => {
  test("does not depend on the order in which keys were written", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "ü" }], a: true })).toBe(
      '{"a":true,"b":[1,{"c":"ü","d":null}]}',
    );
    expect(hashConfig({ a: 1, b: 2 })).toBe(hashConfig({ b: 2, a: 1 }));
  });

  test("depends on everything else, also on the order of lists", () => {
    expect(hashConfig({ a: ["x", "y"] })).not.toBe(hashConfig({ a: ["y", "x"] }));
    expect(hashConfig({ a: null })).not.toBe(hashConfig({}));
  });

  test("is JSON that says the same", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const said = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(canonicalJson(said))).toEqual(said);
      }),
    );
  });

  test("is hashed with SHA-256", () => {
    // printf '{"a":1}' | sha256sum
    expect(hashConfig({ a: 1 })).toBe("015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862");
  });

  test.each([[undefined], [Number.NaN], [Number.POSITIVE_INFINITY], [() => 1]])("refuses %s", (value) => {
    expect(() => canonicalJson({ a: [value] })).toThrow(TypeError);
  });
});
