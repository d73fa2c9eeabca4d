import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openEnvironment, prepareAccess } from "../../src/access.js";
import { resolveEnvironment } from "../../src/config/environment.js";
import { parseConfig } from "../../src/config/parse.js";
import { type ErrorCode, EvenkeelError } from "../../src/errors.js";
import { makeKey, startSshd, type TestSshd } from "./support/sshd.js";

/**
 * What a file of known hosts says to evenkeel, beside what OpenSSH's own client makes of it when it meets
 * the same host. evenkeel agrees or is closed; it is never looser.
 */
type Case = readonly [
  what: string,
  lines: (host: Shown) => string,
  openssh: "connects" | "refuses",
  evenkeel: "connects" | ErrorCode,
];

/** The host as its known hosts may name it, and its keys as they stand there. */
interface Shown {
  /** `[127.0.0.1]:PORT` */
  readonly place: string;
  readonly port: number;
  readonly ed25519: string;
  readonly rsa: string;
  /** Of a type that the host has no key of. */
  readonly ecdsa: string;
  /** Keys of another machine, of the types that the host has. */
  readonly others: { readonly ed25519: string; readonly rsa: string };
  /** Who signed the host's ed25519 key. */
  readonly authority: string;
  hashed(name: string): string;
}

const cases: readonly Case[] = [
  ["its key", (h) => `${h.place} ${h.ed25519}`, "connects", "connects"],
  ["its key with a comment", (h) => `${h.place} ${h.ed25519} the web server`, "connects", "connects"],
  ["its key of another type", (h) => `${h.place} ${h.rsa}`, "connects", "connects"],
  ["nothing", () => "", "refuses", "host-key-unknown"],
  ["only a comment", (h) => `# ${h.place} ${h.ed25519}`, "refuses", "host-key-unknown"],
  ["another host", (h) => `[127.0.0.2]:${h.port} ${h.ed25519}`, "refuses", "host-key-unknown"],
  ["another key", (h) => `${h.place} ${h.others.ed25519}`, "refuses", "host-key-changed"],
  ["another RSA key", (h) => `${h.place} ${h.others.rsa}`, "refuses", "host-key-changed"],
  ["a type it has no key of", (h) => `${h.place} ${h.ecdsa}`, "refuses", "host-key-unknown"],
  [
    "an older key, then its own",
    (h) => `${h.place} ${h.others.ed25519}\n${h.place} ${h.ed25519}`,
    "connects",
    "connects",
  ],
  ["another port", (h) => `[127.0.0.1]:${h.port - 1} ${h.ed25519}`, "refuses", "host-key-unknown"],
  // OpenSSH falls back to what is pinned for the host without its port. evenkeel does not: whoever may use a
  // port of a machine need not be who its sshd belongs to.
  ["no port", (h) => `127.0.0.1 ${h.ed25519}`, "connects", "host-key-unknown"],
  ["its hashed name", (h) => `${h.hashed(h.place)} ${h.ed25519}`, "connects", "connects"],
  ["another hashed name", (h) => `${h.hashed("127.0.0.9")} ${h.ed25519}`, "refuses", "host-key-unknown"],
  ["a damaged hash", (h) => `|1|${h.hashed(h.place).slice(9)} ${h.ed25519}`, "refuses", "config-invalid"],
  ["several hosts in a line", (h) => `shop.test,${h.place},db.test ${h.ed25519}`, "connects", "connects"],
  ["several hosts, with a blank", (h) => `shop.test, ${h.place} ${h.ed25519}`, "refuses", "config-invalid"],
  ["a wildcard", (h) => `[127.0.0.*]:${h.port} ${h.ed25519}`, "connects", "connects"],
  ["a wildcard for everything", (h) => `* ${h.ed25519}`, "connects", "connects"],
  ["single places", (h) => `[127.?.?.1]:${h.port} ${h.ed25519}`, "connects", "connects"],
  ["a wildcard for others", (h) => `[10.*]:${h.port} ${h.ed25519}`, "refuses", "host-key-unknown"],
  ["its name, negated", (h) => `*,!${h.place} ${h.ed25519}`, "connects", "host-key-unknown"],
  [
    "its name, negated with and without its port",
    (h) => `*,!${h.place},!127.0.0.1 ${h.ed25519}`,
    "refuses",
    "host-key-unknown",
  ],
  ["a negated pattern first", (h) => `!*127.0.0.?*,* ${h.ed25519}`, "refuses", "host-key-unknown"],
  ["another one negated", (h) => `!shop.test,* ${h.ed25519}`, "connects", "connects"],
  ["only a negation", (h) => `!shop.test ${h.ed25519}`, "refuses", "host-key-unknown"],
  ["its key, revoked", (h) => `@revoked ${h.place} ${h.ed25519}`, "refuses", "host-key-revoked"],
  [
    "its key, revoked for all",
    (h) => `${h.place} ${h.ed25519}\n@revoked * ${h.ed25519}`,
    "refuses",
    "host-key-revoked",
  ],
  [
    "another key revoked",
    (h) => `@revoked * ${h.others.ed25519}\n${h.place} ${h.ed25519}`,
    "connects",
    "connects",
  ],
  [
    "its key revoked elsewhere",
    (h) => `@revoked shop.test ${h.ed25519}\n${h.place} ${h.ed25519}`,
    "connects",
    "connects",
  ],
  // Certificates are not supported, and said to be so.
  [
    "the authority that signed its key",
    (h) => `@cert-authority ${h.place} ${h.authority}`,
    "connects",
    "host-key-unknown",
  ],
  ["its key as an authority", (h) => `@cert-authority * ${h.ed25519}`, "refuses", "host-key-unknown"],
  ["an authority's key as its own", (h) => `${h.place} ${h.authority}`, "refuses", "host-key-changed"],
  ["an unknown marker", (h) => `@trusted ${h.place} ${h.ed25519}`, "refuses", "config-invalid"],
  ["garbage", () => "\u0000\u0001PK\u0003 what is this\n\u001b[2J", "refuses", "config-invalid"],
  // Where something cannot be read, evenkeel would not know what was meant.
  ["garbage and its key", (h) => `garbage\n${h.place} ${h.ed25519}`, "connects", "config-invalid"],
  ["a key that was cut off", (h) => `${h.place} ${h.ed25519.slice(0, -8)}`, "refuses", "config-invalid"],
  [
    "its key, called another type",
    (h) => `${h.place} ${h.ed25519.replace("ssh-ed25519", "ssh-rsa")}`,
    "refuses",
    "config-invalid",
  ],
  ["a key on two lines", (h) => `${h.place} ${h.ed25519.replace(" ", "\n")}`, "refuses", "config-invalid"],
  ["tabs and blanks in front", (h) => ` \t${h.place}\t${h.ed25519}`, "connects", "connects"],
  ["ends of line as on Windows", (h) => `# ours\r\n${h.place} ${h.ed25519}\r\n`, "connects", "connects"],
  ["a byte order mark", (h) => `\uFEFF${h.place} ${h.ed25519}`, "refuses", "config-invalid"],
  ["a blank that is no blank", (h) => `\u00a0${h.place} ${h.ed25519}`, "refuses", "config-invalid"],
  ["a form feed in front", (h) => `\f${h.place} ${h.ed25519}`, "refuses", "config-invalid"],
];

let sshd: TestSshd;
let shown: Shown;
beforeAll(async () => {
  sshd = await startSshd({ keys: ["ed25519", "rsa"], signed: true });
  const { port } = sshd.target;
  const line = (name: string) => readFileSync(join(sshd.folder, `${name}.pub`), "utf8").trim();
  for (const [name, type] of [
    ["other_ed25519", "ed25519"],
    ["other_rsa", "rsa"],
    ["other_ecdsa", "ecdsa"],
  ] as const)
    makeKey(sshd.folder, name, type);
  shown = {
    place: `[127.0.0.1]:${port}`,
    port,
    ed25519: line("host_ed25519"),
    rsa: line("host_rsa"),
    ecdsa: line("other_ecdsa"),
    others: { ed25519: line("other_ed25519"), rsa: line("other_rsa") },
    authority: line("authority"),
    hashed: (name) => {
      const file = join(sshd.folder, "to_hash");
      writeFileSync(file, `${name} ${line("host_ed25519")}\n`);
      execFileSync("ssh-keygen", ["-H", "-f", file], { stdio: "ignore" });
      return readFileSync(file, "utf8").split(" ")[0] ?? "";
    },
  };
});
afterAll(() => sshd?.stop());

// A case is up to eight connections, each with a process of sshd and of the client: patience for a busy machine.
const PATIENCE_MS = 120_000;

test.each(cases)(
  "known hosts that hold %s",
  { timeout: PATIENCE_MS },
  async (_, lines, openssh, evenkeel) => {
    const text = lines(shown);
    const verdicts = { openssh: byOpenSsh(text), evenkeel: await byEvenkeel(text) };
    expect(verdicts).toEqual({ openssh, evenkeel });
    if (verdicts.openssh === "refuses") expect(verdicts.evenkeel).not.toBe("connects");
  },
);

function byOpenSsh(lines: string): "connects" | "refuses" {
  const file = join(sshd.folder, "known_hosts");
  writeFileSync(file, lines);
  const options = [
    ...["BatchMode=yes", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "UpdateHostKeys=no"],
    ...[`UserKnownHostsFile=${file}`, "GlobalKnownHostsFile=/dev/null"],
  ].flatMap((option) => ["-o", option]);
  const { host, port, user } = sshd.target;
  const key = ["-i", join(sshd.folder, "user")];
  const said = spawnSync(
    "ssh",
    ["-F", "none", ...options, ...key, "-p", String(port), `${user}@${host}`, "true"],
    { encoding: "utf8" },
  );
  if (said.status === 0) return "connects";
  // For no other reason, or the table would prove nothing.
  expect(said.stderr).toMatch(/Host key verification failed|no matching host key type/);
  return "refuses";
}

async function byEvenkeel(lines: string): Promise<"connects" | ErrorCode> {
  const { host, port, user } = sshd.target;
  const text = `
app: shop
image: registry.example.com/shop
environments:
  test: { host: ${host}, port: ${port}, user: ${user}, knownHosts: known_hosts }
`;
  const sshKey = readFileSync(join(sshd.folder, "user"), "utf8");
  try {
    const config = parseConfig(text, { file: "evenkeel.yaml", readFile: () => lines });
    const access = prepareAccess(resolveEnvironment(config), { sshKey }, false);
    (await openEnvironment(access)).close();
    return "connects";
  } catch (error) {
    if (error instanceof EvenkeelError) return error.code;
    throw error;
  }
}
