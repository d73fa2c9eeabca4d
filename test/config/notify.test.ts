import { describe, expect, test } from "vitest";
import { prepareAccess } from "../../src/access.js";
import type { Environment } from "../../src/config/config.js";
import { parseConfig } from "../../src/config/parse.js";

function environment(notify: string): Environment {
  const text = `
app: shop
image: registry.example.com/team/shop
container: { secrets: [DATABASE_URL] }
environments:
  production: { host: 203.0.113.7, user: deploy, notify: ${notify} }
`;
  const found = parseConfig(text, { file: "evenkeel.yaml" }).environments.get("production");
  if (found === undefined) throw new Error("no production");
  return found;
}

const ADDRESS = "https://hooks.example.com/services/T0/B0/verysecretpath";
const access = (notify: string, file: string, needsSecrets = true) =>
  prepareAccess(environment(notify), { sshKey: "key", environmentFile: file }, needsSecrets);

describe("notify in evenkeel.yaml", () => {
  test("is nobody, and everything is told to those who are named", () => {
    expect(environment("[]").notify).toEqual([]);
    expect(environment("[{ webhook: CHAT }]").notify).toEqual([
      { secretName: "CHAT", format: "json", on: ["promoted", "rolled-back", "aborted", "halted", "lost"] },
    ]);
  });

  test.each([
    ["[{ webhook: https://hooks.example.com/ }]", /notify\[0\]\.webhook.*the name of a secret/],
    ["[{ webhook: CHAT, format: xml }]", /notify\[0\]\.format.*json or slack/],
    [
      "[{ webhook: CHAT, on: [failed] }]",
      /notify\[0\]\.on\[0\].*one of promoted, rolled-back, aborted, halted and lost/,
    ],
    ["[{ webhook: CHAT, on: [] }]", /notify\[0\]\.on.*a list of promoted/],
    ["[{ webhok: CHAT }]", /webhok.*webhook/],
  ])("%s is told as a mistake", (notify, expected) => {
    expect(() => environment(notify)).toThrow(expected);
  });
});

describe("the addresses", () => {
  test("are secrets by name, which the app does not get, and which nothing shows", () => {
    const { webhooks, secrets, redact } = access(
      "[{ webhook: CHAT }]",
      `CHAT=${ADDRESS}\nDATABASE_URL=postgres://db\n`,
    );
    expect(webhooks.map(({ name, address }) => [name, address.reveal()])).toEqual([["CHAT", ADDRESS]]);
    expect([...secrets.keys()]).toEqual(["DATABASE_URL"]);
    expect(redact(`posting to ${ADDRESS}`)).toBe("posting to [secret]");
    expect(JSON.stringify(webhooks)).not.toContain("verysecretpath");
  });

  test("are missed together with the app's own secrets, before anything is touched", () => {
    expect(() => access("[{ webhook: CHAT }]", "")).toThrow(
      /not given: DATABASE_URL, CHAT[\s\S]*Code: secrets-missing/,
    );
  });

  test("must be addresses, and one that is none is not quoted", () => {
    const broken = () => access("[{ webhook: CHAT }]", "CHAT=verysecretpath\nDATABASE_URL=x\n");
    expect(broken).toThrow(/The secret CHAT is no web address[\s\S]*Code: secrets-invalid/);
    expect(broken).not.toThrow(/verysecretpath/);
  });

  test("that are not given stop no rollback: who is not told is known", () => {
    const { webhooks, unknownWebhooks } = access(
      "[{ webhook: CHAT }, { webhook: OTHER }]",
      `OTHER=${ADDRESS}\n`,
      false,
    );
    expect(webhooks.map(({ name }) => name)).toEqual(["OTHER"]);
    expect(unknownWebhooks).toEqual(["CHAT"]);
  });
});
