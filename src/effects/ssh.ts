import type { Socket } from "node:net";
import { NodeSSH } from "node-ssh";
import { describe, EvenkeelError } from "../errors.js";
import {
  fingerprint,
  type HostKeyDecision,
  type HostKeyPolicy,
  isTypeRefused,
  keyType,
  offeredHostKeys,
  signatureAlgorithms,
} from "./host-key.js";
import { openSocket } from "./socket.js";

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** Text that must not be printed; whoever needs it has to ask for it by name. */
export interface Revealable {
  reveal(): string;
}

export interface SshKey {
  readonly privateKey: Revealable;
  readonly passphrase: Revealable | null;
}

export type SshCredential =
  | ({ readonly kind: "key" } & SshKey)
  /** An agent's socket, as SSH_AUTH_SOCK names it, and a key for when none of the agent's is let in. */
  | { readonly kind: "agent"; readonly socket: string; readonly otherwise: SshKey | null };

export interface SshTiming {
  /** For the TCP connection, the key exchange and the login together. */
  readonly connectMs: number;
  /** A peer that stays silent for three of these is given up: a dropped flow says nothing by itself. */
  readonly keepaliveMs: number;
}

export const SSH_TIMING: SshTiming = { connectMs: 10_000, keepaliveMs: 2_500 };

export interface SshConnection {
  readonly target: SshTarget;
  /** Starts a command; both of its ends are on the channel. */
  exec(command: string): Promise<SshChannel>;
  /** Resolves with the reason when the connection is over, for whatever reason. Never rejects. */
  readonly closed: Promise<string>;
  /** Ends the connection at once, whatever is under way. */
  destroy(reason: string): void;
}

type Client = NonNullable<NodeSSH["connection"]>;
export type SshChannel = Parameters<Parameters<Client["exec"]>[1]>[1];

/**
 * Logs in to a host whose key is pinned.
 *
 * @throws EvenkeelError `host-key-unknown`, `host-key-changed`, `host-key-revoked`, `ssh-unreachable` or
 *   `ssh-denied`, naming the host, what it offered and what to do.
 */
export async function connectSsh(
  target: SshTarget,
  credential: SshCredential,
  policy: HostKeyPolicy,
  timing: SshTiming = SSH_TIMING,
  signal?: AbortSignal,
): Promise<SshConnection> {
  const algorithms = signatureAlgorithms(policy.algorithms);
  if (algorithms.length === 0) throw await explainOffered(target, policy, timing, signal);

  const startedMs = performance.now();
  const socket = await openSocket(target.host, target.port, timing.connectMs, signal);
  const leftMs = Math.max(1, timing.connectMs - (performance.now() - startedMs));
  const watch = watchHostKey(policy);
  const ssh = new NodeSSH();
  const stop = () => socket.destroy(new Error("the run was told to stop"));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const pending = ssh.connect({
      sock: socket,
      username: target.user,
      readyTimeout: leftMs,
      keepaliveInterval: timing.keepaliveMs,
      keepaliveCountMax: 2,
      algorithms: { serverHostKey: [...algorithms] },
      hostVerifier: watch.verify,
      ...login(credential),
    });
    const client = ssh.connection;
    if (client === null) {
      await pending;
      throw new EvenkeelError("bug", "the SSH library gave no connection");
    }
    // Listening before the first answer: an error that nobody hears would end the whole process.
    const connection = follow(client, socket, target);
    await pending;
    return connection;
  } catch (error) {
    socket.destroy();
    // An agent that is gone is no reason not to try the key, as `ssh` does.
    const { level } = error as { readonly level?: unknown };
    if (level === "agent" && credential.kind === "agent" && credential.otherwise !== null)
      return connectSsh(target, { kind: "key", ...credential.otherwise }, policy, timing, signal);
    throw await explain(error, target, policy, watch.seen(), timing);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** `user@host:port`, as messages name a host. */
export function nameTarget(target: SshTarget): string {
  return `${target.user}@${target.host}:${target.port}`;
}

interface SeenKey {
  readonly blob: Buffer;
  readonly decision: HostKeyDecision;
}

function watchHostKey(policy: HostKeyPolicy) {
  let seen: SeenKey | null = null;
  return {
    verify: (blob: Buffer): boolean => {
      seen = { blob: Buffer.from(blob), decision: policy.decide(blob) };
      return seen.decision.verdict === "match";
    },
    seen: (): SeenKey | null => seen,
  };
}

// Only the ways that were chosen are tried: `none` first, as the library would, costs a round trip.
function login(credential: SshCredential) {
  if (credential.kind === "key") return { ...keyOf(credential), authHandler: ["publickey" as const] };
  const { socket, otherwise } = credential;
  if (otherwise === null) return { agent: socket, authHandler: ["agent" as const] };
  return { agent: socket, ...keyOf(otherwise), authHandler: ["agent" as const, "publickey" as const] };
}

function keyOf({ privateKey, passphrase }: SshKey) {
  return {
    privateKey: privateKey.reveal(),
    ...(passphrase === null ? {} : { passphrase: passphrase.reveal() }),
  };
}

function follow(client: Client, socket: Socket, target: SshTarget): SshConnection {
  let reason: string | null = null;
  const closed = new Promise<string>((resolve) => {
    const over = () => resolve(reason ?? "the host closed the connection");
    client.on("error", (error) => {
      reason ??= describeLoss(error);
    });
    client.on("close", over);
    socket.on("close", over);
  });
  return {
    target,
    closed,
    exec: (command) =>
      new Promise((resolve, reject) => {
        client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel)));
      }),
    destroy: (why) => {
      reason ??= why;
      socket.destroy();
    },
  };
}

function describeLoss(error: Error): string {
  return error.message === "Keepalive timeout"
    ? "the host stayed silent and the connection was given up"
    : describe(error);
}

// Nothing that is pinned was shown, so the keys that are there have to be fetched to be named.
async function explainOffered(
  target: SshTarget,
  policy: HostKeyPolicy,
  timing: SshTiming,
  signal?: AbortSignal,
): Promise<EvenkeelError> {
  const offered = await offeredHostKeys(target.host, target.port, {
    timeoutMs: timing.connectMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const seen = offered.map(({ blob }) => ({ blob, decision: policy.decide(blob) }));
  const worst = WORST_FIRST.find((verdict) => seen.some(({ decision }) => decision.verdict === verdict));
  return new EvenkeelError(
    `host-key-${worst ?? "unknown"}`,
    seen.map((key) => describeKey(target, key)).join("\n"),
  );
}

const WORST_FIRST = ["revoked", "changed", "unknown"] as const;

function describeKey(target: SshTarget, { blob, decision }: SeenKey): string {
  const print = fingerprint(blob);
  if (decision.reason.includes(print)) return `${decision.reason}.`;
  return `${target.host}:${target.port} shows the ${keyType(blob)} key ${print}: ${decision.reason}.`;
}

async function explain(
  error: unknown,
  target: SshTarget,
  policy: HostKeyPolicy,
  seen: SeenKey | null,
  timing: SshTiming,
): Promise<EvenkeelError> {
  if (error instanceof EvenkeelError) return error;
  if (seen !== null && seen.decision.verdict !== "match") {
    return new EvenkeelError(`host-key-${seen.decision.verdict}`, describeKey(target, seen));
  }
  if (isTypeRefused(error)) return explainOffered(target, policy, timing).catch((cause) => cause);
  const level = (error as { level?: unknown }).level;
  const words = error instanceof Error ? error.message : "";
  if (words.startsWith("Cannot parse privateKey") || words.includes("(valid) private key")) {
    return new EvenkeelError(
      "ssh-denied",
      `The private key for ${nameTarget(target)} cannot be read: ${words}`,
      {
        next: "Pass the whole text of an OpenSSH or PEM private key and, if it is encrypted, its passphrase.",
      },
    );
  }
  if (level === "client-authentication" || level === "agent") {
    return new EvenkeelError("ssh-denied", `${nameTarget(target)} does not let this key in: ${words}.`);
  }
  return new EvenkeelError(
    "ssh-unreachable",
    `No SSH session with ${nameTarget(target)}: ${describe(error)}.`,
    {
      cause: error,
    },
  );
}
