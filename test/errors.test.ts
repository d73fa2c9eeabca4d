import { expect, describe as suite, test } from "vitest";
import type { FailureCode, OutcomeCode } from "../src/core/model.js";
import {
  CATALOGUE,
  describe,
  type ErrorCode,
  EvenkeelError,
  printable,
  printableLine,
} from "../src/errors.js";

// A compile error here: a way to fail that nobody explains.
const everyFailureIsExplained: Record<OutcomeCode | FailureCode, true> extends Partial<
  Record<ErrorCode, true>
>
  ? OutcomeCode | FailureCode extends ErrorCode
    ? true
    : never
  : never = true;

suite("the catalogue", () => {
  test.each(Object.entries(CATALOGUE))("%s is explained in whole sentences", (_, { cause, next }) => {
    expect(everyFailureIsExplained).toBe(true);
    for (const sentence of [cause, next]) expect(sentence).toMatch(/^[A-Z`e].{15,}\.$/);
  });
});

suite("an error", () => {
  test("says what happened, why, what to do next, and its code", () => {
    const error = new EvenkeelError("host-key-changed", "The key of 203.0.113.7:22 is not the pinned one.");
    expect(error.message.split("\n")).toEqual([
      "The key of 203.0.113.7:22 is not the pinned one.",
      `Why: ${CATALOGUE["host-key-changed"].cause}`,
      `Next: ${CATALOGUE["host-key-changed"].next}`,
      "Code: host-key-changed",
    ]);
    expect(error).toMatchObject({ name: "EvenkeelError", code: "host-key-changed" });
    expect(error).toBeInstanceOf(Error);
  });

  test("takes a better reason and a better next step where there is one, and keeps its cause", () => {
    const cause = new Error("socket closed");
    const error = new EvenkeelError("lost", "The host went away.", {
      why: "It rebooted.",
      next: "Wait.",
      cause,
    });
    expect(error.message).toBe("The host went away.\nWhy: It rebooted.\nNext: Wait.\nCode: lost");
    expect(error.next).toBe("Wait.");
    expect(error.cause).toBe(cause);
  });

  test("cannot command the terminal it is shown on", () => {
    const logs =
      "ok\u001b[2J\u001b]0;title\u0007\u001b]52;c;ZXZpbA==\u001b\\ \u009b31mred\u0000\u0008\r\nnext\u202egnp";
    const error = new EvenkeelError("gate-failed", logs, {
      next: "\u001b[1mRead\u001b[0m.",
      why: "\u001bcX",
    });
    expect(error.message).toBe("ok red\nnextgnp\nWhy: X\nNext: Read.\nCode: gate-failed");
  });
});

suite("printable", () => {
  test("keeps letters of every script, newlines and tabs", () => {
    const text = "naïve – 日本語 🙂\n\tnext";
    expect(printable(text)).toBe(text);
  });

  test("an escape sequence that never ends swallows no other line", () => {
    expect(printable("a\u001b]0;never closed\nb")).toContain("\nb");
  });

  test("hostile input takes no quadratic time", () => {
    const started = performance.now();
    for (const piece of ["\u001b]", "\u009d", "\u001b[", "\u001b[0", "\u0090x"])
      printable(piece.repeat(200_000));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("a line is one line and not endless", () => {
    expect(printableLine("  a\r\n\tb\u001b[31m  c ")).toBe("a b c");
    expect(printableLine("🙂".repeat(300), 10)).toBe(`${"🙂".repeat(10)}…`);
  });
});

suite("describe", () => {
  test("an error with its causes, each told once", () => {
    const root = new Error("connect ECONNREFUSED 203.0.113.7:22");
    expect(describe(new Error("no connection", { cause: root }))).toBe(
      "no connection: connect ECONNREFUSED 203.0.113.7:22",
    );
    expect(describe(new Error(`no connection (${root.message})`, { cause: root }))).toBe(
      "no connection (connect ECONNREFUSED 203.0.113.7:22)",
    );
  });

  test("an empty message is made up for by code, parts or name", () => {
    const refused = Object.assign(new AggregateError([new Error("first address"), new Error("second")], ""), {
      code: "ECONNREFUSED",
    });
    expect(describe(refused)).toBe("ECONNREFUSED: first address; second");
    expect(describe(new TypeError(""))).toBe("TypeError");
  });

  test("a failed process by its shape: exit code and the end of what it said", () => {
    const failed = Object.assign(new Error("process failed"), {
      exitCode: 3,
      stderr: "line 1\nno such file\n",
    });
    expect(describe(failed)).toBe("process failed (exit code 3)\nline 1\nno such file");
  });

  test("evenkeel's own error by its whole message, without its cause again", () => {
    const error = new EvenkeelError("lost", "Gone.", { cause: new Error("inner") });
    expect(describe(error)).toBe(error.message);
  });

  test.each<[unknown, string]>([
    ["text", "text"],
    [undefined, "undefined"],
    [null, "null"],
    ["", "unknown error"],
    [{ message: "like an error" }, "like an error"],
    [{ a: 1 }, '{"a":1}'],
    [Symbol("s"), "Symbol(s)"],
    ["\u001b[31mred", "red"],
  ])("whatever is thrown: %j", (thrown, expected) => {
    expect(describe(thrown)).toBe(expected);
  });

  test("what cannot even be turned into text", () => {
    const hostile = {
      get message(): string {
        throw new Error("hostile");
      },
    };
    expect(describe(hostile)).toBe("unknown error");
  });

  test("causes in a circle come to an end", () => {
    const error = new Error("round");
    error.cause = new Error("and round", { cause: error });
    expect(describe(error)).toMatch(/^round: and round/);
  });
});
