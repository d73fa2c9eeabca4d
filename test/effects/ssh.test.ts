import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fingerprint, offeredHostKeys } from "../../src/effects/host-key.js";
import { connectSsh, type SshKey } from "../../src/effects/ssh.js";
import { freePort, keyCredential, makeKey, pin, startSshd, type TestSshd } from "./support/sshd.js";

describe("a connection to a real sshd", () => {
  let sshd: TestSshd;
  let ed25519: Buffer;
  let ecdsa: Buffer;
  let rsa: Buffer;
  beforeAll(async () => {
    sshd = await startSshd({ keys: ["ed25519", "ecdsa", "rsa"] });
    ed25519 = sshd.hostKeys.get("ed25519") as Buffer;
    ecdsa = sshd.hostKeys.get("ecdsa") as Buffer;
    rsa = sshd.hostKeys.get("rsa") as Buffer;
  });
  afterAll(() => sshd.stop());

  const connect = (
    options: { policy?: ReturnType<typeof pin>; credential?: typeof sshd.credential; port?: number } = {},
  ) =>
    connectSsh(
      { ...sshd.target, port: options.port ?? sshd.target.port },
      options.credential ?? sshd.credential,
      options.policy ?? pin(ed25519),
    );

  test.each(["ed25519", "ecdsa", "rsa"] as const)("comes about when the pinned key is %s", async (name) => {
    const seen: string[] = [];
    const policy = pin(sshd.hostKeys.get(name) as Buffer);
    const connection = await connectSsh(sshd.target, sshd.credential, {
      ...policy,
      decide: (blob) => {
        seen.push(fingerprint(blob));
        return policy.decide(blob);
      },
    });
    connection.destroy("done");
    expect(seen).toEqual([fingerprint(sshd.hostKeys.get(name) as Buffer)]);
    expect(await connection.closed).toBe("done");
  });

  test("is refused when another key of the same type is pinned, and the offered one is named", async () => {
    const folder = mkdtempSync(join(sshd.folder, "other-"));
    makeKey(folder, "other", "ed25519");
    const other = Buffer.from(
      execFileSync("ssh-keygen", ["-y", "-f", join(folder, "other")], { encoding: "utf8" }).split(" ")[1] ??
        "",
      "base64",
    );
    rmSync(folder, { recursive: true });
    await expect(connect({ policy: pin(other) })).rejects.toMatchObject({
      code: "host-key-changed",
      message: expect.stringContaining(
        `127.0.0.1:${sshd.target.port} shows the ssh-ed25519 key ${fingerprint(ed25519)}`,
      ),
    });
  });

  test("is refused when no key is pinned, and all offered ones are named", async () => {
    const refusal = connect({
      policy: { algorithms: [], decide: () => ({ verdict: "unknown", reason: "no key is pinned" }) },
    });
    await expect(refusal).rejects.toMatchObject({ code: "host-key-unknown" });
    for (const blob of [ed25519, ecdsa, rsa]) await expect(refusal).rejects.toThrow(fingerprint(blob));
  });

  test("is refused when a policy does not know the key", async () => {
    const policy = {
      algorithms: ["ssh-ed25519"],
      decide: () => ({ verdict: "unknown", reason: "not listed" }) as const,
    };
    await expect(connect({ policy })).rejects.toMatchObject({ code: "host-key-unknown" });
    const revoked = {
      algorithms: ["ssh-ed25519"],
      decide: () => ({ verdict: "revoked", reason: "revoked" }) as const,
    };
    await expect(connect({ policy: revoked })).rejects.toMatchObject({ code: "host-key-revoked" });
  });

  test("is refused when the host has only other types than the pinned one", async () => {
    const single = await startSshd({ keys: ["ecdsa"] });
    try {
      const refusal = connectSsh(single.target, single.credential, pin(ed25519));
      await expect(refusal).rejects.toMatchObject({ code: "host-key-changed" });
      await expect(refusal).rejects.toThrow(fingerprint(single.hostKeys.get("ecdsa") as Buffer));
    } finally {
      await single.stop();
    }
  });

  test("is denied for a key that is not authorized", async () => {
    const stranger = keyCredential(makeKey(sshd.folder, `stranger-${Date.now()}`, "ed25519"));
    await expect(connect({ credential: stranger })).rejects.toMatchObject({
      code: "ssh-denied",
      message: expect.stringContaining(`${sshd.target.user}@127.0.0.1:${sshd.target.port}`),
    });
  });

  test("says so when the private key is no key or lacks its passphrase, without showing it", async () => {
    const garbage = connect({ credential: keyCredential("hunter2hunter2") });
    await expect(garbage).rejects.toMatchObject({
      code: "ssh-denied",
      message: expect.not.stringContaining("hunter2"),
    });
    const locked = makeKey(sshd.folder, `locked-${Date.now()}`, "ed25519", "open sesame");
    await expect(connect({ credential: keyCredential(locked) })).rejects.toThrow(/passphrase/);
    const wrong = connect({ credential: keyCredential(locked, "wrong") });
    await expect(wrong).rejects.toMatchObject({ code: "ssh-denied" });
  });

  test("takes a key whose line ends were mangled by a secret store", async () => {
    const key = (sshd.credential as { privateKey: { reveal(): string } }).privateKey.reveal();
    const connection = await connect({
      credential: keyCredential(`\n ${key.trimEnd().replaceAll("\n", "\r\n")}`),
    });
    connection.destroy("done");
  });

  test("takes a key with its passphrase, and an agent's", async () => {
    const own = await startSshd();
    const agentSocket = join(own.folder, "agent");
    const agent = execFileSync("ssh-agent", ["-a", agentSocket, "-s"], { encoding: "utf8" });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent)?.[1]);
    try {
      execFileSync("ssh-add", ["-q", join(own.folder, "user")], {
        env: { ...process.env, SSH_AUTH_SOCK: agentSocket },
      });
      const policy = pin(own.hostKeys.get("ed25519") as Buffer);
      const byAgent = await connectSsh(
        own.target,
        { kind: "agent", socket: agentSocket, otherwise: null },
        policy,
      );
      byAgent.destroy("done");
      // As in many a shell: an agent that is gone, or that has other keys.
      for (const socket of [join(own.folder, "gone"), agentSocket]) {
        if (socket === agentSocket)
          execFileSync("ssh-add", ["-q", "-D"], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
        const otherwise = own.credential as unknown as SshKey;
        const byKeyThen = await connectSsh(own.target, { kind: "agent", socket, otherwise }, policy);
        byKeyThen.destroy("done");
        const byNothing = connectSsh(own.target, { kind: "agent", socket, otherwise: null }, policy);
        await expect(byNothing).rejects.toMatchObject({ code: "ssh-denied" });
      }

      execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "open sesame", "-f", join(own.folder, "user")]);
      const locked = execFileSync("cat", [join(own.folder, "user")], { encoding: "utf8" });
      const byKey = await connectSsh(own.target, keyCredential(locked, "open sesame"), policy);
      byKey.destroy("done");
    } finally {
      process.kill(pid);
      await own.stop();
    }
  });

  test("says that nothing is there, or that nothing speaks SSH", async () => {
    const nobody = await freePort();
    await expect(connect({ port: nobody })).rejects.toMatchObject({
      code: "ssh-unreachable",
      message: expect.stringContaining(`127.0.0.1:${nobody}`),
    });
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const port = (mute.address() as { port: number }).port;
    const timing = { connectMs: 300, keepaliveMs: 1000 };
    const call = connectSsh({ ...sshd.target, port }, sshd.credential, pin(ed25519), timing);
    await expect(call).rejects.toMatchObject({ code: "ssh-unreachable" });
    mute.close();
  });

  test("offers its keys to whoever asks, once per type, without a login", async () => {
    const keys = await offeredHostKeys("127.0.0.1", sshd.target.port);
    expect(keys.map((key) => [key.type, key.fingerprint])).toEqual([
      ["ssh-ed25519", fingerprint(ed25519)],
      ["ecdsa-sha2-nistp256", fingerprint(ecdsa)],
      ["ssh-rsa", fingerprint(rsa)],
    ]);
    const printed = execFileSync("ssh-keygen", ["-l", "-f", join(sshd.folder, "host_rsa.pub")], {
      encoding: "utf8",
    });
    expect(printed).toContain(keys[2]?.fingerprint);
    expect(keys[0]?.blob).toEqual(ed25519);
    await expect(offeredHostKeys("127.0.0.1", await freePort())).rejects.toMatchObject({
      code: "ssh-unreachable",
    });
  });
});
