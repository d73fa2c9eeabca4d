import { describe, expect, test } from "vitest";
import { nearest } from "../../src/config/nearest.js";

const KEYS = [
  "container",
  "health",
  "bake",
  "preDeploy",
  "port",
  "user",
  "host",
  "knownHosts",
  "domains",
  "environments",
];

describe("the word that was meant", () => {
  test.each([
    ["prot", "port"],
    ["Port", "port"],
    ["healht", "health"],
    ["helth", "health"],
    ["contaner", "container"],
    ["known_hosts", "knownHosts"],
    ["pre-deploy", "preDeploy"],
    ["domain", "domains"],
    ["healthcheck", "health"],
    ["env", "environments"],
    ["hots", "host"],
  ])("%s: %s", (word, meant) => expect(nearest(word, KEYS)).toBe(meant));

  test.each(["xyz", "ship", "memory", "a", ""])("%j is like none of them", (word) =>
    expect(nearest(word, KEYS)).toBeNull(),
  );

  test("there is none among none", () => expect(nearest("port", [])).toBeNull());
});
