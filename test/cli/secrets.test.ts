import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSecret, usualKey } from "../../cli/secrets.js";
import { failureOf } from "../support/failure.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-secrets-"));
  writeFileSync(join(folder, "key"), "the key\n");
  writeFileSync(join(folder, "empty"), "\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const env = { KEY: "from outside", EMPTY: "" };
const read = async (reference: string, stop = never) =>
  (await readSecret("ssh-key", reference, { env, stop })).reveal();

test("a secret comes from a file, a variable or a command", async () => {
  expect(await read(`file://${folder}/key`)).toBe("the key\n");
  expect(await read("env://KEY")).toBe("from outside");
  expect(await read("cmd://printf 'a %s' secret | cat")).toBe("a secret");
});

test("one that was read cannot be printed by accident", async () => {
  expect(`${await readSecret("ssh-key", "env://KEY", { env, stop: never })}`).toBe("[secret]");
});

test.each([
  ["env://NOT_THERE", /--ssh-key: the environment variable NOT_THERE is not set/],
  ["env://EMPTY", /environment variable EMPTY holds nothing/],
  ["file:///nowhere/key", /\/nowhere\/key cannot be read: ENOENT/],
  ["cmd://echo s3cret; exit 3", /--ssh-key: its command ended with 3/],
  ["cmd://true", /the command holds nothing/],
  ["op://team/host/key", /names its secret by op:\/\/, which only the engine reads/],
  ["vault://secret/host", /cmd:\/\//],
])("%s is refused, with the place and the reason", async (reference, words) => {
  const error = await failureOf(read(reference));
  expect(error.code).toBe("usage");
  expect(error.message).toMatch(words);
  expect(error.message).not.toContain("s3cret");
});

test.each(["hunter2", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc", "env:KEY", "KEY", "FILE://x"])(
  "%j on the command line is refused and not repeated",
  async (given) => {
    const error = await failureOf(read(given));
    expect(error.message).not.toContain(given);
    expect(error.message).toMatch(/--ssh-key=file:\/\/PATH.*env:\/\/NAME.*cmd:\/\/COMMAND/);
    expect(error.message).toContain("replace it");
  },
);

test("a path without file:// is told as that", async () => {
  expect((await failureOf(read(join(folder, "key")))).message).toContain("Write file:// before the path");
});

test("a command ends with the call that waits for it", async () => {
  const stop = new AbortController();
  const reading = failureOf(read("cmd://exec sleep 60", stop.signal));
  stop.abort();
  expect((await reading).message).toContain("was stopped");
});

test("the usual key is the first that needs no passphrase", () => {
  const home = join(folder, "home");
  mkdirSync(join(home, ".ssh"), { recursive: true });
  expect(usualKey(home)).toBeNull();
  const make = (name: string, passphrase: string, ...how: readonly string[]) =>
    execFileSync("ssh-keygen", ["-q", "-N", passphrase, "-f", join(home, ".ssh", name), ...how]);
  make("id_ed25519", "open sesame", "-t", "ed25519");
  expect(usualKey(home)).toBeNull();
  make("id_rsa", "open sesame", "-t", "rsa", "-m", "PEM");
  expect(usualKey(home)).toBeNull();
  make("id_ecdsa", "", "-t", "ecdsa");
  expect(usualKey(home)?.reveal()).toContain("OPENSSH PRIVATE KEY");
});
