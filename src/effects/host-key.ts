import { createHash } from "node:crypto";
import { NodeSSH } from "node-ssh";
import { EvenkeelError } from "../errors.js";
import { openSocket } from "./socket.js";

/**
 * What is pinned for one host, as whoever read the known hosts sees it. There is no policy that accepts
 * whatever comes.
 */
export interface HostKeyPolicy {
  /** Algorithms, or key types, for which a key is pinned, best first; nothing else is negotiated. */
  readonly algorithms: readonly string[];
  decide(blob: Buffer): HostKeyDecision;
}

export interface HostKeyDecision {
  /** Only `match` is trusted. */
  readonly verdict: "match" | "unknown" | "changed" | "revoked";
  /** A sentence that names the host, the key's fingerprint and what is pinned instead. */
  readonly reason: string;
}

/** A key that a host shows to whoever asks. Being offered proves nothing. */
export interface OfferedHostKey {
  /** As in known_hosts, for example `ssh-ed25519`. */
  readonly type: string;
  /** The public key as it stands, base64-encoded, in known_hosts. */
  readonly blob: Buffer;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

/**
 * The keys that a host offers, for a person to compare. One connection per key type, each ended at the key
 * exchange: nobody logs in and nothing is accepted.
 *
 * @throws EvenkeelError `ssh-unreachable` when nothing there speaks SSH.
 */
export async function offeredHostKeys(
  host: string,
  port: number,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<readonly OfferedHostKey[]> {
  const offered: OfferedHostKey[] = [];
  const silences: unknown[] = [];
  // One after the other: sshd drops connections at random when many are unauthenticated at once.
  for (const type of KEY_TYPES) {
    try {
      const key = await offeredKey(host, port, type, options.timeoutMs ?? 10_000, options.signal);
      if (key !== null) offered.push(key);
    } catch (error) {
      silences.push(error);
      if (offered.length === 0 || options.signal?.aborted === true) break;
    }
  }
  if (offered.length > 0) return offered;
  const cause = silences[0];
  if (cause instanceof EvenkeelError) throw cause;
  throw new EvenkeelError("ssh-unreachable", `${host}:${port} offered no host key.`, { cause });
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** The type of a public key, which its blob starts with. */
export function keyType(blob: Buffer): string {
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  return blob.subarray(4, 4 + Math.min(length, 64)).toString("latin1");
}

/**
 * The signature algorithms under which keys of these types are negotiated. SHA-1 is not among them, and a
 * type that is not known here is left out.
 */
export function signatureAlgorithms(types: readonly string[]): readonly SignatureAlgorithm[] {
  return [...new Set(types.flatMap((type) => SIGNATURES.get(type) ?? []))];
}

export type SignatureAlgorithm =
  | "ssh-ed25519"
  | "ecdsa-sha2-nistp256"
  | "ecdsa-sha2-nistp384"
  | "ecdsa-sha2-nistp521"
  | "rsa-sha2-512"
  | "rsa-sha2-256";

const RSA: readonly SignatureAlgorithm[] = ["rsa-sha2-512", "rsa-sha2-256"];
const SIGNATURES: ReadonlyMap<string, readonly SignatureAlgorithm[]> = new Map([
  ["ssh-ed25519", ["ssh-ed25519"]],
  ["ecdsa-sha2-nistp256", ["ecdsa-sha2-nistp256"]],
  ["ecdsa-sha2-nistp384", ["ecdsa-sha2-nistp384"]],
  ["ecdsa-sha2-nistp521", ["ecdsa-sha2-nistp521"]],
  ["ssh-rsa", RSA],
  ["rsa-sha2-512", ["rsa-sha2-512"]],
  ["rsa-sha2-256", ["rsa-sha2-256"]],
]);
const KEY_TYPES = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
];

async function offeredKey(
  host: string,
  port: number,
  type: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<OfferedHostKey | null> {
  const sock = await openSocket(host, port, timeoutMs, signal);
  const stop = () => sock.destroy(new Error("the call was told to stop"));
  signal?.addEventListener("abort", stop, { once: true });
  let seen: Buffer | null = null;
  const failure = await new NodeSSH()
    .connect({
      sock,
      username: "evenkeel",
      readyTimeout: timeoutMs,
      algorithms: { serverHostKey: [...signatureAlgorithms([type])] },
      authHandler: ["none"],
      hostVerifier: (blob: Buffer) => {
        seen = Buffer.from(blob);
        return false;
      },
    })
    .then(
      () => null,
      (error: unknown) => error,
    );
  signal?.removeEventListener("abort", stop);
  sock.destroy();
  if (seen !== null) return { type: keyType(seen), blob: seen, fingerprint: fingerprint(seen) };
  if (isTypeRefused(failure)) return null;
  throw failure;
}

/** Whether the key exchange ended because the host has no key of the types asked for. */
export function isTypeRefused(error: unknown): boolean {
  return error instanceof Error && error.message.includes("no matching host key format");
}
