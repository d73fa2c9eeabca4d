import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frame } from "../../src/commands/frame.js";
import { argv, quote, raw, sh } from "../../src/commands/quote.js";
import { scaled } from "../support/scale.js";
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

describe("100,000 names, environment values, paths and messages that try to run a command", () => {
  // By redirection, which needs no program: a shell that takes any of this for its own makes a file.
  const attempts = [
    "$(>ran)",
    "`>ran`",
    ";>ran;",
    "&>ran&",
    "|:>ran|",
    "\n>ran\n",
    "\r\n>ran\r\n",
    "'\n>ran\n'",
    "';>ran;'",
    "'\\'';>ran;'\\''",
    "\\';>ran;\\'",
    '";>ran;"',
    '"$(>ran)"',
    "\"'`>ran`'\"",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is for the shell
    "${x:=$(>ran)}",
    "$((`>ran`0))",
    ")\n>ran\n(",
    "}\n>ran\n{",
    "\nEOF\n>ran\n",
    "<<x\n>ran\nx\n",
    "# \n>ran",
    "\\\n>ran\\\n",
    "$'\\n>ran'",
  ];
  const odd = fc.string({
    unit: fc.constantFrom(..."'\"\\$`!*?[]{}()<>|&;#~=%^-+,.:@ \t\n\r\u0001\u001b\u007f\u0085é世\u{1f6a2}"),
    maxLength: 6,
  });
  const plain = fc.constantFrom(
    "shop",
    "blue",
    "/etc",
    "../..",
    "it's",
    "a b",
    "-n",
    "--",
    "",
    "$HOME",
    "\u202e",
  );
  const pieces = fc.array(fc.oneof(fc.constantFrom(...attempts), odd, plain), { minLength: 1, maxLength: 5 });
  // Names, environment values, paths and messages, by what holds their pieces together.
  const glue = fc.constantFrom("-", "", "/", " ");
  const value = fc.tuple(glue, pieces).map(([between, parts]) => parts.join(between));
  const values = fc.sample(value, { numRuns: scaled(100_000) });

  it.each(shells.map((shell) => [shell.join(" "), shell] as const))(
    "in %s: none is changed, none is executed",
    (_, shell) => {
      // bash reads a script that comes over a connection byte by byte.
      const given = shell[0] === "bash" ? values.slice(0, 10_000) : values;
      expect(throughShell(shell, given, argv)).toEqual({ changed: 0, executed: [], complaints: "" });
    },
  );

  it("which would be seen: double quotes alone change and execute them", () => {
    const naive = (words: readonly string[]) => words.map((word) => `"${word}"`).join(" ");
    const one = ["a$(>ran)b", "harmless"];
    expect(throughShell(["sh"], one, naive)).toMatchObject({ changed: 1, executed: ["ran"] });
  });
});

/** Sends words through a shell as a host's scripts do, in an empty folder, and tells what became of them. */
function throughShell(
  shell: readonly string[],
  values: readonly string[],
  spelled: (words: readonly string[]) => string,
) {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-quote-"));
  const seen: string[] = [];
  let complaints = "";
  try {
    for (let at = 0; at < values.length; at += 10_000) {
      // Without a PATH: what gets out of its quotes can run no program of this machine.
      const lines = ["PATH=/none", "p() { printf '%s\\0' \"$@\"; }"];
      const most = Math.min(values.length, at + 10_000);
      for (let word = at; word < most; word += 50)
        lines.push(`p ${spelled(values.slice(word, Math.min(most, word + 50)))}`);
      const nonce = "0123456789abcdef";
      const said = run(shell, frame(lines.join("\n"), nonce), { cwd: folder });
      seen.push(
        ...said.stdout
          .slice(0, said.stdout.lastIndexOf(`\n${nonce}`))
          .split("\0")
          .slice(0, -1),
      );
      complaints += said.stderr.replace(`\n${nonce}\n`, "");
    }
    const changed = values.filter((value, index) => value !== seen[index]).length;
    return { changed, executed: readdirSync(folder), complaints };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
