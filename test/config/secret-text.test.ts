import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { SecretText, withoutLineEnd } from "../../src/config/secret-text.js";

describe("a secret text", () => {
  const secret = new SecretText("hunter2");

  test("is given out only on request", () => expect(secret.reveal()).toBe("hunter2"));

  test.each([
    ["in a template", () => `${secret}`],
    ["in a sum", () => `a${secret}`],
    ["as String", () => String(secret)],
    ["in JSON", () => JSON.stringify({ secret, list: [secret] })],
    ["for a debugger", () => inspect({ secret, list: [secret] }, { showHidden: true, depth: 9 })],
    ["in a Map", () => inspect(new Map([["a", secret]]))],
    ["spread", () => JSON.stringify({ ...secret })],
    ["cloned", () => inspect(structuredClone(secret))],
  ])("does not show %s", (_, show) => {
    expect(show()).not.toContain("hunter2");
  });

  test("says that it is one", () =>
    expect([`${secret}`, JSON.stringify(secret), inspect(secret)]).toEqual([
      "[secret]",
      '"[secret]"',
      "[secret]",
    ]));
});

test.each([
  ["as a file ends", "hunter2\n"],
  ["as a file of Windows ends", "hunter2\r\n"],
  ["as it is", "hunter2"],
])("a password is read without one line end: %s", (_, given) =>
  expect(withoutLineEnd(given)).toBe("hunter2"),
);

test("what belongs to a password stays", () => expect(withoutLineEnd("a\nb \n\n")).toBe("a\nb \n"));
