import { spawn } from "node:child_process";
import { afterEach, expect, it } from "vitest";
import { openShell } from "./shell.js";

const shell = openShell(spawn("sh"));
afterEach(async () => void (await shell.run(":")));

it("tells what a script printed, and keeps what it defined", async () => {
  await shell.run("greet() { printf 'hello %s' \"$1\"; }");
  expect(await shell.run("greet you")).toBe("hello you");
});

it("rejects a script that fails, with what it said, and goes on", async () => {
  await expect(shell.run("echo no such file >&2; false")).rejects.toThrow("ended with 1: no such file");
  expect(await shell.run("echo there")).toBe("there");
});

it("rejects when the shell itself ends", async () => {
  const mortal = openShell(spawn("sh"));
  await expect(mortal.run("exit 3")).rejects.toThrow("ended with the shell");
  await expect(mortal.run("echo too late")).rejects.toThrow("ended with the shell");
});
