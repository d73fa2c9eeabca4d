import { expect, test } from "vitest";
import { strykerPlugins } from "../../../ci/mutate/text-for-people.js";

const ignores = (node: object) =>
  strykerPlugins[0]?.value.shouldIgnore({ node: node as { type: string } }) !== undefined;
const template = (...types: string[]) => ({
  type: "TemplateLiteral",
  expressions: types.map((type) => ({ type })),
});

test.each([
  ["a sentence", { type: "StringLiteral", value: "the lock is held" }, true],
  ["a word that the code compares", { type: "StringLiteral", value: "rolled-back" }, false],
  ["nothing", { type: "StringLiteral", value: "" }, false],
  ["a template that puts values in", template("Identifier", "MemberExpression"), true],
  ["a template that computes", template("Identifier", "BinaryExpression"), false],
  ["anything else", { type: "BinaryExpression", value: "a b" }, false],
])("%s is a message or not", (_, node, left) => {
  expect(ignores(node)).toBe(left);
});
