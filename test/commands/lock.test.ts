import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fakeHost } from "./support/fake-host.js";
import { shells } from "./support/shells.js";
import { entry } from "./support/steps.js";

const take = { kind: "acquire", holder: "Bo's laptop", reason: 'a "reason"', leaseMs: 30_000 } as const;

describe.each(shells.map((shell) => [shell.join(" "), shell] as const))("in %s", (_, shell) => {
  let host: ReturnType<typeof fakeHost>;
  beforeEach(() => {
    host = fakeHost(shell);
  });
  afterEach(() => host.remove());

  it("grants the free lock, and to another holder says who has it", () => {
    expect(host.ask(take)).toEqual({ verdict: "granted", fence: 1 });
    const second = host.ask({ ...take, holder: "ci" });
    expect(second).toMatchObject({
      verdict: "held",
      lock: { holder: "Bo's laptop", reason: 'a "reason"', fence: 1 },
    });
    const left = second !== "fenced" && second.verdict === "held" ? second.lock.remainingMs : 0;
    expect(left).toBeGreaterThan(20_000);
    expect(left).toBeLessThanOrEqual(30_000);
  });

  it("grants it again to the same holder, under the next number", () => {
    host.ask(take);
    expect(host.ask({ ...take, reason: "reading again" })).toEqual({ verdict: "granted", fence: 2 });
  });

  it("refuses a stale holder's act, however late it wakes", () => {
    host.ask({ ...take, leaseMs: 0 });
    expect(host.ask({ ...take, holder: "ci" })).toEqual({ verdict: "granted", fence: 2 });
    expect(host.ask({ kind: "record", fence: 1, entry })).toBe("fenced");
    expect(host.file("keys/shop-production/ledger.jsonl")).toBeNull();
    expect(host.ask({ kind: "record", fence: 2, entry })).toEqual({ verdict: "done" });
  });

  it("refuses it also when the next holder was cut off between its number and its lock", () => {
    host.ask(take);
    host.write("keys/shop-production/fence", "2");
    expect(host.ask({ kind: "record", fence: 1, entry })).toBe("fenced");
  });

  it("takes over after a reboot", () => {
    host.ask(take);
    const lock = host.file("keys/shop-production/lock") ?? "";
    host.write("keys/shop-production/lock", lock.replace(/^[0-9a-f-]{36}$/m, "another-boot"));
    expect(host.ask({ ...take, holder: "ci" })).toEqual({ verdict: "granted", fence: 2 });
  });

  it("is renewed by every act, and longer only while a long act runs", () => {
    host.ask({ ...take, leaseMs: 30_000 });
    const until = () => Number((host.file("keys/shop-production/lock") ?? "").split("\n")[3]);
    const before = until();
    host.ask({ kind: "record", fence: 1, entry });
    expect(until()).toBeGreaterThanOrEqual(before);
    host.ask({ kind: "retain", fence: 1, revisions: [] });
    expect(until() - before).toBeLessThan(20_000);
  });

  it("takes what the disk refuses for no success, and a sync that knows no files for one", () => {
    host.ask(take);
    host.command("sync", '[ $# = 0 ] || { echo "sync: error syncing: Input/output error" >&2; exit 1; }');
    expect(host.ask({ kind: "record", fence: 1, entry })).toMatchObject({ code: "step-failed" });
    host.command("sync", '[ $# = 0 ] || { echo "usage: sync" >&2; exit 1; }');
    expect(host.ask({ kind: "record", fence: 1, entry })).toEqual({ verdict: "done" });
    expect(host.calls().endsWith("sync \n")).toBe(true);
  });

  it("leaves no copy of the secrets behind that a stage has begun and not ended", () => {
    host.ask(take);
    const left = "keys/shop-production/releases/7.tmp/env";
    host.write(left, "TOKEN=secret");
    host.ask({ kind: "retain", fence: 1, revisions: [] });
    expect(host.file(left)).toBeNull();
  });

  it("after unlocking, refuses acts of the one who had it, and unlocking twice is no error", () => {
    host.ask(take);
    expect(host.ask({ kind: "unlock", fence: 1 })).toEqual({ verdict: "done" });
    expect(host.ask({ kind: "unlock", fence: 1 })).toEqual({ verdict: "done" });
    expect(host.ask({ kind: "record", fence: 1, entry })).toBe("fenced");
    expect(host.ask(take)).toEqual({ verdict: "granted", fence: 2 });
    expect(host.ask({ kind: "unlock", fence: 1 })).toBe("fenced");
  });

  it("never gives a number twice when the folder was lost but containers remain", () => {
    host.command("docker", "case $1 in ps) printf '7\\n41\\n\\n' ;; esac");
    expect(host.ask(take)).toEqual({ verdict: "granted", fence: 1_042 });
  });

  it("appends to a ledger whose last line was cut, without joining the two", () => {
    host.ask(take);
    host.write("keys/shop-production/ledger.jsonl", '{"at":"x","fence":1,"event":"swi');
    host.ask({ kind: "record", fence: 1, entry });
    const lines = (host.file("keys/shop-production/ledger.jsonl") ?? "").split("\n");
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({ ...entry, fence: 1 });
  });
});
