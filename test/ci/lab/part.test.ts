import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { buildPart, recipeHash } from "../../../ci/lab/part.js";
import { findPlace, type Place } from "../../../ci/lab/place.js";

let folder: string;
let place: Place;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-part-"));
  place = findPlace({ EVENKEEL_LAB_HOME: join(folder, "home") });
});

describe("recipeHash", () => {
  const recipe = (files: Record<string, string>) => {
    const path = mkdtempSync(join(folder, "recipe-"));
    mkdirSync(join(path, "below"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    return path;
  };

  it("depends on what the recipe says, not on where it lies", () => {
    const files = { Dockerfile: "FROM a", "below/b": "1" };
    expect(recipeHash(recipe(files), "x")).toBe(recipeHash(recipe(files), "x"));
  });

  it("changes with a file's text, a file's name and each input", () => {
    const hashes = [
      recipeHash(recipe({ a: "1" })),
      recipeHash(recipe({ a: "2" })),
      recipeHash(recipe({ b: "1" })),
      recipeHash(recipe({ "below/a": "1" })),
      recipeHash(recipe({ a: "1" }), "x", "y"),
      recipeHash(recipe({ a: "1" }), "xy"),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe("buildPart", () => {
  it("builds once per hash", async () => {
    let builds = 0;
    const build = () => buildPart(place, "thing", "h1", async () => void builds++);
    expect(await build()).toBe(await build());
    await buildPart(place, "thing", "h2", async () => void builds++);
    expect(builds).toBe(2);
  });

  it("shows nothing of a failed build, and starts the next one clean", async () => {
    const failing = buildPart(place, "thing", "h", async (unfinished) => {
      writeFileSync(join(unfinished, "half"), "");
      throw new Error("interrupted");
    });
    await expect(failing).rejects.toThrow("interrupted");
    expect(existsSync(join(place.home, "parts", "thing-h"))).toBe(false);

    const path = await buildPart(place, "thing", "h", async (unfinished) => {
      expect(existsSync(join(unfinished, "half"))).toBe(false);
      writeFileSync(join(unfinished, "whole"), "yes");
    });
    expect(readFileSync(join(path, "whole"), "utf8")).toBe("yes");
  });
});
