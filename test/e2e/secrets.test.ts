import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openShop, type Shop } from "./support/shop.js";
import { type WatchedProcesses, watchProcesses } from "./support/watched-processes.js";

/** Values that something on the way could misread. */
const secrets: Readonly<Record<string, string>> = {
  PEM: `-----BEGIN PRIVATE KEY-----\n${"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+/abc=\n".repeat(12)}-----END PRIVATE KEY-----\n`,
  QUOTES: `it's "both" \`kinds\``,
  UNICODE: "Grüße, 世界 🌍",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: no shell may expand it either
  DOLLARS: "pa$$word ${HOME} $(id) \\$x",
  SPACES: "  in front, and behind  ",
  HASH: "before # after",
  EQUALS: "a=b==c",
  BACKSLASHES: "C:\\new\\table\\",
  CARRIAGE: "with\r\na return\r",
  TAB: "a\tb",
  LONG: "x1y2z3".repeat(12_000),
};

let shop: Shop;
let processes: WatchedProcesses;
beforeAll(async () => {
  shop = await openShop({ user: "deploy" });
  processes = await watchProcesses(shop.lab, shop.target);
});
afterAll(() => shop?.close());

const container = `secrets: [${Object.keys(secrets).join(", ")}]`;
const environmentFile = (values: Readonly<Record<string, string>>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${dotenv(value)}`)
    .join("\n");

describe("secrets with difficult bytes", () => {
  test("arrive byte for byte", async () => {
    const report = await shop.deploy(
      { version: "1", container },
      { environmentFile: environmentFile(secrets) },
    );
    expect(report.outcome).toMatchObject({ phase: "promoted", revision: 1 });
    const seen = JSON.parse(await shop.visit("/env")) as Record<string, string>;
    expect(Object.fromEntries(Object.keys(secrets).map((name) => [name, seen[name]]))).toEqual(secrets);
  });

  test("unchanged: nothing to do", async () => {
    const again = await shop.deploy(
      { version: "1", container },
      { environmentFile: `UNUSED=1\n${environmentFile(secrets)}` },
    );
    expect(again.outcome).toMatchObject({ phase: "nothing-to-do", revision: 1 });
  });

  test("one changed: a new revision, which has it", async () => {
    const report = await shop.deploy(
      { version: "1", container },
      { environmentFile: environmentFile({ ...secrets, EQUALS: "b=c" }) },
    );
    expect(report.outcome).toMatchObject({ phase: "promoted", revision: 2 });
    expect(JSON.parse(await shop.visit("/env"))).toMatchObject({ EQUALS: "b=c", PEM: secrets.PEM });
  });

  test("a rollback brings the one before back", async () => {
    await shop.onHost("docker", "rm", "-f", `${shop.key}-blue`);
    await shop.rollback();
    expect(JSON.parse(await shop.visit("/env"))).toMatchObject({ EQUALS: "a=b==c", PEM: secrets.PEM });
  });
});

describe("where they are", () => {
  test("in no command line of any process of the host", async () => {
    const commandLines = await processes.stop();
    // The watch saw what it is about: the commands of a deploy.
    expect(commandLines).toMatch(/docker (create|run)/);
    expect(commandLines.length).toBeGreaterThan(2_000);
    for (const secret of pieces()) expect(commandLines).not.toContain(secret);
  });

  test("in no file but the releases' own environment, which nobody else may read", async () => {
    const home = "/home/deploy/.evenkeel";
    const files = (await shop.onHost("find", home, "-type", "f")).split("\n");
    expect(files.length).toBeGreaterThan(8);
    const holding: string[] = [];
    for (const file of files) {
      const text = await shop.onHost("cat", file);
      if (pieces().some((secret) => text.includes(secret))) holding.push(file.slice(home.length));
    }
    const expected = ["1/env", "1/env.sh", "2/env", "2/env.sh"];
    expect(holding.sort()).toEqual(expected.map((file) => `/keys/${shop.key}/releases/${file}`));
    for (const file of holding)
      expect(await shop.onHost("stat", "-c", "%a %U", `${home}${file}`)).toBe("600 deploy");
  });

  test("in no answer, log or temporary file", async () => {
    const elsewhere = await shop.onHost(
      "sh",
      "-c",
      "docker logs evenkeel-proxy 2>&1; docker logs evenkeel-guardian 2>&1; cat /dev/shm/* /tmp/* 2>/dev/null; cat /var/log/dockerd.log /var/log/sshd.log; ls -a /dev/shm /tmp",
    );
    expect(elsewhere).not.toMatch(/evenkeel\.[A-Za-z0-9]{6}/);
    for (const text of [elsewhere, await shop.status(), await shop.history()])
      for (const secret of pieces()) expect(text).not.toContain(secret);
  });
});

/** What would give a value away, even cut or with its line breaks changed. */
function pieces(): readonly string[] {
  return Object.values(secrets)
    .flatMap((value) => value.split(/[\r\n]+/))
    .map((piece) => piece.slice(0, 60))
    .filter((piece) => piece.length > 5 && !piece.startsWith("-----"));
}

function dotenv(value: string): string {
  if (/^[\w=]+$/.test(value)) return value;
  if (!value.includes("'") && !value.includes("\r")) return `'${value}'`;
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\r", "\\r").replaceAll("\n", "\\n")}"`;
}
