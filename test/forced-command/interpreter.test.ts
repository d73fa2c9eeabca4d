import { describe, expect, test } from "vitest";
import { frame } from "../../src/commands/frame.js";
import { prelude } from "../../src/commands/prelude.js";
import { request, requestLine, tailRequest } from "../../src/commands/request.js";
import { spell } from "../../src/commands/spell.js";
import { tail } from "../../src/commands/tail.js";
import type { Step } from "../../src/core/model.js";
import { type Allowed, createInterpreter } from "../../src/forced-command/interpreter.js";
import { run } from "../commands/support/shells.js";
import { password, release, secret, site, steps, vocabulary } from "../commands/support/steps.js";

const nonce = "0123456789abcdef01234567";
const allowed: Allowed = {
  app: "shop",
  environment: "production",
  repository: "registry.example/app",
  domains: null,
  certificates: [],
  version: "1.2.3",
};
const { version, app, environment, repository } = allowed;
const caller = { version, app, environment, repository };
const introduction = (change: Partial<typeof caller> = {}) =>
  requestLine(JSON.stringify({ introduction: { ...caller, ...change } }), nonce).trimEnd();
const asked = (step: Step) => requestLine(request(step, vocabulary).script, nonce).trimEnd();
const of = <K extends Step["kind"]>(kind: K) =>
  steps.find((step) => step.kind === kind) as Extract<Step, { kind: K }>;

function introduced(change: Partial<Allowed> = {}) {
  const interpret = createInterpreter({ ...allowed, ...change });
  interpret(introduction());
  return interpret;
}

/** What a shell of the host answers to it. */
const said = (text: string) => run(["sh"], `${prelude}${text}`);

describe("a step", () => {
  test.each(["observe", "acquire", "stage", "pull", "unlock"] as const)(
    "%s comes to the same script that a shell would be sent",
    (kind) => {
      expect(introduced()(asked(of(kind)))).toBe(frame(spell(of(kind), vocabulary).script, nonce));
    },
  );

  test("brings only the secrets that it needs", () => {
    const lines = new Map(steps.map((step) => [step.kind, asked(step)]));
    const holds = (what: string) =>
      [...lines].filter(([, line]) => line.includes(JSON.stringify(what).slice(1, -1))).map(([kind]) => kind);
    expect(holds(secret)).toEqual(["stage"]);
    expect(holds(password)).toEqual(["pull"]);
  });

  test("is answered as ever", () => {
    const { parse } = request(of("unlock"), vocabulary);
    expect(parse({ stdout: "", stderr: "", code: 76 })).toBe("fenced");
  });
});

describe("a caller", () => {
  test("that may is answered with nothing but the end of a frame", () => {
    const answer = said(createInterpreter(allowed)(introduction()));
    expect(answer).toEqual({ stdout: `\n${nonce} 0\n`, stderr: `\n${nonce}\n`, code: 0 });
  });

  test.each([
    ["another app", { app: "web" }, "this key deploys shop to production, not web to production"],
    [
      "another environment",
      { environment: "staging" },
      "this key deploys shop to production, not shop to staging",
    ],
    [
      "other images",
      { repository: "evil.example/app" },
      "this key deploys images of registry.example/app, not of evil.example/app",
    ],
    [
      "another version",
      { version: "2.0.0" },
      "this host has evenkeel 1.2.3, and the call comes from 2.0.0: install the same version here (npm install --global evenkeel@2.0.0)",
    ],
  ])("of %s is refused before any step", (_, change, message) => {
    const interpret = createInterpreter(allowed);
    const answer = said(interpret(introduction(change)));
    expect(answer.stdout).toBe(`\n${nonce} 77\n`);
    expect(answer.stderr).toBe(`${message}\n\n${nonce}\n`);
    expect(() => interpret(asked({ kind: "observe" }))).toThrow("has not introduced itself");
  });

  test("that does not say who it is is not heard", () => {
    expect(() => createInterpreter(allowed)(asked({ kind: "observe" }))).toThrow("has not introduced itself");
  });
});

describe("what the key may not do", () => {
  const others = `registry.example/other@sha256:${"b".repeat(64)}`;
  const failure = (text: string) => /^ek-failed (.*)$/m.exec(said(text).stdout)?.[1];

  test.each<Step>([
    { kind: "pull", image: others },
    { ...of("stage"), release: { ...release, image: others } },
    { ...of("pre-deploy"), release: { ...release, image: others } },
    { ...of("start"), release: { ...release, image: others } },
  ])("images of another repository: $kind", (step) => {
    expect(failure(introduced()(asked(step)))).toBe(
      `step-failed this key deploys images of registry.example/app, not ${others}`,
    );
  });

  test("domains that are not its own, and all that nobody has", () => {
    const interpret = introduced({ domains: ["shop.example", "www.shop.example"] });
    const route = (...domains: readonly string[]) =>
      asked({ kind: "route", fence: 1, site: { ...site, domains } });
    expect(failure(interpret(route("shop.example", "pay.example")))).toBe(
      "step-failed this key has the domains shop.example, www.shop.example, not pay.example",
    );
    expect(failure(interpret(route()))).toBe(
      "step-failed this key has the domains shop.example, www.shop.example only",
    );
    expect(interpret(route("shop.example"))).toContain("ek_act");
    expect(introduced()(route())).toContain("ek_act");
  });

  test("files of the host that are not its own, as a certificate or as what an authority is trusted by", () => {
    const interpret = introduced({ certificates: ["/etc/ssl/shop.pem", "/etc/ssl/shop.key"] });
    const route = (tls: typeof site.tls) => asked({ kind: "route", fence: 1, site: { ...site, tls } });
    const files = (certificate: string, key: string) => route({ mode: "files", certificate, key });
    expect(interpret(files("/etc/ssl/shop.pem", "/etc/ssl/shop.key"))).toContain("ek_act");
    expect(failure(interpret(files("/etc/ssl/shop.pem", "/dev/zero")))).toBe(
      "step-failed this key gives the proxy no /dev/zero: name each of its files in --certificates before the key",
    );
    const acme = { mode: "acme", email: null, server: "https://ca.example/dir" } as const;
    expect(failure(introduced()(route({ ...acme, serverRoot: "/home/deploy/env.sh" })))).toMatch(
      "this key gives the proxy no /home/deploy/env.sh",
    );
    expect(interpret(route(acme))).toContain("ek_act");
  });
});

describe("what is no request", () => {
  test.each([
    ["a shell's text", "umask 077"],
    ["an empty line", ""],
    ["JSON alone", '{"step":{"kind":"observe"}}'],
    ["a nonce that is a command", `$(id)$(id)$(id)$(id)$(id) {"step":{"kind":"observe"}}`],
    ["a line that was cut", asked({ kind: "observe" }).slice(0, -1)],
    ["a field too many", `${nonce} {"step":{"kind":"observe"},"root":"/"}`],
    ["a list", `${nonce} [{"kind":"observe"}]`],
    ["a proxy of its own", `${nonce} {"step":{"kind":"observe"},"proxyImage":"evil"}`],
  ])("%s ends the conversation", (_, line) => {
    expect(() => introduced()(line)).toThrow();
  });
});

describe("what a container wrote", () => {
  const asking = { slot: null, lines: 10, since: "90s", follow: true };
  const line = (change: object = {}, who: Partial<typeof caller> = {}) =>
    tailRequest({ ...caller, ...who }, { ...asking, ...change }, nonce).script.trimEnd();

  test("is shown by the same script", () => {
    const { script, mark } = tail(vocabulary.key, null, asking, nonce);
    expect(createInterpreter(allowed)(line())).toBe(script);
    expect(tailRequest(caller, asking, nonce).mark).toBe(mark);
  });

  test("is not shown of another app: the shell ends with the reason", () => {
    const answer = said(`${createInterpreter(allowed)(line({}, { app: "web" }))}echo not reached\n`);
    expect(answer).toEqual({
      stdout: "",
      stderr: "this key deploys shop to production, not web to production\n",
      code: 77,
    });
  });

  test("since an option is no time", () => {
    expect(() => createInterpreter(allowed)(line({ since: "--follow" }))).toThrow();
  });
});
