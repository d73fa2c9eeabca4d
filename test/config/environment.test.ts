import { describe, expect, test } from "vitest";
import { resolveEnvironment } from "../../src/config/environment.js";
import { parseConfig } from "../../src/config/parse.js";

function config(...names: readonly string[]) {
  const environments = names.map((name) => `  ${name}: { host: ${name}.example.com, user: deploy }`);
  return parseConfig(["app: shop", "image: shop", "environments:", ...environments].join("\n"), {
    file: "evenkeel.yaml",
  });
}

describe("the environment", () => {
  test("is found by its name", () => {
    expect(resolveEnvironment(config("staging", "production"), "production")).toMatchObject({
      name: "production",
      key: { app: "shop", environment: "production" },
      host: { address: "production.example.com" },
    });
  });

  test.each([undefined, ""])("is the only one there is when none is named (%j)", (name) => {
    expect(resolveEnvironment(config("production"), name).name).toBe("production");
  });

  test("has to be named when there are several", () => {
    expect(() => resolveEnvironment(config("staging", "production"))).toThrow(
      "No environment is named, and there are several to choose from: evenkeel.yaml has staging, production.",
    );
  });

  test.each(["prod", "constructor", "__proto__"])(
    "that is not there is said with those that are (%s)",
    (name) => {
      expect(() => resolveEnvironment(config("production"), name)).toThrow(
        expect.objectContaining({
          code: "environment-unknown",
          message: expect.stringMatching(`There is no environment "${name}": evenkeel.yaml has production.`),
        }),
      );
    },
  );
});
