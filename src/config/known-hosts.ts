/**
 * Pinned host keys in the form of OpenSSH's known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), read as
 * OpenSSH reads them, and stricter where that is open: what is not understood trusts nobody.
 */
import { createHash, createHmac } from "node:crypto";

export interface KnownHost {
  /** Line in the text, from 1. */
  readonly line: number;
  readonly marker: "none" | "revoked" | "cert-authority";
  /** The names as they are written: patterns, or one hashed name. */
  readonly names: string;
  readonly keyType: string;
  /** The key as SSH sends it, base64. */
  readonly key: string;
}

export interface KnownHosts {
  readonly entries: readonly KnownHost[];
  /** Lines that cannot be read. */
  readonly problems: readonly { readonly line: number; readonly text: string }[];
}

export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

export interface HostKeyDecision {
  /** Only `match` may be trusted. */
  readonly verdict: "match" | "unknown" | "changed" | "revoked";
  readonly reason: string;
}

export function parseKnownHosts(text: string): KnownHosts {
  const entries: KnownHost[] = [];
  const problems: { line: number; text: string }[] = [];
  text.split(/\r?\n/).forEach((written, index) => {
    // Only what is a blank to OpenSSH: any other, a byte order mark too, belongs to the name it stands before.
    const content = written.replace(/^[ \t]+|[ \t]+$/g, "");
    if (content === "" || content.startsWith("#")) return;
    const parsed = parseLine(content, index + 1);
    if (typeof parsed === "string") problems.push({ line: index + 1, text: parsed });
    else entries.push(parsed);
  });
  return { entries, problems };
}

/** Whether a host that shows this key may be trusted. `key` is the key as SSH sends it, base64. */
export function decideHostKey(
  entries: readonly KnownHost[],
  address: HostAddress,
  keyType: string,
  key: string,
): HostKeyDecision {
  const place = nameOf(address);
  const type = keyTypeOf(key);
  if (type === null || type !== plainType(keyType))
    return { verdict: "unknown", reason: `${place} shows something that is not a ${keyType} key` };
  const shown = `${place} shows the ${type} key ${fingerprint(key)}`;
  const own = entries.filter((entry) => isFor(entry, address));
  const same = own.filter((entry) => sameKey(entry.key, key));
  const revoked = same.find(({ marker }) => marker === "revoked");
  if (revoked !== undefined)
    return { verdict: "revoked", reason: `${shown}, which line ${revoked.line} of the known hosts revokes` };
  const pinned = pinsFor(own, address);
  const match = pinned.find((entry) => sameKey(entry.key, key));
  if (match !== undefined)
    return { verdict: "match", reason: `${shown}, as line ${match.line} of the known hosts pins it` };
  const other = pinned.find((entry) => entry.keyType === type);
  if (other !== undefined)
    return {
      verdict: "changed",
      reason: `${shown}, but line ${other.line} of the known hosts pins ${fingerprint(other.key)}`,
    };
  return { verdict: "unknown", reason: `${shown}, but ${explainUnknown(entries, address)}` };
}

/**
 * The SSH host key algorithms to offer for an address, best first, so that a host cannot choose a type of
 * key that is not pinned. Empty when nothing usable is pinned: do not connect then.
 */
export function pinnedKeyTypes(entries: readonly KnownHost[], host: string, port: number): string[] {
  const own = entries.filter((entry) => isFor(entry, { host, port }));
  const revoked = own.filter(({ marker }) => marker === "revoked");
  const types = new Set(
    own
      .filter(({ marker, key }) => marker === "none" && !revoked.some((entry) => sameKey(entry.key, key)))
      .map(({ keyType }) => keyType),
  );
  return ALGORITHMS.filter(([type]) => types.has(type)).flatMap(([, algorithms]) => algorithms);
}

/** What pins a key for an address, in the order of the lines. */
export function pinsFor(entries: readonly KnownHost[], address: HostAddress): readonly KnownHost[] {
  return entries.filter((entry) => entry.marker === "none" && isFor(entry, address));
}

/** Why no key is pinned for an address, as the end of a sentence. */
export function explainUnknown(entries: readonly KnownHost[], address: HostAddress): string {
  const place = nameOf(address);
  if (entries.length === 0) return "no host key is pinned";
  const own = entries.filter((entry) => isFor(entry, address));
  const pinned = own.filter(({ marker }) => marker === "none").map(({ keyType }) => keyType);
  if (pinned.length > 0) return `for ${place} only ${[...new Set(pinned)].join(", ")} is pinned`;
  if (own.some(({ marker }) => marker === "cert-authority"))
    return `for ${place} only a certificate authority is pinned, which evenkeel does not support: pin the key itself`;
  if (own.length > 0) return `for ${place} keys are only revoked, none is pinned`;
  if (
    address.port !== DEFAULT_PORT &&
    entries.some((entry) => isFor(entry, { ...address, port: DEFAULT_PORT }))
  )
    return `the key of ${address.host} is pinned for port ${DEFAULT_PORT}, not for ${place}`;
  return `no key is pinned for ${place}`;
}

/** The SHA-256 fingerprint of a base64 key, as `ssh-keygen -l` prints it. */
export function fingerprint(key: string): string {
  const digest = createHash("sha256").update(Buffer.from(key, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** The line that pins a key for an address. */
export function knownHostsLine(address: HostAddress, key: string): string {
  return `${nameOf(address)} ${keyTypeOf(key) ?? "unknown"} ${key}`;
}

const DEFAULT_PORT = 22;

// What ssh2 can negotiate. RSA keys only with SHA-2: `ssh-rsa` as an algorithm means SHA-1.
const ALGORITHMS: readonly (readonly [type: string, algorithms: readonly string[]])[] = [
  ["ssh-ed25519", ["ssh-ed25519"]],
  ["ecdsa-sha2-nistp256", ["ecdsa-sha2-nistp256"]],
  ["ecdsa-sha2-nistp384", ["ecdsa-sha2-nistp384"]],
  ["ecdsa-sha2-nistp521", ["ecdsa-sha2-nistp521"]],
  ["ssh-rsa", ["rsa-sha2-512", "rsa-sha2-256"]],
];

function parseLine(content: string, line: number): KnownHost | string {
  const words = content.split(/[ \t]+/);
  const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
  if (marker !== undefined && marker !== "@revoked" && marker !== "@cert-authority")
    return "expected @revoked or @cert-authority, or no marker";
  const [names, keyType, key] = words;
  if (names === undefined || keyType === undefined || key === undefined)
    return "expected host names, a type of key and the key, separated by spaces";
  if (!/^[\x21-\x7e]+$/.test(names))
    return "expected host names in ASCII, without a byte order mark before them";
  if (names.startsWith("|") && hashedName(names) === null)
    return "expected a hashed name in the form |1|salt|hash";
  if (keyTypeOf(key) !== keyType) return `expected a whole ${keyType.slice(0, 40)} key in base64`;
  return { line, marker: MARKERS[marker ?? ""] ?? "none", names, keyType, key };
}

const MARKERS: Readonly<Record<string, KnownHost["marker"]>> = {
  "@revoked": "revoked",
  "@cert-authority": "cert-authority",
};

/** The type that a key says of itself: a length of four bytes, then the name; null when it is no key. */
function keyTypeOf(key: string): string | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key) || key.length % 4 !== 0) return null;
  const blob = Buffer.from(key, "base64");
  const length = blob.length > 4 ? blob.readUInt32BE(0) : 0;
  if (length === 0 || length > 64 || blob.length <= 4 + length) return null;
  return fieldsFill(blob) ? blob.toString("latin1", 4, 4 + length) : null;
}

// A key that was cut off while being copied must not pass for one.
function fieldsFill(blob: Buffer): boolean {
  let at = 0;
  while (at + 4 <= blob.length) at += 4 + blob.readUInt32BE(at);
  return at === blob.length;
}

function plainType(keyType: string): string {
  return keyType === "rsa-sha2-512" || keyType === "rsa-sha2-256" ? "ssh-rsa" : keyType;
}

function sameKey(a: string, b: string): boolean {
  return Buffer.from(a, "base64").equals(Buffer.from(b, "base64"));
}

function nameOf({ host, port }: HostAddress): string {
  return port === DEFAULT_PORT ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

function isFor(entry: KnownHost, address: HostAddress): boolean {
  const name = nameOf(address);
  const hashed = hashedName(entry.names);
  if (hashed !== null) return createHmac("sha1", hashed.salt).update(name).digest().equals(hashed.hash);
  const patterns = entry.names.toLowerCase().split(",");
  // One negated pattern outweighs every other on the line.
  if (patterns.some((pattern) => pattern.startsWith("!") && matches(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matches(pattern, name));
}

function hashedName(names: string): { readonly salt: Buffer; readonly hash: Buffer } | null {
  const match = /^\|1\|([A-Za-z0-9+/]{27}=)\|([A-Za-z0-9+/]{27}=)$/.exec(names);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { salt: Buffer.from(match[1], "base64"), hash: Buffer.from(match[2], "base64") };
}

/** `*` for any run of characters and `?` for one; without a regular expression, so without its blow-ups. */
function matches(pattern: string, name: string): boolean {
  let [inPattern, inName, star, retry] = [0, 0, -1, 0];
  while (inName < name.length) {
    const wanted = pattern[inPattern];
    if (wanted === "*") {
      star = inPattern++;
      retry = inName;
    } else if (wanted === "?" || wanted === name[inName]) {
      inPattern++;
      inName++;
    } else if (star >= 0) {
      inPattern = star + 1;
      inName = ++retry;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(inPattern));
}
