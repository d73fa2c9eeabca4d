import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { frame, prelude, spell } from "../../src/commands/spell.js";
import { fakeHost } from "./support/fake-host.js";
import { shells } from "./support/shells.js";
import { entry, release, vocabulary } from "./support/steps.js";

it.each(shells.map((shell) => [shell.join(" "), shell] as const))(
  "in %s a pull ends with the connection that asked for it, and leaves nothing behind",
  async (_, shell) => {
    const host = fakeHost(shell);
    try {
      host.command(
        "docker",
        'case $1 in pull) echo $$ >"$FOLDER/pull"; exec sleep 30 ;; version) echo linux/amd64 ;; *) exit 1 ;; esac',
      );
      host.command("mktemp", `mkdir -p "$FOLDER/scratch/login" && echo "$FOLDER/scratch/login"`);
      const { script } = spell({ kind: "pull", image: release.image }, { ...vocabulary, root: host.root });
      writeFileSync(join(host.folder, "script"), prelude + frame(script, "0123456789abcdef"));
      const gone = 'until [ -s "$FOLDER/pull" ]; do sleep 0.1; done';
      const parent = spawn("sh", ["-c", `"$@" <"$FOLDER/script" & ${gone}`, "sshd", ...shell], {
        env: host.env,
      });
      await once(parent, "exit");
      // Nobody reads any more what it says.
      parent.stdout.destroy();
      parent.stderr.destroy();
      const pid = Number(readFileSync(join(host.folder, "pull"), "utf8"));
      await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), 10_000);
      await vi.waitFor(() => expect(readdirSync(join(host.folder, "scratch"))).toEqual([]), 10_000);
    } finally {
      host.remove();
    }
  },
);

it("the pull of the proxy's image holds up no other app, and no other run once its connection is gone", async () => {
  const host = fakeHost();
  try {
    host.ask({ kind: "acquire", holder: "x", reason: "y", leaseMs: 30_000 });
    host.command(
      "docker",
      'case "$1 $2" in "pull "*) echo $$ >"$FOLDER/pull"; exec sleep 30 ;; "image inspect") exit 1 ;; esac',
    );
    const step = { kind: "install-proxy", fence: 1, upgrade: false } as const;
    const { script } = spell(step, { ...vocabulary, root: host.root });
    writeFileSync(join(host.folder, "script"), prelude + frame(script, "0123456789abcdef"));
    const gone = 'until [ -s "$FOLDER/pull" ]; do sleep 0.1; done';
    const parent = spawn("sh", ["-c", `sh <"$FOLDER/script" & ${gone}`, "sshd"], { env: host.env });
    await once(parent, "exit");
    parent.stdout.destroy();
    parent.stderr.destroy();
    expect(host.file("host.flock")).toBeNull();
    host.command("docker", "exit 0");
    await vi.waitFor(
      () => expect(host.ask({ kind: "record", fence: 1, entry })).toEqual({ verdict: "done" }),
      10_000,
    );
  } finally {
    host.remove();
  }
});
