import { execFileSync, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  decideHostKey,
  explainUnknown,
  fingerprint,
  knownHostsLine,
  parseKnownHosts,
  pinnedKeyTypes,
} from "../../src/config/known-hosts.js";

/** A key of this type as SSH sends it: fields with their lengths; the seed makes it this one. */
function key(type: string, seed: string): string {
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return Buffer.concat([field(Buffer.from(type)), field(Buffer.from(seed.padEnd(32, ".")))]).toString(
    "base64",
  );
}

const ED = key("ssh-ed25519", "first");
const ED2 = key("ssh-ed25519", "second");
const RSA = key("ssh-rsa", "first");
const ECDSA = key("ecdsa-sha2-nistp256", "first");
const HOST = { host: "host.example.com", port: 22 };

function hashed(name: string): string {
  const salt = Buffer.from("0123456789abcdefghij");
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

function verdict(lines: string, address = HOST, type = "ssh-ed25519", shown = ED): string {
  return decideHostKey(parseKnownHosts(lines).entries, address, type, shown).verdict;
}

describe("a host key is trusted", () => {
  test.each<[string, string, { host: string; port: number }]>([
    ["by its name", `host.example.com ssh-ed25519 ${ED}`, HOST],
    ["with a comment after it", `host.example.com ssh-ed25519 ${ED} root@host, installed in May`, HOST],
    [
      "whatever the case of the name",
      `Host.Example.COM ssh-ed25519 ${ED}`,
      { host: "HOST.example.com", port: 22 },
    ],
    ["from a list of names", `other,203.0.113.7,host.example.com ssh-ed25519 ${ED}`, HOST],
    ["by a hashed name", `${hashed("host.example.com")} ssh-ed25519 ${ED}`, HOST],
    [
      "by a hashed name with a port",
      `${hashed("[host.example.com]:2222")} ssh-ed25519 ${ED}`,
      { ...HOST, port: 2222 },
    ],
    ["with its port", `[host.example.com]:2222 ssh-ed25519 ${ED}`, { ...HOST, port: 2222 }],
    ["by a pattern", `*.example.com ssh-ed25519 ${ED}`, HOST],
    ["by a pattern with single places", `h?st.*m*e.com ssh-ed25519 ${ED}`, HOST],
    ["by a pattern with a port", `[*.example.com]:2222 ssh-ed25519 ${ED}`, { ...HOST, port: 2222 }],
    ["at an IPv6 address", `2001:db8::1 ssh-ed25519 ${ED}`, { host: "2001:db8::1", port: 22 }],
    [
      "at an IPv6 address with a port",
      `[2001:db8::1]:2222 ssh-ed25519 ${ED}`,
      { host: "2001:db8::1", port: 2222 },
    ],
    [
      "by the second of two lines",
      `host.example.com ssh-ed25519 ${ED2}\nhost.example.com ssh-ed25519 ${ED}`,
      HOST,
    ],
    [
      "among comments, blanks and other hosts",
      `# ours\r\n\r\n\t host.example.com\tssh-ed25519\t${ED}\r\nb ssh-rsa ${RSA}\r\n`,
      HOST,
    ],
    [
      "when another key is revoked",
      `@revoked host.example.com ssh-ed25519 ${ED2}\nhost.example.com ssh-ed25519 ${ED}`,
      HOST,
    ],
    [
      "when the revocation is for another host",
      `@revoked other ssh-ed25519 ${ED}\nhost.example.com ssh-ed25519 ${ED}`,
      HOST,
    ],
    [
      "although garbage stands beside it",
      `host.example.com ssh-ed25519 AAAA\nhost.example.com ssh-ed25519 ${ED}`,
      HOST,
    ],
  ])("%s", (_, lines, address) => expect(verdict(lines, address)).toBe("match"));

  test("as RSA key, whichever SHA-2 algorithm was negotiated", () => {
    for (const type of ["ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"])
      expect(verdict(`host.example.com ssh-rsa ${RSA}`, HOST, type, RSA)).toBe("match");
  });
});

describe("a host key is not trusted", () => {
  test.each<[string, string, "unknown" | "changed" | "revoked"]>([
    ["nothing is pinned", "", "unknown"],
    ["only comments are there", "# host.example.com ssh-ed25519 soon", "unknown"],
    ["another host is pinned", `other.example.com ssh-ed25519 ${ED}`, "unknown"],
    ["the name only begins alike", `host.example.co ssh-ed25519 ${ED}`, "unknown"],
    ["it is pinned for another port", `[host.example.com]:2222 ssh-ed25519 ${ED}`, "unknown"],
    ["the name is negated after a pattern", `*.example.com,!host.example.com ssh-ed25519 ${ED}`, "unknown"],
    ["the name is negated before a pattern", `!host.*,*.example.com ssh-ed25519 ${ED}`, "unknown"],
    ["there is only a negation", `!other ssh-ed25519 ${ED}`, "unknown"],
    ["another hash is pinned", `${hashed("other")} ssh-ed25519 ${ED}`, "unknown"],
    [
      "only a certificate authority is pinned",
      `@cert-authority host.example.com ssh-ed25519 ${ED}`,
      "unknown",
    ],
    ["only another type is pinned", `host.example.com ssh-rsa ${RSA}`, "unknown"],
    ["another key is pinned", `host.example.com ssh-ed25519 ${ED2}`, "changed"],
    ["another key is pinned by pattern", `*.example.com ssh-ed25519 ${ED2}`, "changed"],
    ["it is revoked", `@revoked host.example.com ssh-ed25519 ${ED}`, "revoked"],
    ["it is revoked for all", `@revoked * ssh-ed25519 ${ED}\nhost.example.com ssh-ed25519 ${ED}`, "revoked"],
    [
      "it is revoked after it was pinned",
      `host.example.com ssh-ed25519 ${ED}\n@revoked host.* ssh-ed25519 ${ED}`,
      "revoked",
    ],
    ["the marker is unknown", `@trusted host.example.com ssh-ed25519 ${ED}`, "unknown"],
  ])("%s", (_, lines, expected) => expect(verdict(lines)).toBe(expected));

  test("what the host shows is not a key of the negotiated type", () => {
    const pinned = `host.example.com ssh-rsa ${RSA}\nhost.example.com ssh-ed25519 ${ED}`;
    expect(verdict(pinned, HOST, "ssh-ed25519", RSA)).toBe("unknown");
    for (const garbage of ["", "AAAA", "not base64", `${ED.slice(0, -8)}`, `${ED}AAAA`])
      expect(verdict(pinned, HOST, "ssh-ed25519", garbage)).toBe("unknown");
  });

  test("the reason names place, line and fingerprints", () => {
    const decide = (lines: string, address = HOST) =>
      decideHostKey(parseKnownHosts(lines).entries, address, "ssh-ed25519", ED).reason;
    expect(decide(`# a\nhost.example.com ssh-ed25519 ${ED2}`)).toBe(
      `host.example.com shows the ssh-ed25519 key ${fingerprint(ED)}, but line 2 of the known hosts pins ${fingerprint(ED2)}`,
    );
    expect(decide("")).toContain("no host key is pinned");
    expect(decide(`@cert-authority * ssh-ed25519 ${ED}`)).toContain("certificate authority");
    expect(decide(`host.example.com ssh-ed25519 ${ED}`, { ...HOST, port: 2222 })).toContain(
      "pinned for port 22, not for [host.example.com]:2222",
    );
  });
});

describe("lines that cannot be read", () => {
  test("are named by number, the rest is read", () => {
    const { entries, problems } = parseKnownHosts(
      [
        `a ssh-ed25519 ${ED}`,
        "garbage",
        "b ssh-ed25519",
        "c ssh-ed25519 !!!!",
        `d ssh-rsa ${ED}`,
        `e ssh-ed25519 ${ED.slice(0, -4)}`,
        `|1|short|hash ssh-ed25519 ${ED}`,
        `@trusted f ssh-ed25519 ${ED}`,
        "g 2048 65537 1234567890",
      ].join("\n"),
    );
    expect(entries.map(({ line }) => line)).toEqual([1]);
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    for (const { text } of problems) expect(text).toMatch(/^expected /);
  });
});

describe("the algorithms to offer", () => {
  const offered = (lines: string, port = 22) =>
    pinnedKeyTypes(parseKnownHosts(lines).entries, HOST.host, port);

  test("are those of the pinned keys, best first, RSA never with SHA-1", () => {
    expect(
      offered(`host.example.com ssh-rsa ${RSA}\nhost.* ecdsa-sha2-nistp256 ${ECDSA}\n* ssh-ed25519 ${ED}`),
    ).toEqual(["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"]);
    expect(offered(`host.example.com ssh-rsa ${RSA}\nother ssh-ed25519 ${ED}`)).toEqual([
      "rsa-sha2-512",
      "rsa-sha2-256",
    ]);
  });

  test("are none where nothing usable is pinned", () => {
    const dss = key("ssh-dss", "x");
    for (const lines of [
      "",
      `other ssh-ed25519 ${ED}`,
      `@cert-authority host.example.com ssh-ed25519 ${ED}`,
      `@revoked host.example.com ssh-ed25519 ${ED}\nhost.example.com ssh-ed25519 ${ED}`,
      `[host.example.com]:22222 ssh-ed25519 ${ED}`,
      `host.example.com ssh-dss ${dss}`,
    ])
      expect(offered(lines), lines).toEqual([]);
  });
});

test("the reason for a lack of keys fits what is there", () => {
  const reason = (lines: string) => explainUnknown(parseKnownHosts(lines).entries, HOST);
  expect(reason("")).toBe("no host key is pinned");
  expect(reason(`other ssh-ed25519 ${ED}`)).toBe("no key is pinned for host.example.com");
  expect(reason(`@revoked host.example.com ssh-ed25519 ${ED}`)).toContain("only revoked");
  expect(reason(`host.example.com ssh-rsa ${RSA}`)).toContain("only ssh-rsa is pinned");
});

test("the line that pins a key is read back as a match", () => {
  for (const port of [22, 2222])
    expect(verdict(knownHostsLine({ ...HOST, port }, ED), { ...HOST, port })).toBe("match");
});

describe("beside OpenSSH", () => {
  let folder = "";
  const real: Record<string, string> = {};
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "known-hosts-"));
    for (const type of ["ed25519", "ecdsa", "rsa"]) {
      const file = join(folder, type);
      execFileSync("ssh-keygen", [
        "-q",
        "-t",
        type,
        "-N",
        "",
        "-f",
        file,
        ...(type === "rsa" ? ["-b", "2048"] : []),
      ]);
      real[type] = readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("fingerprints are the same", () => {
    for (const [type, line] of Object.entries(real)) {
      const printed = execFileSync("ssh-keygen", ["-l", "-f", join(folder, `${type}.pub`)], {
        encoding: "utf8",
      });
      expect(printed.split(" ")[1]).toBe(fingerprint(line.split(" ")[1] ?? ""));
    }
  });

  test("real keys of each type are read", () => {
    const lines = Object.values(real).map((line) => `host.example.com ${line}`);
    const { entries, problems } = parseKnownHosts(lines.join("\n"));
    expect(problems).toEqual([]);
    expect(pinnedKeyTypes(entries, HOST.host, 22)).toEqual([
      "ssh-ed25519",
      "ecdsa-sha2-nistp256",
      "rsa-sha2-512",
      "rsa-sha2-256",
    ]);
  });

  test("the same lines are found for the same names, plain and hashed by ssh-keygen -H", () => {
    const file = join(folder, "known_hosts");
    const names = [
      "host.example.com",
      "[host.example.com]:2222",
      "a,b.example.com,203.0.113.7",
      "*.example.com,!bad.example.com",
      "!bad.example.com,*.example.com",
      "h?st.example.com",
      "[*.example.com]:2222",
      "2001:db8::1",
      "HOST.Example.com",
      "*",
      "!other",
    ];
    const asked = [
      "host.example.com",
      "bad.example.com",
      "b.example.com",
      "a",
      "other",
      "203.0.113.7",
      "example.com",
      "2001:db8::1",
      "hoost.example.com",
    ].flatMap((host) => [
      { host, port: 22 },
      { host, port: 2222 },
    ]);
    for (const hash of [false, true]) {
      writeFileSync(file, names.map((name) => `${name} ${real.ed25519}\n`).join(""));
      if (hash) spawnSync("ssh-keygen", ["-H", "-f", file]);
      const text = readFileSync(file, "utf8");
      if (hash) expect(text).toContain("|1|");
      const lines = text.trimEnd().split("\n");
      for (const address of asked) {
        const query = address.port === 22 ? address.host : `[${address.host}]:${address.port}`;
        const found = spawnSync("ssh-keygen", ["-F", query, "-f", file], { encoding: "utf8" }).stdout;
        const theirs = [...found.matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line));
        const ours = lines.flatMap((line, index) =>
          pinnedKeyTypes(parseKnownHosts(line).entries, address.host, address.port).length > 0
            ? [index + 1]
            : [],
        );
        expect({ query, hash, lines: ours }).toEqual({ query, hash, lines: theirs });
      }
    }
  });
});
