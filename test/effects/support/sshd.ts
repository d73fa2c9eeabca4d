import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { HostKeyPolicy } from "../../../src/effects/host-key.js";
import type { SshCredential, SshTarget } from "../../../src/effects/ssh.js";

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find((path) => existsSync(path)) ?? null;

export type HostKeyName = "ed25519" | "ecdsa" | "rsa";

/** A real sshd of this machine on a loopback port, with keys of its own, for the account that runs the tests. */
export interface TestSshd {
  readonly target: SshTarget;
  readonly folder: string;
  readonly credential: SshCredential;
  /** The public key blob of each host key. */
  readonly hostKeys: ReadonlyMap<HostKeyName, Buffer>;
  stop(): Promise<void>;
}

export async function startSshd(
  options: {
    readonly keys?: readonly HostKeyName[];
    readonly config?: readonly string[];
    readonly port?: number;
    /** Whether its first key has a certificate, of the key `authority` in its folder. */
    readonly signed?: boolean;
  } = {},
): Promise<TestSshd> {
  if (SSHD === null) throw new Error("no sshd on this machine");
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-sshd-"));
  const port = options.port ?? (await freePort());
  const keys = options.keys ?? ["ed25519"];
  for (const key of keys) makeKey(folder, `host_${key}`, key);
  if (options.signed === true) {
    makeKey(folder, "authority", "ed25519");
    const sign = ["-q", "-s", join(folder, "authority"), "-h", "-I", "host", "-n", "127.0.0.1"];
    execFileSync("ssh-keygen", [...sign, join(folder, `host_${keys[0]}.pub`)]);
  }
  makeKey(folder, "user", "ed25519");
  writeFileSync(join(folder, "authorized_keys"), readFileSync(join(folder, "user.pub")), { mode: 0o600 });
  writeFileSync(
    join(folder, "sshd_config"),
    [
      `ListenAddress 127.0.0.1:${port}`,
      ...keys.map((key) => `HostKey ${join(folder, `host_${key}`)}`),
      ...(options.signed === true ? [`HostCertificate ${join(folder, `host_${keys[0]}-cert.pub`)}`] : []),
      `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
      `PidFile ${join(folder, "pid")}`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "PermitRootLogin prohibit-password",
      "MaxStartups 100",
      // The tests must not depend on what this machine's user has in their dotfiles.
      `SetEnv HOME=${folder}`,
      ...(options.config ?? []),
    ].join("\n"),
  );
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true });
  const child = spawn(SSHD, ["-D", "-e", "-f", join(folder, "sshd_config")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk) => {
    log += chunk;
  });
  const exited = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 100 || child.exitCode !== null) throw new Error(`sshd did not start: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    target: { host: "127.0.0.1", port, user: userInfo().username },
    folder,
    credential: keyCredential(readFileSync(join(folder, "user"), "utf8")),
    hostKeys: new Map(keys.map((key) => [key, publicBlob(join(folder, `host_${key}.pub`))])),
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function keyCredential(privateKey: string, passphrase: string | null = null): SshCredential {
  return {
    kind: "key",
    privateKey: { reveal: () => privateKey },
    passphrase: passphrase === null ? null : { reveal: () => passphrase },
  };
}

/** Makes a key pair and returns the private one. */
export function makeKey(folder: string, name: string, type: HostKeyName, passphrase = ""): string {
  const path = join(folder, name);
  const bits = type === "rsa" ? ["-b", "2048"] : [];
  execFileSync("ssh-keygen", ["-q", "-t", type, ...bits, "-N", passphrase, "-C", "", "-f", path]);
  return readFileSync(path, "utf8");
}

/** A policy that pins exactly these keys. */
export function pin(...blobs: readonly Buffer[]): HostKeyPolicy {
  return {
    algorithms: blobs.map((blob) => blob.subarray(4, 4 + blob.readUInt32BE(0)).toString()),
    decide: (blob) =>
      blobs.some((pinned) => pinned.equals(blob))
        ? { verdict: "match", reason: "pinned" }
        : { verdict: "changed", reason: "another key is pinned" },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function publicBlob(path: string): Buffer {
  return Buffer.from(readFileSync(path, "utf8").split(" ")[1] ?? "", "base64");
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
