import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parsePointer } from "../../src/commands/names.js";
import type { Step } from "../../src/core/model.js";
import { fakeHost } from "./support/fake-host.js";
import { entry, health } from "./support/steps.js";

const key = "shop-production";
const armed = `token token\nfence 1\nrevision 3\nlive green\nprevious blue\nboot b\nhostboot h\narmed 1\nuntil 2\n`;
const switchStep = {
  kind: "switch",
  fence: 1,
  containerId: "c0ffee",
  to: { mode: "pair", live: "green", standby: "blue" },
  guard: { token: "token", revision: 3, live: "green", previous: "blue", leaseMs: 15_000 },
  port: 3000,
  health,
  previousPort: 3000,
  previousHealth: health,
  entry,
} as const;
const confirmStep = {
  kind: "confirm",
  fence: 1,
  token: "token",
  live: "green",
  entry: { ...entry, event: "promoted" },
} as const;
const backStep = {
  kind: "point-back",
  fence: 1,
  live: "blue",
  entry: { ...entry, event: "rolled-back" },
} as const;

let host: ReturnType<typeof fakeHost>;
const pointer = () => host.file(`routes/${key}/active`);
const guard = () => host.file(`guards/${key}/guard`);
const ledger = () => host.file(`keys/${key}/ledger.jsonl`) ?? "";

/** A host whose blue slot serves, and on which green has been started; Docker does as a real one would. */
function begin() {
  host = fakeHost();
  host.command(
    "docker",
    `case "$1 $2" in
      "container inspect") case "$*" in *'{{.State.Running}} {{.Name}}'*) echo "true /${key}-green" ;; *) exit 1 ;; esac ;;
      "exec evenkeel-guardian") printf '${armed.replaceAll("\n", "\\n")}' >"${host.root}/guards/${key}/guard" && echo armed ;;
    esac`,
  );
  host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
  host.write(`routes/${key}/active`, "blue");
}
beforeEach(begin);
afterEach(() => host.remove());

it("refuses a switch on a proof that has grown too old, and touches nothing", () => {
  expect(host.ask({ ...switchStep, provenUntilMs: 1 })).toMatchObject({
    verdict: "failed",
    code: "step-failed",
    message: expect.stringContaining("too old"),
  });
  expect(pointer()).toBe("blue");
  expect(guard()).toBeNull();
  expect(host.ask({ ...switchStep, provenUntilMs: 1e15 })).toEqual({ verdict: "done" });
});

it.each([
  ["the guardian has decided meanwhile", "guard-gone", 1e15],
  ["the proof has grown old meanwhile", "step-failed", 500],
])("refuses a switch on a host that stood still until %s, and leaves the pointer", (_, code, inMs) => {
  // As slow as Docker on a host that stands still: the lease is over before the act is.
  host.command(
    "docker",
    `case "$1 $2" in
      "container inspect") echo "true /${key}-green" ;;
      "exec evenkeel-guardian") printf '${armed.replaceAll("\n", "\\n")}' >"${host.root}/guards/${key}/guard" && echo armed ;;
      "update --restart") sleep 1; ${code === "guard-gone" ? `rm -f "${host.root}/guards/${key}/guard"` : ":"} ;;
    esac`,
  );
  const [uptime = ""] = readFileSync("/proc/uptime", "utf8").split(" ");
  const provenUntilMs = Number(uptime) * 1000 + inMs;
  expect(host.ask({ ...switchStep, provenUntilMs })).toMatchObject({ verdict: "failed", code });
  expect(pointer()).toBe("blue");
});

it("refuses to point back on what was seen too long ago, and touches nothing", () => {
  expect(host.ask(switchStep)).toEqual({ verdict: "done" });
  expect(host.ask({ ...backStep, provenUntilMs: 1 })).toMatchObject({
    verdict: "failed",
    code: "step-failed",
    message: expect.stringContaining("too old"),
  });
  expect(pointer()).toBe("green+blue");
  expect(guard()).toBe(armed);
  expect(host.ask({ ...backStep, provenUntilMs: 1e15 })).toEqual({ verdict: "done" });
  expect(pointer()).toBe("blue");
});

it("says that the disk is full where that is why the guardian could not be armed", () => {
  host.command("docker", `case "$1" in container) echo "true /${key}-green" ;; esac`);
  host.command("stat", "echo 0 100 100");
  expect(host.ask(switchStep)).toMatchObject({ verdict: "failed", code: "disk-full" });
  expect(pointer()).toBe("blue");
  expect(host.calls()).toMatch(/docker update --restart no c0ffee$/m);
});

it("switches: restart policy, guard, ledger, and the pointer last", () => {
  expect(host.ask(switchStep)).toEqual({ verdict: "done" });
  expect(pointer()).toBe("green+blue");
  expect(guard()).toBe(armed);
  expect(JSON.parse(ledger())).toMatchObject({ ...entry, fence: 1 });
  expect(host.calls()).toContain("docker update --restart always c0ffee\n");
  expect(host.calls()).toContain("docker exec evenkeel-guardian");
});

it("leaves the pointer where it was when the candidate would not survive a reboot", () => {
  host.command(
    "docker",
    `case "$1 $2" in
      "container inspect") echo "true /${key}-green" ;;
      "exec evenkeel-guardian") echo armed ;;
      update*) exit 1 ;;
    esac`,
  );
  expect(host.ask(switchStep)).toMatchObject({ verdict: "failed" });
  expect(pointer()).toBe("blue");
  expect(ledger()).toBe("");
});

it("switches when the proxy believes in the candidate, not sooner, and never waits for long", () => {
  const uptimeMs = () => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  const believedFromMs = uptimeMs() + 800;
  expect(host.ask({ ...switchStep, believedFromMs })).toEqual({ verdict: "done" });
  expect(uptimeMs()).toBeGreaterThanOrEqual(believedFromMs);
  // A clock that has gone astray.
  const never = uptimeMs() + 3_600_000;
  expect(host.ask({ ...switchStep, believedFromMs: never })).toEqual({ verdict: "done" });
});

it("does not switch to a container that does not run, nor without a guardian", () => {
  host.command("docker", 'case "$1 $2" in "container inspect") echo "false /shop-production-green" ;; esac');
  expect(host.ask(switchStep)).toMatchObject({ verdict: "failed", code: "container-gone" });
  host.command(
    "docker",
    'case "$1 $2" in "container inspect") echo "true /shop-production-green" ;; exec*) exit 1 ;; esac',
  );
  expect(host.ask(switchStep)).toMatchObject({ verdict: "failed", code: "guard-gone" });
  expect(host.calls()).toContain("docker update --restart no c0ffee");
  expect(pointer()).toBe("blue");
});

it("without a guard, disarms what an earlier switch left", () => {
  host.write(`guards/${key}/guard`, armed);
  host.ask({ ...switchStep, to: { mode: "solo", live: "green" }, guard: null });
  expect(pointer()).toBe("green");
  expect(guard()).toBeNull();
});

it("confirms only what its own token guards", () => {
  host.ask(switchStep);
  expect(host.ask({ ...confirmStep, token: "another" })).toMatchObject({
    verdict: "failed",
    code: "guard-gone",
  });
  expect(pointer()).toBe("green+blue");
  expect(host.ask(confirmStep)).toEqual({ verdict: "done" });
  expect(pointer()).toBe("green");
  expect(guard()).toBeNull();
  expect(host.ask(confirmStep)).toMatchObject({ verdict: "failed", code: "guard-gone" });
});

it("points back, and the guardian's outcome is settled", () => {
  host.ask(switchStep);
  host.write(`guards/${key}/outcome`, "token token\n");
  expect(host.ask(backStep)).toEqual({ verdict: "done" });
  expect([pointer(), guard(), host.file(`guards/${key}/outcome`)]).toEqual(["blue", null, null]);
});

it("is a stale holder's no more", () => {
  host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
  for (const step of [switchStep, confirmStep, backStep]) expect(host.ask(step)).toBe("fenced");
  expect(pointer()).toBe("blue");
});

/** Kills the shell at the n-th command that changes a file or a container; true when it got that far. */
function cutAt(n: number, step: Step): boolean {
  const bomb = `n=$(cat "$FOLDER/n" 2>/dev/null || echo 0); n=$((n + 1)); echo $n >"$FOLDER/n"; if [ $n -ge ${n} ]; then : >"$FOLDER/cut"; kill -9 $PPID; exit 1; fi`;
  for (const name of ["mv", "rm", "sync", "chmod"]) host.command(name, `${bomb}\nexec /bin/${name} "$@"`);
  host.ask(step as typeof switchStep);
  for (const name of ["mv", "rm", "sync", "chmod"]) host.command(name, `exec /bin/${name} "$@"`);
  return host.exec('test -e "$FOLDER/cut"').code === 0;
}

it("cut anywhere in a switch, either blue serves alone or the way back is armed", () => {
  for (let n = 1; ; n += 1) {
    const cut = cutAt(n, switchStep);
    const now = parsePointer(pointer() ?? "");
    expect(now).not.toBeNull();
    if (now?.mode === "pair") expect(guard(), `cut at ${n}`).toBe(armed);
    else expect(now, `cut at ${n}`).toEqual({ mode: "solo", live: "blue" });
    if (!cut) return expect(n).toBeGreaterThan(5);
    host.remove();
    begin();
  }
});

it("cut anywhere in leaving a pair, either green serves alone or the guardian still decides", () => {
  for (let n = 1; ; n += 1) {
    host.ask(switchStep);
    const cut = cutAt(n, { ...switchStep, to: { mode: "solo", live: "green" }, guard: null });
    if (pointer() === "green+blue") expect(guard(), `cut at ${n}`).toBe(armed);
    else expect(pointer(), `cut at ${n}`).toBe("green");
    if (!cut) {
      expect([pointer(), guard()]).toEqual(["green", null]);
      return expect(n).toBeGreaterThan(5);
    }
    host.remove();
    begin();
  }
});

it("cut anywhere in a confirmation, a guard that is gone means that green serves alone", () => {
  for (let n = 1; ; n += 1) {
    host.ask(switchStep);
    const cut = cutAt(n, confirmStep);
    if (guard() === null) expect(pointer(), `cut at ${n}`).toBe("green");
    else expect(["green", "green+blue"], `cut at ${n}`).toContain(pointer());
    if (ledger().includes("promoted")) expect(guard(), `cut at ${n}`).toBeNull();
    if (!cut) return expect(n).toBeGreaterThan(5);
    host.remove();
    begin();
  }
});

it("cut anywhere in going back, visitors are on blue before anything is forgotten", () => {
  for (let n = 1; ; n += 1) {
    host.ask(switchStep);
    const cut = cutAt(n, backStep);
    if (guard() === null) expect(pointer(), `cut at ${n}`).toBe("blue");
    if (!cut) return expect(n).toBeGreaterThan(5);
    host.remove();
    begin();
  }
});
