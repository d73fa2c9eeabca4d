import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFindings } from "../../../src/pipeline/test-gate/findings.js";
import { type Limits, SUPERVISOR, superviseArgv } from "../../../src/pipeline/test-gate/supervisor.js";

const folder = mkdtempSync(join(tmpdir(), "supervisor-"));
const script = join(folder, "supervise");
const calm: Limits = { totalSeconds: 60, silenceSeconds: 60, graceSeconds: 2 };

beforeAll(() => {
  writeFileSync(script, SUPERVISOR);
  writeFileSync(
    join(folder, "server.js"),
    'require("http").createServer().listen(0, () => console.log("listening"))',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** Runs a command under the supervisor in process ids of its own, as the engine does. */
function supervise(shell: string, limits: Limits, command: readonly string[]): Promise<Ended> {
  const [, , ...argv] = superviseArgv(limits, command);
  const words = ["--pid", "--fork", "--mount-proc", "--kill-child", ...shell.split(" "), script, ...argv];
  const startedMs = Date.now();
  const child = spawn("unshare", words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr, ms: Date.now() - startedMs }));
  });
}

const sh = (line: string) => ["sh", "-c", line];

describe.each(["dash", "bash --posix", "busybox sh"])("in %s", { timeout: 60_000 }, (shell) => {
  it("gives the command's own exit code and its output in order", async () => {
    const { code, stdout, stderr } = await supervise(
      shell,
      calm,
      sh("echo one; echo two >&2; echo three; exit 7"),
    );
    expect(code).toBe(7);
    expect(stdout).toBe("one\ntwo\nthree\n");
    expect(readFindings(stderr)).toMatchObject({ hung: null, leftOver: [] });
  });

  it("tells a command that a signal ended from one that passed", async () => {
    expect((await supervise(shell, calm, sh("kill -9 $$"))).code).toBe(137);
  });

  it("ends a silent command and names what is alive and who started it", async () => {
    const line = "node server.js & wait";
    const { code, stdout, stderr } = await supervise(shell, { ...calm, silenceSeconds: 3 }, sh(line));
    expect(code).toBe(124);
    expect(stdout).toContain("listening\n");
    const { hung, alive } = readFindings(stderr);
    expect(hung).toMatch(/^no output for [34] s, \d+ s after the start$/);
    expect(alive).toEqual([
      expect.stringMatching(/^node server\.js \(pid \d+\), started by sh -c node server\.js & wait$/),
    ]);
  });

  it("ends a command that goes on printing, and its deaf children, after the total time", async () => {
    const limits = { totalSeconds: 3, silenceSeconds: 60, graceSeconds: 1 };
    const { code, stderr, ms } = await supervise(
      shell,
      limits,
      sh('trap "" TERM; while :; do echo x; sleep 1; done'),
    );
    expect(code).toBe(124);
    expect(readFindings(stderr).hung).toMatch(/^not over after [34] s, with output until [01] s ago$/);
    expect(ms).toBeLessThan(20_000);
  });

  it("names and ends what a command left running, also in a session of its own, and keeps its exit code", async () => {
    const { code, stderr } = await supervise(shell, calm, sh("setsid node server.js & sleep 2; exit 0"));
    expect(code).toBe(0);
    expect(readFindings(stderr).leftOver).toEqual([
      expect.stringMatching(/^node server\.js \(pid \d+\), started by sh -c .*, which has ended$/),
    ]);
  });

  it("says nothing of a child that is just about to end", async () => {
    const { code, stderr } = await supervise(shell, calm, sh("sleep 0.3 & exit 0"));
    expect(code).toBe(0);
    expect(readFindings(stderr)).toMatchObject({ hung: null, leftOver: [] });
  });

  it("needs no signal to know that the command has ended", async () => {
    const { code, stderr } = await supervise(
      `env --ignore-signal=TERM ${shell}`,
      { ...calm, totalSeconds: 5 },
      ["true"],
    );
    expect(readFindings(stderr).hung).toBeNull();
    expect(code).toBe(0);
  });

  it("starts the command with SIGINT as it is by default", async () => {
    const { stdout } = await supervise(shell, calm, ["sh", "-c", "grep SigIgn /proc/self/status"]);
    expect(Number.parseInt(stdout.split(/\s+/)[1] ?? "", 16) & 0b10).toBe(0);
  });
});

it("does not end within a machine's own processes", async () => {
  const child = spawn("sh", [script, "9", "9", "1", "echo", "started"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code).toBe(125);
  expect(output).toBe("");
});
