import { expect, test } from "vitest";
import { type Change, judge, type Survivor } from "../../../ci/mutate/judge.js";

const mutant = { file: "src/core/a.ts", line: "if (a > b) {", original: "a > b", replacement: "a >= b" };
const tried = (noticed: boolean, differs: Partial<Change> = {}): Change => ({
  ...mutant,
  lineNumber: 7,
  status: noticed ? "Killed" : "Survived",
  noticed,
  ...differs,
});
const listed: Survivor = { ...mutant, reason: "both are the same here" };

test("what is noticed and not listed, or listed and not noticed, is as it should be", () => {
  expect(judge([tried(true)], [])).toEqual({ unlisted: [], noLonger: [] });
  expect(judge([tried(false, { lineNumber: 99 })], [listed])).toEqual({ unlisted: [], noLonger: [] });
});

test("what goes unnoticed without being listed is told, and another change of the same line is another", () => {
  const other = tried(false, { replacement: "true" });
  expect(judge([tried(false), other], [listed]).unlisted).toEqual([other]);
});

test("what is listed and noticed now, or gone, is told", () => {
  expect(judge([tried(true)], [listed]).noLonger).toEqual([listed]);
  expect(judge([tried(true, { line: "if (c) {" })], [listed]).noLonger).toEqual([listed]);
});

test("of a file that was not tried nothing is told", () => {
  expect(judge([tried(true, { file: "src/core/b.ts" })], [listed]).noLonger).toEqual([]);
});
