import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../../src/config/parse.js";
import { EvenkeelError } from "../../src/errors.js";
import { snippets } from "../docs/support/pages.js";

/** What an editor says by the published schema, and what evenkeel says: the same, on a corpus. */
const root = resolve(import.meta.dirname, "../..");
const published = JSON.parse(readFileSync(join(root, "src/config/evenkeel.schema.json"), "utf8"));
const validate = new Ajv2020({ strict: false, unicodeRegExp: true }).compile(published);

const editorAccepts = (text: string) => validate(parse(text));
function parserAccepts(text: string): boolean {
  try {
    parseConfig(text, { file: "evenkeel.yaml", readFile: () => "" });
    return true;
  } catch (error) {
    if (error instanceof EvenkeelError && error.code === "config-invalid") return false;
    throw error;
  }
}

const BASE = "app: shop\nimage: registry.example.com/team/shop\n";
const PRODUCTION = "environments:\n  production: { host: 203.0.113.7, user: deploy }\n";
/** The smallest file with these lines added, or with this in its environment. */
const whole = (lines: string) => `${BASE}${PRODUCTION}${lines}\n`;
const inside = (lines: string) =>
  `${BASE}environments:\n  production: { host: 203.0.113.7, user: deploy, ${lines} }\n`;

const complete = snippets("yaml")
  .map(({ place, text }) => ({ place, text }))
  .filter(({ text }) => "app" in parse(text) && "environments" in parse(text) && "image" in parse(text));
const examples = globSync("examples/*/evenkeel.yaml", { cwd: root }).map((place) => ({
  place,
  text: readFileSync(join(root, place), "utf8"),
}));

test.each([...examples, ...complete])("$place is accepted by both", ({ text }) => {
  expect(editorAccepts(text), JSON.stringify(validate.errors)).toBe(true);
  expect(parserAccepts(text)).toBe(true);
});

test.each([
  whole(""),
  whole("test: { command: [npm, test], timeout: 15m, env: { A: b } }"),
  whole("build: { node: { start: [node, main.js] }, platform: linux/arm64 }"),
  whole("container: { memory: 512MiB, cpus: 0.5, secrets: [A_B], networks: [backend], drain: 0s }"),
  whole("container: { volumes: [{ name: data, path: /data, access: shared }] }"),
  whole("health: { path: /up?deep=1, interval: 500ms, passes: 1, expectCommit: true }"),
  whole("preDeploy: { command: npm run migrate }"),
  inside("tls: acme, domains: [shop.example.com], acmeEmail: a@example.com"),
  inside("tls: { certificate: /etc/a.pem, key: /etc/a.key }"),
  inside("notify: [{ webhook: CHAT, format: slack, on: [halted] }]"),
  inside("bake: { duration: 1m30s, deadline: 2m }, keep: { hot: 0s, releases: 2 }, deadline: 1h"),
])("both accept %j", (text) => {
  expect(editorAccepts(text), JSON.stringify(validate.errors)).toBe(true);
  expect(parserAccepts(text)).toBe(true);
});

test.each([
  "[]",
  BASE,
  PRODUCTION,
  whole("ap: shop"),
  whole("app2: { }"),
  whole("test: { command: [] }"),
  whole("test: { command: 5 }"),
  whole("test: { timeout: 15 }"),
  whole("test: { timeout: soon }"),
  whole("build: { platform: windows }"),
  whole("build: { dockerfile: /etc/passwd }"),
  whole("container: { port: 0 }"),
  whole("container: { port: '3000' }"),
  whole("container: { memory: 512MB }"),
  whole("container: { env: { A: 5 } }"),
  whole("container: { secrets: [not-a-name] }"),
  whole("container: { volumes: [{ name: data }] }"),
  whole("health: { path: health }"),
  whole("health: { passes: 1.5 }"),
  whole("keep: { releases: 1 }"),
  whole("preDeploy: {}"),
  inside("tls: maybe"),
  inside("domains: [Shop.example.com]"),
  inside("domains: ['*.example.com']"),
  inside("port: 70000"),
  inside("publicUrl: shop.example.com"),
  inside("notify: [{ format: slack }]"),
  inside("notify: [{ webhook: CHAT, on: [] }]"),
  inside("health: { pth: / }"),
  `${BASE}environments:\n  Production-1: { host: a, user: b }\n`,
  `${BASE}environments:\n  production: { user: deploy }\n`,
  `app: Shop\nimage: registry.example.com/team/shop\n${PRODUCTION}`,
  `app: shop\nimage: registry.example.com/team/shop:1\n${PRODUCTION}`,
])("both refuse %j", (text) => {
  expect(editorAccepts(text)).toBe(false);
  expect(parserAccepts(text)).toBe(false);
});

describe("what a schema cannot say, and only evenkeel tells", () => {
  test.each([
    ["a duration out of its bounds", whole("health: { interval: 1h }")],
    ["a size below what Docker takes", whole("container: { memory: 1KiB }")],
    ["the same entry twice", whole("container: { secrets: [A, A] }")],
    ["no environment at all", `${BASE}environments: {}\n`],
    ["a bake that cannot end in time", whole("bake: { duration: 5m, deadline: 1m }")],
    [
      "a domain that two environments claim",
      `${BASE}environments:\n  a: { host: h, user: u }\n  b: { host: h, user: u }\n`,
    ],
    ["certificates for no domain", inside("tls: acme")],
    ["a volume that says nothing of two writers", whole("container: { volumes: [{ name: d, path: /d }] }")],
  ])("%s", (_, text) => {
    expect(editorAccepts(text), JSON.stringify(validate.errors)).toBe(true);
    expect(parserAccepts(text)).toBe(false);
  });
});
