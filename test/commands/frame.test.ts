import { describe, expect, it } from "vitest";
import { frame, mark } from "../../src/commands/frame.js";
import { prelude } from "../../src/commands/spell.js";
import { fakeHost } from "./support/fake-host.js";
import { run, shells } from "./support/shells.js";

const nonce = "0123456789abcdef";

describe.each(shells.map((shell) => [shell.join(" "), shell] as const))("in %s", (_, shell) => {
  it("tells output and exit code of each script apart", () => {
    const text = frame("echo one; echo two >&2; exit 7", nonce) + frame("cat; printf three", `${nonce}b`);
    const { stdout, stderr } = run(shell, text);
    expect(stdout).toBe(`one\n${mark(nonce)} 7\nthree${mark(`${nonce}b`)} 0\n`);
    expect(stderr).toBe(`two\n${mark(nonce)}\n${mark(`${nonce}b`)}\n`);
  });

  it("cut at any byte, does nothing", () => {
    const script = "touch $FOLDER/did || :\necho 'it''s' \"$(echo x)\"";
    const whole = frame(script, nonce);
    const host = fakeHost(shell);
    const env = { PATH: process.env.PATH, FOLDER: host.folder };
    for (let length = 0; length < whole.trimEnd().length; length += 1) {
      run(shell, whole.slice(0, length), { env });
      expect(run(["sh"], "test -e $FOLDER/did", { env }).code, `cut after ${length} bytes`).toBe(1);
    }
    run(shell, whole, { env });
    expect(run(["sh"], "test -e $FOLDER/did", { env }).code).toBe(0);
    host.remove();
  });

  it("a prelude before it changes nothing of that", () => {
    const said = run(shell, prelude + frame("ek_now; echo $((NOW > 0))", nonce));
    expect(said.stdout).toBe(`1\n${mark(nonce)} 0\n`);
    expect(said.stderr).toBe(`${mark(nonce)}\n`);
  });
});

it("refuses a nonce that could be guessed or could be shell text", () => {
  expect(() => frame(":", "short")).toThrow(RangeError);
  expect(() => frame(":", "0123456789abcde;reboot")).toThrow(RangeError);
});
