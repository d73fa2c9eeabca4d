import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Dialect, openShell, requestDialect, shellDialect } from "../../src/effects/remote-shell.js";
import { connectSsh, type SshConnection } from "../../src/effects/ssh.js";
import { ownVersion } from "../../src/own-version.js";
import { until } from "../e2e/support/expectations.js";
import { pin, startSshd, type TestSshd } from "../effects/support/sshd.js";
import { failureOf } from "../support/failure.js";

/** A real sshd whose one key is bound to `evenkeel host`, run from this source. */
const root = join(import.meta.dirname, "../..");
const LIMITS = { timeoutMs: 20_000, outputBytes: 1_000_000 };
const caller = {
  version: ownVersion(),
  app: "shop",
  environment: "production",
  repository: "registry.example/app",
};
let sshd: TestSshd;
const open: SshConnection[] = [];

beforeAll(async () => {
  sshd = await startSshd();
  mkdirSync(join(sshd.folder, ".evenkeel/keys/shop-production"), { recursive: true });
  const node = `${process.execPath} --import ${createRequire(import.meta.url).resolve("tsx")}`;
  const host = `${node} ${root}/cli/main.ts host --app=shop --environment=production --repository=registry.example/app`;
  const file = join(sshd.folder, "authorized_keys");
  writeFileSync(file, `restrict,command="${host}" ${readFileSync(file, "utf8")}`);
});
afterAll(async () => {
  for (const connection of open) connection.destroy("done");
  await sshd.stop();
});

async function connect(): Promise<SshConnection> {
  const policy = pin(sshd.hostKeys.get("ed25519") as Buffer);
  const timing = { connectMs: 20_000, keepaliveMs: 5_000 };
  const connection = await connectSsh(sshd.target, sshd.credential, policy, timing);
  open.push(connection);
  return connection;
}

const shellOf = async (dialect: Dialect = requestDialect(caller)) =>
  openShell(await connect(), 20_000, dialect);
const asked = (step: object) => JSON.stringify({ step });

test("steps are done and answered, one after the other, each in the host's own words", async () => {
  const shell = await shellOf();
  const taken = { kind: "acquire", holder: "me#1", reason: "a 'reason'", leaseMs: 30_000 };
  expect(await shell.run(asked(taken), LIMITS)).toMatchObject({
    kind: "done",
    code: 0,
    stdout: "granted 1\n",
  });
  const [fenced, given] = await Promise.all([
    shell.run(asked({ kind: "unlock", fence: 7 }), LIMITS),
    shell.run(asked({ kind: "unlock", fence: 1 }), LIMITS),
  ]);
  expect(fenced).toMatchObject({ code: 76 });
  expect(given).toMatchObject({ code: 0 });
});

test("whatever else the key asks for, it gets no shell and runs nothing", async () => {
  const proof = join(sshd.folder, "ran");
  const ssh = [
    ...["-i", join(sshd.folder, "user"), "-p", String(sshd.target.port)],
    ...["-o", `UserKnownHostsFile=${join(sshd.folder, "known")}`, "-o", "IdentitiesOnly=yes"],
    ...["-o", "BatchMode=yes", `${sshd.target.user}@127.0.0.1`],
  ];
  const key = readFileSync(join(sshd.folder, "host_ed25519.pub"), "utf8");
  writeFileSync(join(sshd.folder, "known"), `[127.0.0.1]:${sshd.target.port} ${key}`);
  for (const input of [
    "",
    `touch ${proof}\n`,
    `{ touch ${proof}; }\n\n`,
    "\0\n",
    `${"x".repeat(9_000_000)}`,
  ]) {
    const running = promisify(execFile)("ssh", [...ssh, `touch ${proof}`]);
    running.child.stdin?.on("error", () => {});
    running.child.stdin?.end(input);
    const { stdout } = await running.catch((error: { stdout: string; stderr: string }) => {
      expect(error.stderr).toMatch(/evenkeel host: refused: RangeError: \S+/);
      return error;
    });
    expect(stdout).toBe("");
  }
  expect(existsSync(proof)).toBe(false);
});

test.each([
  ["another app", { app: "web" }, "refuses: this key deploys shop to production, not web to production"],
  [
    "another version",
    { version: "9.9.9" },
    /refuses: this host has evenkeel \S+, and the call comes from 9\.9\.9/,
  ],
])("%s is refused with the host's reason", async (_, change, said) => {
  const error = await failureOf(shellOf(requestDialect({ ...caller, ...change })));
  expect(error.code).toBe("ssh-denied");
  expect(error.detail).toMatch(said);
});

test("a runner that expects a shell is told of the forced command", async () => {
  const error = await failureOf(shellOf(shellDialect));
  expect(error.code).toBe("ssh-denied");
  expect(error.detail).toContain("gave no working POSIX shell");
  expect(error.next).toContain("forcedCommand: true");
});

test("a request that was cut does nothing, wherever it was cut; one that was whole is done to its end", async () => {
  const line = `${"0".repeat(24)} ${asked({ kind: "acquire", holder: "cut#1", reason: "cut", leaseMs: 30_000 })}\n`;
  const lock = join(sshd.folder, ".evenkeel/keys/shop-production/lock");
  rmSync(lock, { force: true });
  const send = async (text: string) => {
    const connection = await connect();
    const channel = await connection.exec("evenkeel host");
    const opening = `${"1".repeat(24)} ${JSON.stringify({ introduction: caller })}\n`;
    channel.write(opening);
    await new Promise((resolve) => channel.once("data", resolve));
    channel.write(text);
    await new Promise((resolve) => setTimeout(resolve, 300));
    connection.destroy("cut");
  };
  for (const at of [1, 24, 25, 40, line.length - 2, line.length - 1]) await send(line.slice(0, at));
  expect(existsSync(lock)).toBe(false);
  await send(line);
  await until("the lock is taken", 5_000, async () => existsSync(lock));
});

test("when the connection is gone, so is what served it, and what was asked for is done to its end", async () => {
  const lock = join(sshd.folder, ".evenkeel/keys/shop-production/lock");
  rmSync(lock, { force: true });
  // Somebody else is at work, so that the step has to wait.
  const holds = spawn("flock", [`${lock}.flock`, "sleep", "3"]);
  const shell = await shellOf();
  const lost = shell.run(
    asked({ kind: "acquire", holder: "gone#1", reason: "gone", leaseMs: 30_000 }),
    LIMITS,
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const one of open.splice(0)) one.destroy("done");
  const serving = () =>
    promisify(execFile)("pgrep", ["-f", `${root}/cli/main.ts host`]).catch(() => ({ stdout: "" }));
  await until("nobody serves", 1_500, async () => (await serving()).stdout === "");
  expect(existsSync(lock)).toBe(false);
  expect(await lost).toMatchObject({ kind: "lost" });
  await until("the lock is taken", 8_000, async () => existsSync(lock));
  holds.kill();
});
