import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { GUARD_LEASE_MS, LOCK_LEASE_MS } from "../../src/core/lock.js";
import { CATALOGUE } from "../../src/errors.js";
import { pages, root } from "./support/pages.js";

/** Numbers and names that the prose takes from the code, so that they change together. */
const textOf = (path: string) => pages().find((page) => page.path === path)?.text ?? "";

it("the proxy's version is the one that a first deploy installs", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const installed = sources
    .map((name) => /"caddy:(\d[\d.]*)"/.exec(readFileSync(join(root, "src", name), "utf8"))?.[1])
    .filter((version) => version !== undefined);
  expect(installed).toHaveLength(1);
  expect(textOf("docs/proxy.md")).toContain(`Caddy ${installed[0]}.`);
});

it("the leases last as long as the pages say", () => {
  expect(textOf("docs/deploy.md")).toContain(`every ${GUARD_LEASE_MS / 1000} seconds`);
  expect(textOf("docs/github-actions.md")).toContain(`heard nothing for ${GUARD_LEASE_MS / 1000} seconds`);
  expect(textOf("docs/deploy.md")).toContain(`within ${LOCK_LEASE_MS / 1000} seconds`);
});

it("the package's version, its engine and its Node are those of package.json", () => {
  const { version, engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const named = pages().flatMap(({ text }) =>
    [...text.matchAll(/OWNER\/evenkeel@v(\d+\.\d+\.\d+)/g)].map((match) => match[1]),
  );
  expect(new Set(named)).toEqual(new Set([version]));
  expect(`>=${/Node (\d+\.\d+) or later/.exec(textOf("docs/library.md"))?.[1]}`).toBe(engines.node);
});

it("the version of dagger is the one that the action downloads", () => {
  const script = readFileSync(join(root, "ci/action/dagger.sh"), "utf8");
  const version = /^readonly made_for=(.+)$/m.exec(script)?.[1];
  expect(textOf("docs/github-actions.md")).toContain(`when it is ${version} or a later one`);
  expect(textOf("docs/getting-started.md")).toContain(`${version} or later of that series`);
});

it("codes that the pages link to are in the catalogue", () => {
  const linked = pages().flatMap(({ text }) =>
    [...text.matchAll(/troubleshooting\.md#([\w-]+)/g)].map((match) => match[1]),
  );
  expect(linked.length).toBeGreaterThan(0);
  for (const code of linked) expect(Object.keys(CATALOGUE)).toContain(code);
});
