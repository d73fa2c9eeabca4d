import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { Environment, RuntimeConfig, SiteConfig } from "../../src/config/config.js";
import { filesNamedIn, parseConfig } from "../../src/config/parse.js";
import type { Key, RuntimeSpec, SiteRequest } from "../../src/core/model.js";
import { EvenkeelError } from "../../src/errors.js";

const file = "evenkeel.yaml";
const SMALLEST = `
app: shop
image: registry.example.com/team/shop
environments:
  production: { host: 203.0.113.7, user: deploy }
`;

function parse(text: string, files: Readonly<Record<string, string>> = {}) {
  return parseConfig(text, { file, readFile: (path) => files[path] ?? null });
}

/** The one environment of the smallest configuration with these lines added. */
function production(lines: string): Environment {
  const environment = parse(SMALLEST + lines).environments.get("production");
  if (environment === undefined) throw new Error("no production");
  return environment;
}

/** What is complained about, each problem as `LINE: words`. */
function problems(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  try {
    parse(text, files);
  } catch (error) {
    if (!(error instanceof EvenkeelError) || error.code !== "config-invalid") throw error;
    return error.detail
      .split("\n")
      .slice(1)
      .map((line) => line.replace(`  ${file}:`, ""));
  }
  return [];
}

/** The complaints about the smallest configuration with these lines added, without line numbers. */
function complaints(lines: string): string[] {
  return problems(SMALLEST + lines).map((problem) => problem.replace(/^\d+: /, ""));
}

describe("a big invalid file", () => {
  test("is answered with every problem, as a person would like to read it", async () => {
    const text = readFileSync(new URL("invalid.yaml", import.meta.url), "utf8");
    let told = "";
    try {
      parse(text);
    } catch (error) {
      told = (error as Error).message;
    }
    await expect(`${told}\n`).toMatchFileSnapshot("invalid.txt");
  });
});

describe("the smallest configuration", () => {
  test("is complete with its defaults", async () => {
    const { environments, ...rest } = parse(SMALLEST);
    const all = { ...rest, environments: Object.fromEntries(environments) };
    await expect(`${JSON.stringify(all, null, 2)}\n`).toMatchFileSnapshot("defaults.txt");
  });

  test("is assignable to what core works with", () => {
    expectTypeOf<RuntimeConfig>().toExtend<RuntimeSpec>();
    expectTypeOf<SiteConfig>().toExtend<SiteRequest>();
    expectTypeOf<Environment["key"]>().toExtend<Key>();
    // And nothing of RuntimeSpec is left to chance: the other way round, too.
    expectTypeOf<RuntimeSpec>().toExtend<RuntimeConfig>();
    const runtime: RuntimeSpec = production("").runtime;
    const site: SiteRequest = production("").site;
    expect([runtime.port, site.domains]).toEqual([3000, []]);
  });
});

describe("what is written", () => {
  test("arrives in milliseconds, bytes and words", () => {
    const config = parse(`${SMALLEST}
test: { command: make check, timeout: 1m30s, env: { A: "1" } }
build: { context: services/api, dockerfile: api.Dockerfile, target: run, args: { V: "2" }, secrets: [NPM_TOKEN], platform: linux/arm64 }
container:
  port: 8080
  command: [node, server.js]
  memory: 512m
  cpus: 0.5
  env: { GREETING: "it's $HOME" }
  secrets: [DATABASE_URL]
  volumes: [{ name: uploads, path: /data, access: shared }, { name: certificates, path: /certs, readOnly: true }]
  networks: [backend]
  drain: 500ms
health: { path: "/health?full=1", expectCommit: true }
preDeploy: { command: [npm, run, migrate] }
`);
    expect(config.test).toMatchObject({
      command: ["sh", "-c", "make check"],
      timeoutMs: 90_000,
      env: { A: "1" },
    });
    expect(config.build).toMatchObject({
      context: "services/api",
      dockerfile: "api.Dockerfile",
      target: "run",
      args: { V: "2" },
      secretNames: ["NPM_TOKEN"],
      platform: "linux/arm64",
    });
    expect(config.environments.get("production")?.runtime).toMatchObject({
      port: 8080,
      command: ["node", "server.js"],
      memoryBytes: 536_870_912,
      cpus: 0.5,
      env: { GREETING: "it's $HOME" },
      secretNames: ["DATABASE_URL"],
      volumes: [
        { name: "uploads", path: "/data", readOnly: false },
        { name: "certificates", path: "/certs", readOnly: true },
      ],
      networks: ["backend"],
      drainMs: 500,
      health: { path: "/health?full=1", expectCommit: true, passes: 3 },
      preDeploy: { command: ["npm", "run", "migrate"], timeoutMs: 300_000 },
    });
  });

  test("anchors and merge keys are ordinary YAML", () => {
    const { environments } = parse(`
app: shop
image: shop
environments:
  staging: &host { host: 203.0.113.9, user: deploy, domains: [staging.example.com] }
  production: { <<: *host, domains: [shop.example.com] }
`);
    expect([...environments.values()].map(({ host, site }) => [host.address, site.domains])).toEqual([
      ["203.0.113.9", ["staging.example.com"]],
      ["203.0.113.9", ["shop.example.com"]],
    ]);
  });

  test.each<[string, object]>([
    ["tls: off", { mode: "off" }],
    ["tls: acme, domains: [a.example.com]", { mode: "acme", email: null }],
    [
      "tls: acme, acmeServer: https://ca.example.com/acme/dir, acmeServerRoot: /etc/ca.pem, domains: [a.example.com]",
      { mode: "acme", email: null, server: "https://ca.example.com/acme/dir", serverRoot: "/etc/ca.pem" },
    ],
    [
      "tls: acme, acmeEmail: ops@example.com, domains: [a.example.com]",
      { mode: "acme", email: "ops@example.com" },
    ],
    [
      "tls: { certificate: /etc/c.pem, key: /etc/k.pem }",
      { mode: "files", certificate: "/etc/c.pem", key: "/etc/k.pem" },
    ],
  ])("%s", (written, tls) => {
    const text = SMALLEST.replace("user: deploy", `user: deploy, ${written}`);
    expect(parse(text).environments.get("production")?.site.tls).toEqual(tls);
  });

  test.each([
    "docker.io/team/shop",
    "shop",
    "team/shop",
    "localhost:5000/shop",
    "registry:5000/a/b/c",
    "172.17.0.1:5000/a",
    "ghcr.io/a-b/c_d.e",
  ])("%s is a repository", (image) =>
    expect(parse(SMALLEST.replace("registry.example.com/team/shop", image)).image).toBe(image),
  );

  test.each(["203.0.113.7", "host", "host.example.com", "2001:db8::1", "::1", "my_host"])(
    "%s is a host",
    (host) =>
      expect(
        parse(SMALLEST.replace("203.0.113.7", `"${host}"`)).environments.get("production")?.host.address,
      ).toBe(host),
  );
});

describe("an environment's own settings", () => {
  const text = `
app: shop
image: shop
container: { port: 80, env: { A: "1", B: "2" }, secrets: [X], memory: 1g }
health: { path: /up, passes: 5 }
preDeploy: { command: migrate }
keep: { releases: 7 }
deadline: 20m
environments:
  production: { host: p, user: u }
  staging:
    host: s
    user: u
    container: { env: { B: "3", C: "4" }, secrets: [Y, Z] }
    health: { passes: 1 }
    bake: { duration: 5s }
    preDeploy: { timeout: 1m }
    keep: { hot: 0s }
    deadline: 5m
`;

  test("are merged over those of the file, key by key; lists are replaced", () => {
    const { environments } = parse(text);
    const staging = environments.get("staging");
    expect(staging).toMatchObject({ keepReleases: 7, deadlineMs: 300_000 });
    expect(staging?.runtime).toMatchObject({
      port: 80,
      env: { A: "1", B: "3", C: "4" },
      secretNames: ["Y", "Z"],
      memoryBytes: 1024 ** 3,
      health: { path: "/up", passes: 1 },
      bake: { durationMs: 5000, minimumSamples: 5 },
      preDeploy: { command: ["sh", "-c", "migrate"], timeoutMs: 60_000 },
      hotMs: 0,
    });
  });

  test("leave the other environments as they are", () => {
    const production = parse(text).environments.get("production");
    expect(production).toMatchObject({ keepReleases: 7, deadlineMs: 1_200_000 });
    expect(production?.runtime).toMatchObject({
      env: { A: "1", B: "2" },
      secretNames: ["X"],
      health: { passes: 5 },
      bake: { durationMs: 30_000 },
      hotMs: 300_000,
    });
  });

  test("a mistake is told where it was written, and once", () => {
    const wrong = text
      .replace("memory: 1g", "memory: 1")
      .replace("bake: { duration: 5s }", "bake: { duration: 5 }");
    expect(problems(wrong).map((problem) => problem.replace(/;.*/, ""))).toEqual([
      "4: container.memory is 1",
      "16: environments.staging.bake.duration is 5",
    ]);
  });

  test("a list of its own is told as its own, even where the file's list says what it lacks", () => {
    const wrong = text
      .replace("memory: 1g", "volumes: [{ name: a, path: /a, access: shared }]")
      .replace("secrets: [Y, Z]", "volumes: [{ name: b, access: shared }]");
    expect(problems(wrong)).toEqual([
      expect.stringMatching(/^14: environments\.staging\.container\.volumes\[0\]\.path is missing/),
    ]);
  });

  test("a contradiction that only arises from both is told as well", () => {
    expect(problems(text.replace("secrets: [Y, Z]", "secrets: [A]"))).toEqual([
      expect.stringMatching(/^4: container\.env\.A is named under container\.secrets as well/),
    ]);
    expect(problems(text.replace("preDeploy: { command: migrate }", ""))).toEqual([
      expect.stringMatching(/^17: environments\.staging\.preDeploy\.command is missing/),
    ]);
  });
});

describe("pinned host keys", () => {
  const ED = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
  const withKeys = (value: string) => SMALLEST.replace("user: deploy", `user: deploy, knownHosts: ${value}`);
  const hostOf = (text: string, files = {}) => parse(text, files).environments.get("production")?.host;

  test("come from a file beside the configuration", () => {
    const line = `203.0.113.7 ssh-ed25519 ${ED}\n`;
    const text = withKeys("deploy/known_hosts");
    expect(filesNamedIn(text)).toEqual(["deploy/known_hosts"]);
    expect(hostOf(text, { "deploy/known_hosts": line })).toMatchObject({
      knownHosts: line,
      knownHostsFrom: "deploy/known_hosts",
    });
  });

  test("or stand in it", () => {
    const text = withKeys(`"203.0.113.7 ssh-ed25519 ${ED}"`);
    expect(filesNamedIn(text)).toEqual([]);
    expect(hostOf(text)?.knownHosts).toBe(`203.0.113.7 ssh-ed25519 ${ED}`);
  });

  // Otherwise `host-key`, which one needs to write the file, could not be asked.
  test("may be absent, which pins nothing and says so", () => {
    expect(hostOf(SMALLEST)).toMatchObject({
      knownHosts: "",
      knownHostsFrom: expect.stringContaining("not set"),
    });
    expect(hostOf(withKeys("known_hosts"))).toMatchObject({
      knownHosts: "",
      knownHostsFrom: "known_hosts, which is not there",
    });
  });

  test("are named by file and line where they cannot be read", () => {
    expect(problems(withKeys("known_hosts"), { known_hosts: "# a\ngarbage\n" })).toEqual([
      "5: environments.production.knownHosts (known_hosts) line 2: expected host names, a type of key and the key, separated by spaces",
    ]);
  });
});

describe("one mistake, one complaint", () => {
  test.each<[string, string]>([
    ["healht: {}", "healht is not a key here; did you mean health?"],
    ["container: { Port: 80 }", "container.Port is not a key here; did you mean port?"],
    ["knownHosts: x", "knownHosts is not a key here; it belongs under environments.<name>"],
    [
      "xyz: 1",
      "xyz is not a key here; allowed: app, image, test, build, container, health, bake, preDeploy, keep, deadline, environments",
    ],
    [
      "deadline: 900",
      "deadline is 900; expected a duration with its unit (a bare number could be seconds or milliseconds): write 900s for seconds or 900m for minutes",
    ],
    [
      "deadline: '900'",
      'deadline is "900"; expected a duration with its unit (a bare number could be seconds or milliseconds): write 900s for seconds or 900m for minutes',
    ],
    [
      "deadline: 1.5",
      "deadline is 1.5; expected a duration with its unit (a bare number could be seconds or milliseconds): write 1s500ms",
    ],
    [
      "container: { memory: 536870912 }",
      "container.memory is 536870912; expected a size with its unit (a bare number could be bytes or megabytes): write 512MiB if bytes are meant",
    ],
    [
      "container: { env: { PORT: 3000 } }",
      "container.env.PORT is 3000; expected text; put it in quotes, so that it is text",
    ],
    [
      "container: { command: npm start }",
      'container.command is "npm start"; expected a list of words, such as [node, server.js]; a shell would keep the signal to stop from the program',
    ],
    ["container: { port: 70000 }", "container.port is 70000; expected a whole number from 1 to 65535"],
    ["container: { port: 80.5 }", "container.port is 80.5; expected a whole number from 1 to 65535"],
    [
      "health: { timeout: 10s }",
      'health.timeout is "10s"; expected a duration from 50ms to 5s, such as 500ms, 30s, 5m or 1m30s; the guardian on the host waits 15 s for each look at both slots',
    ],
    [
      "health: { passes: 50, interval: 2s }",
      "health.deadline is 1m, but in production 50 passes, 2s apart, take 1m38s at least",
    ],
    ["bake: { duration: 3m }", "bake.deadline is 2m, but in production the bake itself lasts 3m"],
    [
      "bake: { duration: 30m, deadline: 40m }",
      "deadline is 15m, but in production the gate and the bake alone take 30m2s at least",
    ],
    [
      "keep: { releases: 1 }",
      "keep.releases is 1; expected a whole number from 2 to 100, because the one that serves needs one to go back to",
    ],
    [
      "container: { volumes: [{ name: a, path: /b, access: exclusive }] }",
      "container.volumes[0].access is exclusive, which a blue-green deploy cannot keep",
    ],
    [
      "container: { volumes: [{ name: a, path: /b }] }",
      "container.volumes[0] does not say how it stands two writers",
    ],
    ["container: { volumes: [{ name: a, path: /b/../c, readOnly: true }] }", "container.volumes[0].path is"],
    [
      "container: { env: { A: a }, secrets: [A] }",
      "container.env.A is named under container.secrets as well",
    ],
    ["container: { env: { __proto__: a } }", "__proto__ cannot be a key"],
    ["build: { dockerfile: Dockerfile, node: {} }", "build.node and build.dockerfile exclude each other"],
    ["test: []", "test is a list of 0; expected a section of keys and values"],
    ["test: { command: '' }", 'test.command is ""; expected a line for a shell'],
    ["test: { command: [] }", "test.command is a list of 0; expected a line for a shell"],
    ["app: again", "app stands twice in the same section; remove one of them"],
  ])("%s", (lines, expected) => {
    const told = complaints(lines);
    expect(told).toEqual([expect.stringContaining(expected)]);
  });

  test.each<[string, string]>([
    ["host: [203.0.113.7]", "exactly one host, written without the list"],
    ["host: [203.0.113.7, 203.0.113.8]", "exactly one host: blue-green on several hosts at once"],
    ["host: ssh://203.0.113.7", "without a scheme"],
    ["host: root@203.0.113.7", "the account goes under `user`"],
    ["host: '203.0.113.7:2222'", "the port goes under `port`"],
    ["host: -oProxyCommand=x", "a host's name or address"],
    ["host: a b", "a host's name or address"],
    ["host: ''", "a host's name or address"],
  ])("%s", (written, expected) => {
    const told = problems(SMALLEST.replace("host: 203.0.113.7", written));
    expect(told).toEqual([expect.stringContaining(expected)]);
  });

  test.each<[string, string]>([
    ["shop:1.2", "without a tag"],
    [`shop@sha256:${"0".repeat(64)}`, "without a digest"],
    ["https://r.example.com/shop", "without a scheme"],
    ["Team/Shop", "in lower case"],
    ["a//b", "a repository, such as"],
  ])("image: %s", (written, expected) => {
    const told = problems(SMALLEST.replace("registry.example.com/team/shop", `"${written}"`));
    expect(told).toEqual([expect.stringContaining(expected)]);
  });

  test.each(["", "Shop", "-shop", "shop-", "1shop", "shop_1", "s".repeat(32)])("app: %j", (app) => {
    expect(problems(SMALLEST.replace("app: shop", `app: "${app}"`))).toEqual([
      expect.stringContaining("app is "),
    ]);
  });

  test("nothing is shown that could command a terminal", () => {
    const [told] = problems(SMALLEST.replace("app: shop", 'app: "\\e[31m\\u202eX"'));
    expect(told).toContain("app is ");
    expect(told).not.toContain("\u001b");
    expect(told).not.toContain("\u202e");
  });
});

describe("several environments on one host", () => {
  const two = (first: string, second: string) => `
app: shop
image: shop
environments:
  production: { host: h.example.com, user: u, ${first} }
  staging: { host: H.example.com, user: u, ${second} }
`;

  test("cannot both have a domain, nor both have none", () => {
    expect(problems(two("domains: [a.b]", "domains: [c.d, a.b]"))).toEqual([
      "6: environments.staging.domains[1] is a.b, which production has on the same host; expected each domain once per host",
    ]);
    expect(problems(two("latest: true", "latest: false"))).toEqual([
      expect.stringMatching(
        /^6: environments\.staging has no domains, and neither has production on the same host/,
      ),
    ]);
  });

  test("live together otherwise", () => {
    expect(problems(two("domains: [a.b]", "domains: [c.d]"))).toEqual([]);
    expect(problems(two("domains: [a.b]", "latest: false"))).toEqual([]);
  });
});

describe("text that is no configuration", () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    .concat(
      ["b", "c", "d", "e", "f"].map((key, index) => `${key}: &${key} [${`*${"abcde"[index]}, `.repeat(9)}]`),
    )
    .join("\n");

  test.each<[string, string, string]>([
    ["nothing", "", "1: the file is empty; expected app, image and environments at least"],
    ["a list", "- a", "1: the file is something else; expected app, image and environments at least"],
    [
      "two documents",
      `${SMALLEST}---\n${SMALLEST}`,
      "6: the file holds several documents (separated by ---); one is expected",
    ],
    ["tabs", "app:\n\tb: c", "2: YAML does not allow tabs at the start of a line; use spaces"],
    [
      "aliases that multiply",
      bomb,
      "1: with its aliases the file holds more than 10000 values, which is not read",
    ],
    ["an endless nest", "[".repeat(60_000), "1: the file is nested deeper than any configuration needs"],
    ["a huge text", "# ".repeat(40_000), "1: the file is larger than 64 KiB, which no configuration needs"],
    [
      "an unknown tag",
      "app: !!js/function 'x'",
      "1: this is not valid YAML: Unresolved tag: tag:yaml.org,2002:js/function",
    ],
    [
      "an alias of nothing",
      "app: *shop",
      "1: this is not valid YAML: Unresolved alias (the anchor must be set before the alias): shop",
    ],
  ])("%s", (_, text, expected) => expect(problems(text)).toEqual([expected]));

  test("is told once for each thing that is missing", () => {
    expect(problems("app: shop").map((problem) => problem.replace(/;.*/, ""))).toEqual([
      "1: image is missing",
      "1: environments is missing",
    ]);
    expect(problems("app: shop\nimage: shop\nenvironments: {}")).toEqual([
      expect.stringContaining("3: environments has none"),
    ]);
  });
});

describe("a file written to do harm is answered like any other mistake", () => {
  const keys = (count: number, key: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => key(index)).join("");
  /** Each level names the one before twice. */
  const doubled = (level: (name: string, below: string) => string, first: string) =>
    `k0: &k0 ${first}\n${keys(40, (index) => `k${index + 1}: &k${index + 1} ${level(`*k${index}`, "")}\n`)}`;
  const multiplied = "1: with its aliases the file holds more than 10000 values, which is not read";

  test.each<[string, string, string]>([
    ["empty sections that multiply", doubled((below) => `{ a: ${below}, b: ${below} }`, "{}"), multiplied],
    ["empty lists that multiply", doubled((below) => `[${below}, ${below}]`, "[]"), multiplied],
    [
      "merged sections that multiply",
      doubled((below) => `{ <<: [${below}, ${below}] }`, "{ a: 1 }"),
      multiplied,
    ],
    ["aliases by the thousand", `a: &a [${"1,".repeat(200)}]\nb: [${"*a,".repeat(15_000)}]`, multiplied],
    [
      "a section that holds itself",
      `${SMALLEST}container: &c { env: *c }`,
      "1: an alias stands inside of what it names, which has no end",
    ],
    [
      "sections in sections",
      `${SMALLEST}container: ${"{ a: ".repeat(60)}1${" }".repeat(60)}`,
      "1: the file is nested deeper than any configuration needs",
    ],
    [
      "lists in lists, one to a line",
      keys(300, (index) => `${" ".repeat(index)}-\n`),
      "1: the file is nested deeper than any configuration needs",
    ],
  ])("%s", (_, text, expected) => expect(problems(text)).toEqual([expected]));

  test.each<[string, string]>([
    ["thousands of unknown keys", `${SMALLEST}container: {${keys(8_000, (index) => `a${index},`)}}`],
    ["thousands of wrong values", `${SMALLEST}container: { env: {${keys(4_000, (i) => `A${i}: 1,`)}} }`],
    ["thousands of keys twice", `${SMALLEST}${keys(6_000, () => "a: b\n")}`],
    [
      "thousands of mistakes, inherited by many environments",
      `${SMALLEST}${keys(40, (i) => `  e${i}: {}\n`)}container: { env: {${keys(4_000, (i) => `A${i}: 1,`)}} }`,
    ],
    ["thousands of environments", `${SMALLEST}${keys(4_000, (index) => `  e${index}: {}\n`)}`],
    ["thousands of equal words in a list", `${SMALLEST}container: { secrets: [${"A,".repeat(9_000)}] }`],
  ])("%s, of which the first are told", (_, text) => {
    const told = problems(text);
    expect(told).toHaveLength(50);
    expect(told.join("\n").length).toBeLessThan(20_000);
  });

  test("more environments than anybody has", () => {
    const told = problems(`${SMALLEST}${keys(51, (i) => `  e${i}: { host: h${i}, user: u }\n`)}`);
    expect(told).toEqual(["4: environments has more than 50; expected a file for each few of them"]);
  });

  test("keys that mean something to JavaScript", () => {
    const names = ["constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];
    for (const name of names) {
      expect(complaints(`${name}: { polluted: 1 }`)).toEqual([
        expect.stringContaining(`${name} is not a key here`),
      ]);
      expect(production(`container: { env: { ${name}: x } }`).runtime.env).toEqual({ [name]: "x" });
    }
    expect(complaints("container: { __proto__: { polluted: 1 } }")).toContain("__proto__ cannot be a key");
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test("a key that is a section, as a template leaves it behind", () => {
    const told = problems(SMALLEST.replace("app: shop", "app: {{ name }}"));
    expect(told[0]).toBe(
      "2: a section, a list or an alias cannot be a key; where {{ }} is meant as text, quote it",
    );
  });

  test("known hosts of any length", () => {
    const named = SMALLEST.replace("user: deploy", "user: deploy, knownHosts: keys");
    expect(problems(named, { keys: "x".repeat(2_000_000) })).toEqual([
      "5: environments.production.knownHosts (keys) is larger than 1 MiB",
    ]);
    expect(problems(named, { keys: "x\n".repeat(400_000) })).toHaveLength(50);
  });

  test("whatever it says, the answer is a configuration or its problems, and nothing a terminal obeys", () => {
    const odd = fc.string({
      unit: fc.constantFrom(..."{}[]&*!|>'\"%@`#,:?-<~ \n\tab1\u001b\u009b\u202e\u0000\u2028"),
    });
    const piece = fc.oneof(
      odd,
      fc.constantFrom("app: ", "environments: ", "&a ", "*a", "<<: ", "\\e[2J", "container: { env: {"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, whole) => {
        const text = (whole ? SMALLEST : "") + pieces.join("");
        filesNamedIn(text);
        try {
          parse(text);
        } catch (error) {
          if (!(error instanceof EvenkeelError)) throw error;
          expect(error.code).toBe("config-invalid");
          expect(error.message).not.toMatch(/[^\P{C}\n\t]/u);
        }
      }),
      { numRuns: 500 },
    );
  });
});
