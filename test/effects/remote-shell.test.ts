import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openShell, type RemoteShell } from "../../src/effects/remote-shell.js";
import { connectSsh, type SshConnection } from "../../src/effects/ssh.js";
import { type FlakyProxy, startFlakyProxy } from "../support/flaky-proxy.js";
import { pin, startSshd, type TestSshd } from "./support/sshd.js";

const LIMITS = { timeoutMs: 20_000, outputBytes: 8 * 1024 * 1024 };

describe("a shell on a real sshd", () => {
  let sshd: TestSshd;
  let proxy: FlakyProxy;
  const open: SshConnection[] = [];
  beforeAll(async () => {
    sshd = await startSshd();
    proxy = await startFlakyProxy(sshd.target.port);
  });
  afterEach(() => {
    for (const connection of open.splice(0)) connection.destroy("done");
  });
  afterAll(async () => {
    await proxy.stop();
    await sshd.stop();
  });

  const connect = async (options: { port?: number; keepaliveMs?: number } = {}) => {
    const connection = await connectSsh(
      { ...sshd.target, port: options.port ?? sshd.target.port },
      sshd.credential,
      pin(sshd.hostKeys.get("ed25519") as Buffer),
      { connectMs: 5000, keepaliveMs: options.keepaliveMs ?? 2500 },
    );
    open.push(connection);
    return connection;
  };
  const shellOf = async (options: { port?: number; keepaliveMs?: number } = {}): Promise<RemoteShell> =>
    openShell(await connect(options), 5000);

  test("answers with exit code, output and errors, and knows the prelude", async () => {
    const shell = await shellOf();
    expect(
      await shell.run("ek_now; printf 'wörld %s' \"$NOW\" | tr 0-9 0; printf oops >&2; exit 7", LIMITS),
    ).toEqual({
      kind: "done",
      code: 7,
      stdout: expect.stringMatching(/^wörld 0+$/),
      stderr: "oops",
    });
  });

  test("needs nothing that a key may be forbidden: forwarding, a terminal, start files", async () => {
    const file = join(sshd.folder, "authorized_keys");
    const plain = readFileSync(file, "utf8");
    writeFileSync(file, `restrict,from="127.0.0.1" ${plain}`);
    try {
      expect(await (await shellOf()).run("echo here", LIMITS)).toMatchObject({ code: 0, stdout: "here\n" });
    } finally {
      writeFileSync(file, plain);
    }
  });

  test("keeps nothing of one script for the next: neither variables nor standard input", async () => {
    const shell = await shellOf();
    await shell.run("kept=yes; cd /; cat; exec 1>&-", LIMITS);
    expect(await shell.run(`printf "[\${kept-}]"`, LIMITS)).toMatchObject({ code: 0, stdout: "[]" });
  });

  test("runs what is asked at the same time one after the other", async () => {
    const shell = await shellOf();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => shell.run(`sleep 0.0${n % 3}; printf ${n}`, LIMITS)),
    );
    expect(results.map((result) => result.kind === "done" && result.stdout)).toEqual(
      Array.from({ length: 20 }, (_, n) => String(n)),
    );
  });

  test("carries several megabytes, both ways, byte for byte", async () => {
    const shell = await shellOf();
    const big = await shell.run(
      "head -c 6000000 /dev/zero | tr '\\0' 'x'; head -c 3000000 /dev/zero | tr '\\0' y >&2",
      LIMITS,
    );
    if (big.kind !== "done") throw new Error(big.message);
    expect([big.stdout.length, big.stderr.length]).toEqual([6_000_000, 3_000_000]);
    const text = "ß$'\"\\`\n".repeat(50_000);
    const echoed = await shell.run(`cat <<'THE-END'\n${text}THE-END`, LIMITS);
    expect(echoed.kind === "done" && echoed.stdout === text).toBe(true);
  });

  test("cuts off endless output, on either stream, with a clean answer", async () => {
    for (const script of ["yes", "yes >&2"]) {
      const shell = await shellOf();
      expect(await shell.run(script, { ...LIMITS, outputBytes: 200_000 })).toMatchObject({
        kind: "lost",
        message: expect.stringContaining("200000 bytes"),
      });
    }
  });

  test("gives up a script that takes too long, and says how long it waited", async () => {
    const connection = await connect();
    const shell = await openShell(connection, 5000);
    const startedMs = performance.now();
    const result = await shell.run("sleep 30", { ...LIMITS, timeoutMs: 300 });
    expect(result).toMatchObject({ kind: "lost", message: "no answer within 0.3 s" });
    expect(performance.now() - startedMs).toBeLessThan(5000);
    await connection.closed;
    expect(await shell.run("true", LIMITS)).toMatchObject({ kind: "lost" });
  });

  test("tells that the shell was killed", async () => {
    const shell = await shellOf();
    expect(await shell.run("kill -9 $$", LIMITS)).toMatchObject({ kind: "lost" });
  });

  test("notices a flow that was silently dropped", async () => {
    const shell = await shellOf({ port: proxy.port, keepaliveMs: 200 });
    const running = shell.run("sleep 20", LIMITS);
    proxy.stall();
    expect(await running).toMatchObject({ kind: "lost", message: expect.stringContaining("silent") });
  });

  test("notices it within ten seconds by default", async () => {
    const { SSH_TIMING } = await import("../../src/effects/ssh.js");
    expect(SSH_TIMING.keepaliveMs * 3).toBeLessThan(10_000);
  });

  test("runs all or nothing of a script that was cut on its way", async () => {
    const lines = 4000;
    for (const bytes of [1, 40, 1_000, 20_000, 60_000, 150_000, 10_000_000]) {
      const file = join(sshd.folder, `cut-${bytes}`);
      const shell = await shellOf({ port: proxy.port });
      proxy.after(bytes, "server", "cut");
      const script = `echo begun >> ${file}\n${`echo line >> ${file} # padding to fill packets\n`.repeat(lines)}`;
      const result = await shell.run(script, LIMITS);
      proxy.calm();
      proxy.cut();
      const written = existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
      rmSync(file, { force: true });
      expect([bytes, result.kind, written]).toEqual(
        bytes === 10_000_000 ? [bytes, "done", lines + 1] : [bytes, "lost", 0],
      );
    }
  });

  test.each(["cut", "stall"] as const)(
    "does not blame the account for a connection that is lost: %s",
    async (fault) => {
      const connection = await connect({ port: proxy.port, keepaliveMs: 200 });
      proxy.after(100, "server", fault);
      await expect(openShell(connection, 5000)).rejects.toMatchObject({ code: "ssh-unreachable" });
    },
  );

  test("says so when the account runs something else than a shell", async () => {
    const forced = await startSshd({ config: ["ForceCommand echo This account is closed; exit 3"] });
    try {
      const connection = await connectSsh(
        forced.target,
        forced.credential,
        pin(forced.hostKeys.get("ed25519") as Buffer),
      );
      await expect(openShell(connection, 5000)).rejects.toMatchObject({ code: "ssh-denied" });
    } finally {
      await forced.stop();
    }
  });

  test.skipIf(userInfo().shell?.endsWith("bash") !== true)(
    "takes what a login script prints for nobody's answer",
    async () => {
      writeFileSync(join(sshd.folder, ".bashrc"), "echo Welcome; echo Welcome >&2\n");
      try {
        expect(await (await shellOf()).run("printf hi", LIMITS)).toMatchObject({ stdout: "hi", stderr: "" });
      } finally {
        rmSync(join(sshd.folder, ".bashrc"));
      }
    },
  );

  test("1000 tiny scripts (information only)", async () => {
    const startedMs = performance.now();
    const connection = await connect();
    const shell = await openShell(connection, 5000);
    const connectedMs = performance.now();
    for (let n = 0; n < 1000; n++) {
      const result = await shell.run("printf %s $((6 * 7))", LIMITS);
      if (result.kind !== "done" || result.stdout !== "42") throw new Error("a script was not answered");
    }
    const each = (performance.now() - connectedMs) / 1000;
    console.info(
      `connect and shell ${(connectedMs - startedMs).toFixed(0)} ms, ${each.toFixed(2)} ms a script`,
    );
  });
});
