import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDotenv, requireSecrets } from "../../src/config/dotenv.js";
import { SecretText } from "../../src/config/secret-text.js";
import { EvenkeelError } from "../../src/errors.js";

function read(text: string): Record<string, string> {
  return Object.fromEntries([...parseDotenv(text)].map(([name, value]) => [name, value.reveal()]));
}

function complaint(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof EvenkeelError) return `${error.code}: ${error.detail}`;
    throw error;
  }
  return "no complaint";
}

// What a shell would expand, kept from this file's own templates.
const BRACED = "$" + "{X}";

describe("a value", () => {
  test.each<[string, string, string]>([
    ["plain", "A=b", "b"],
    ["after export", "export A=b", "b"],
    ["with blanks around", "  A  =   b c  ", "b c"],
    ["empty", "A=", ""],
    ["empty before a comment", "A= # nothing", ""],
    ["with a comment", "A=b # comment", "b"],
    ["with # inside a word", "A=pass#word", "pass#word"],
    ["with = inside", "A=postgres://u:p@h/db?sslmode=require&x=y", "postgres://u:p@h/db?sslmode=require&x=y"],
    ["with dollars", `A=$HOME ${BRACED} $$`, `$HOME ${BRACED} $$`],
    ["with dollars in double quotes", `A="$HOME ${BRACED} \\$"`, `$HOME ${BRACED} \\$`],
    ["with a backslash", "A=C:\\new", "C:\\new"],
    ["with quotes inside", `A=it's "so"`, `it's "so"`],
    ["in single quotes, as it is", "A='a \\n \"b\" # c $d'", 'a \\n "b" # c $d'],
    ["in double quotes, with escapes", 'A="a\\nb\\t\\"c\\" \\\\n"', 'a\nb\t"c" \\n'],
    ["in double quotes, other backslashes kept", 'A="\\d+\\.\\u0041"', "\\d+\\.\\u0041"],
    ["in double quotes, ending in a backslash", 'A="a\\\\"', "a\\"],
    ["in backticks", 'A=`it\'s "so" \\n`', 'it\'s "so" \\n'],
    ["with blanks kept by quotes", "A='  b  '", "  b  "],
    ["in quotes, with a comment after", "A='b' # c", "b"],
    [
      "of several lines, double quotes",
      'A="-----BEGIN KEY-----\nabc=\n-----END KEY-----\n"',
      "-----BEGIN KEY-----\nabc=\n-----END KEY-----\n",
    ],
    ["of several lines, single quotes", "A='one\n# two\n\nB=3'", "one\n# two\n\nB=3"],
    ["in unicode", "A=ключ🔑", "ключ🔑"],
    ["in JSON", 'A=\'{"a":"b\\n"}\'', '{"a":"b\\n"}'],
    ["beginning with a # in quotes", "A='#1'", "#1"],
    ["at the end of a file without newline, after CRLF", "B=1\r\nA=2", "2"],
    ["after a byte order mark", "\uFEFFA=b", "b"],
  ])("%s", (_, text, value) => expect(read(text).A).toBe(value));

  test("of a name called export", () => expect(read("export=1")).toEqual({ export: "1" }));

  test("does not swallow what follows it", () => {
    expect(read("# head\n\nA=\nB='x\ny'\n\n  # c\nexport C = z\n")).toEqual({ A: "", B: "x\ny", C: "z" });
  });

  test("line breaks of a file in CRLF are line breaks; a single CRLF inside quotes is kept", () => {
    expect(read('A="x\r\ny"\r\nB=z\r\n')).toEqual({ A: "x\ny", B: "z" });
    expect(read('A="x\r\ny"\nB=z\n')).toEqual({ A: "x\r\ny", B: "z" });
  });
});

describe("what is refused", () => {
  const SECRET = "hunter2";

  test.each([
    ["a line without =", `A=1\n${SECRET}`, "line 2: expected NAME=value"],
    ["a name that is none", `1A=${SECRET}`, "line 1: expected NAME=value"],
    ["a name with a hyphen", `A-B=${SECRET}`, "line 1: expected NAME=value"],
    ["a quote without end", `A=1\nB="${SECRET}\nC=2\n`, 'line 2: the quote " that begins here has no end'],
    ["an escaped closing quote", `A="${SECRET}\\"`, 'line 1: the quote " that begins here has no end'],
    ["text after a quote", `A='it'${SECRET}'`, "line 1: text follows the closing quote '"],
    ["a zero byte", `A=${SECRET}\0`, "line 1: holds a zero byte"],
    ["a second value", `A=1\nB=2\nA=${SECRET}`, "line 3: A has a value already"],
    ["what could be a comment", `A=#${SECRET}`, "line 1: the value begins with #"],
    [
      "a key without quotes",
      `A=-----BEGIN KEY-----\n${SECRET}==\n-----END KEY-----\nB=1`,
      "line 1: a value of several lines needs quotes",
    ],
  ])("%s", (_, text, expected) => {
    const told = complaint(() => parseDotenv(text));
    expect(told).toContain("secrets-invalid");
    expect(told).toContain(expected);
    expect(told).not.toContain(SECRET);
  });

  test("everything at once, by line, multi-line values counted", () => {
    expect(complaint(() => parseDotenv("A='1\n2'\nnonsense\nB=1\nB=2\n\nC='x'y\n"))).toBe(
      [
        "secrets-invalid: The secrets cannot be read:",
        "  line 3: expected NAME=value; the name of letters, digits and _ only",
        "  line 5: B has a value already; expected each name once",
        `  line 7: text follows the closing quote '; escape a quote inside double quotes as \\", or use another kind`,
      ].join("\n"),
    );
  });
});

describe("a file that is no dotenv at all", () => {
  test.each<[string, string]>([
    ["lines of something else", "\u001b[2J\u001b]0;owned\u0007 hunter2\n".repeat(200_000)],
    ["bytes", `\u0000\u0001PK\u0003\ufffd\n`.repeat(200_000)],
    ["names again and again", "A=hunter2\n".repeat(200_000)],
    ["names without an end", `${"A".repeat(100_000)}=hunter2\n`.repeat(40)],
    ["quotes that close too early", `A="x"hunter2\n`.repeat(200_000)],
  ])("%s: the first mistakes are told by their lines", (_, text) => {
    const told = complaint(() => parseDotenv(text));
    expect(told.split("\n")).toHaveLength(22);
    expect(told.split("\n").at(-1)).toMatch(/^ {2}and \d+ more$/);
    expect(told.length).toBeLessThan(5_000);
    expect(told).not.toMatch(/hunter2|[^\P{C}\n\t]/u);
  });

  test.each<[string, string]>([
    ["a quote without an end", `A="${"x\n".repeat(2_000_000)}`],
    ["blanks", " ".repeat(4_000_000)],
    ["blanks before a word", `${" ".repeat(4_000_000)}x`],
    ["a name without a value", "A".repeat(4_000_000)],
    ["export and blanks", `export${" ".repeat(4_000_000)}`],
  ])("%s, of millions of characters, is read in one go", (_, text) => {
    expect(complaint(() => parseDotenv(text)).length).toBeLessThan(5_000_000);
  });
});

describe("required secrets", () => {
  const given = parseDotenv("A=1\nB=\nC=3");

  test("only those that are required are handed on", () => {
    expect([...requireSecrets(["C", "A"], given)].map(([name, value]) => [name, value.reveal()])).toEqual([
      ["C", "3"],
      ["A", "1"],
    ]);
  });

  test("all that are missing or empty are named at once", () => {
    expect(complaint(() => requireSecrets(["A", "B", "X", "Y"], given))).toBe(
      "secrets-missing: Secrets are missing; not given: X, Y; given, but empty: B.",
    );
  });
});

describe("any text", () => {
  const value = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", ""));
  const anyValue = fc.oneof(value, fc.string({ unit: fc.constantFrom(..."ab \"'`\\$#=\n\r\t\u00e9") }));

  test("in double quotes comes back as it was", () => {
    fc.assert(
      fc.property(anyValue, anyValue, (first, second) => {
        const quoted = (text: string) =>
          `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\r", "\\r").replaceAll("\t", "\\t")}"`;
        expect(read(`A=${quoted(first)}\nB=${quoted(second)} # c\n`)).toEqual({ A: first, B: second });
      }),
      { numRuns: 1000 },
    );
  });

  test("without a quote in it comes back from single quotes and backticks", () => {
    fc.assert(
      fc.property(anyValue, (text) => {
        const literal = text.replace(/['`\r]/g, "");
        expect(read(`A='${literal}'\nB=\`${literal}\``)).toEqual({ A: literal, B: literal });
      }),
      { numRuns: 1000 },
    );
  });

  test("is read or refused, and never shown", () => {
    const marker = "Zq9";
    const piece = fc.constantFrom(
      marker,
      "A=",
      "export ",
      "'",
      '"',
      "`",
      "\n",
      "\r\n",
      "#",
      " ",
      "\\",
      "=",
      "\0",
      "-----BEGIN",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces
          .join("")
          .replaceAll(`${marker}=`, "=")
          .replaceAll(`${marker}A=`, "=")
          .replace(/Zq9[ \t]+=/g, "=");
        expect(complaint(() => parseDotenv(text))).not.toContain(marker);
      }),
      { numRuns: 3000 },
    );
  });

  test("takes no quadratic time", () => {
    const started = performance.now();
    for (const text of [
      "A='".repeat(50_000),
      "A= ".repeat(50_000),
      `${"A".repeat(200_000)}`,
      `A=${" #".repeat(1)}${" ".repeat(200_000)}x`,
      "x\n".repeat(50_000),
    ])
      complaint(() => parseDotenv(text));
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test("a secret text is what comes out", () => {
    expect(parseDotenv("A=1").get("A")).toBeInstanceOf(SecretText);
  });
});
