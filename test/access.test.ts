import { expect, test } from "vitest";
import { prepareAccess } from "../src/access.js";
import { parseConfig } from "../src/config/parse.js";

const environment = (registry: string) => {
  const text = `app: shop\nimage: registry.example.com/shop\nenvironments: { test: { host: h, user: u${registry} } }`;
  const found = parseConfig(text, { file: "evenkeel.yaml" }).environments.get("test");
  if (found === undefined) throw new Error("no test");
  return found;
};
const named = ", registry: { username: ci }";
const access = (registry: string, given: { registryPassword?: string; registryUsername?: string }) =>
  prepareAccess(environment(registry), { sshKey: "key", ...given }, false);

test("a registry's password is taken without the line end of the file that it came from", () => {
  expect(access(named, { registryPassword: "hunter2\n" }).registryPassword?.reveal()).toBe("hunter2");
  expect(access(named, { registryPassword: "\n" }).registryPassword).toBeNull();
});

test("and never left out in silence because nobody said whose it is", () => {
  expect(() => access("", { registryPassword: "hunter2" })).toThrow(/no user name[\s\S]*Code: usage/);
  expect(access("", { registryPassword: "hunter2", registryUsername: "me" }).registryUsername).toBe("me");
  expect(access(named, { registryPassword: "hunter2" }).registryUsername).toBe("ci");
  expect(access("", {}).registryPassword).toBeNull();
});
