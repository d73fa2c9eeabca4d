import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argv, quote, raw, sh } from "../../src/commands/quote.js";
import { run, shells } from "./support/shells.js";

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom("'", '"', "\\", "$", "`", "\n", "\r", " ", "!", "*", "~", "-", "#", "é", "\u0081"),
  }),
  fc.constantFrom("", "-n", "--", "~", "$(reboot)", "\n\n", "a\n", "'", "''", "\\", "ÿ\u0088", "🚢"),
);
const words = fc.array(
  nasty.map((word) => word.replaceAll("\0", "").toWellFormed()),
  { maxLength: 8 },
);

describe.each(shells.map((shell) => [shell.join(" "), shell] as const))("in %s", (_, shell) => {
  it("every word arrives as it was", () => {
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 20 }), (lists) => {
        const script = lists.map(
          (list) => `p() { for w; do printf '%s\\0' "$w"; done; printf '\\1\\0'; }; p ${argv(list)}`,
        );
        const seen = run(shell, `${script.join("\n")}\n`).stdout;
        expect(seen).toBe(
          lists.map((list) => `${list.map((word) => `${word}\0`).join("")}\u0001\0`).join(""),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("an interpolated list is a list of words, a fragment is text", () => {
    const script = sh`printf '<%s>' ${["a b", ""]} ${"$HOME"} ${3} "\${HOME:+x}" ${raw("$((1 + 1))")}`;
    expect(run(shell, script, { env: { HOME: "/h", PATH: process.env.PATH } }).stdout).toBe(
      "<a b><><$HOME><3><x><2>",
    );
  });
});

it("a template is kept as it is written, and may show what it does not put in", () => {
  expect(sh`printf "\n" \`date\` \${HOME} ${"a b"}`).toBe(`printf "\\n" \`date\` \${HOME} 'a b'`);
  expect(sh`exit ${-3}`).toBe("exit -3");
});

it("leaves plain words readable", () => {
  expect(argv(["docker", "--name=x", "a/b:c@d", "it's", ""])).toBe("docker '--name=x' a/b:c@d 'it'\\''s' ''");
});

it("refuses what no shell can carry", () => {
  expect(() => quote("a\0b")).toThrow(RangeError);
  expect(() => sh`sleep ${0.5}`).toThrow(RangeError);
});
