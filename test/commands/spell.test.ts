import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { armText, guardianLoop, lookText } from "../../src/commands/guardian.js";
import { frame, prelude, spell } from "../../src/commands/spell.js";
import { fakeHost } from "./support/fake-host.js";
import { shells } from "./support/shells.js";
import { password, secret, steps, vocabulary } from "./support/steps.js";

const scripts = [
  ...steps.map(
    (step) => [step.kind, prelude + frame(spell(step, vocabulary).script, "0123456789abcdef")] as const,
  ),
  ["guardian", guardianLoop] as const,
  ["arm", armText] as const,
  ["look", lookText] as const,
];

it.each(scripts)("%s is a script for every shell", (_, script) => {
  for (const [program = "sh", ...rest] of shells) {
    const checked = spawnSync(program, [...rest, "-n"], { input: script, encoding: "utf8" });
    expect(checked.stderr).toBe("");
    expect(checked.status).toBe(0);
  }
});

// Single quotes around other programs' text, `A && B || C` on purpose, and functions of the prelude that a
// step does not use; loops over a list that happens to have one word.
const allowed = "SC2015,SC2016,SC2034,SC1003,SC1091,SC2043,SC2050,SC2317,SC2329";
it.each(scripts)("shellcheck finds nothing in %s", (_, script) => {
  const checked = spawnSync("shellcheck", ["-s", "sh", "-f", "gcc", "-e", allowed, "-"], {
    input: script,
    encoding: "utf8",
  });
  expect(checked.stdout).toBe("");
});

it.each(steps.map((step) => [step.kind, step] as const))(
  "%s gives no command a secret as an argument",
  (_, step) => {
    const host = fakeHost();
    try {
      host.command("docker", 'printf "argv %s\\n" "$*"; echo 0123; exit 0');
      for (const other of ["cp", "mv", "chmod", "mkdir"]) host.command(other, `exec /bin/${other} "$@"`);
      host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
      const quick = step.kind === "pre-deploy" || step.kind === "install-proxy" ? null : step;
      if (quick !== null) host.exec(spell(quick, { ...vocabulary, root: host.root }).script);
      for (const part of [...secret.split("\n"), password, "hidden"])
        expect(host.calls()).not.toContain(part);
    } finally {
      host.remove();
    }
  },
);

it("asks no host to wait", () => {
  expect(() => spell({ kind: "wait", ms: 1 }, vocabulary)).toThrow(RangeError);
});
