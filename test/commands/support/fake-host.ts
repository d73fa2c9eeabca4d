import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frame, mark, prelude, spell, type Vocabulary } from "../../../src/commands/spell.js";
import type { Answers, StepKind, StepOf } from "../../../src/core/model.js";
import { run, shells } from "./shells.js";
import { vocabulary } from "./steps.js";

/** A folder that stands for a host: real shell, real files, and a `docker` that does what a test says. */
export function fakeHost(shell: readonly string[] = shells[0] ?? ["sh"]) {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-host-"));
  const root = join(folder, "state");
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const own: Vocabulary = { ...vocabulary, root };
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: folder,
    CALLS: join(folder, "calls"),
    FOLDER: folder,
  };

  const host = {
    folder,
    root,
    env,
    /** Replaces a command; the text is the body of a shell script. What it was called with is noted. */
    command(name: string, body: string): void {
      const path = join(bin, name);
      writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>"$CALLS"\n${body}\n`);
      chmodSync(path, 0o755);
    },
    calls: (): string => (existsSync(env.CALLS) ? readFileSync(env.CALLS, "utf8") : ""),
    file: (path: string): string | null =>
      existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : null,
    write(path: string, text: string): void {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    exec(script: string) {
      const nonce = "0123456789abcdef";
      const said = run(shell, prelude + frame(script, nonce), { env });
      const code = new RegExp(`${mark(nonce)} (\\d+)\\n$`).exec(said.stdout)?.[1];
      const end = said.stdout.lastIndexOf(mark(nonce));
      return {
        stdout: end < 0 ? said.stdout : said.stdout.slice(0, end),
        stderr: said.stderr.replace(`${mark(nonce)}\n`, ""),
        code: code === undefined ? -1 : Number(code),
      };
    },
    ask<K extends StepKind>(step: StepOf<K>, words: Partial<Vocabulary> = {}): Answers[K] | "fenced" {
      const { script, parse } = spell<K>(step, { ...own, ...words });
      return parse(host.exec(script));
    },
    // What a step left in the background may still write down that it was called.
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }),
  };
  host.command("docker", "exit 0");
  return host;
}
