import { expect, test } from "vitest";
import { createMarkedStream } from "../../src/effects/marked-stream.js";

const TEXT = "before wörld\nMARK 7\n";

test.each([1, 2, 3, 5, 100])("finds a mark that arrives in pieces of %i bytes", async (size) => {
  const stream = createMarkedStream();
  const found = stream.until("\nMARK", 1000);
  const bytes = Buffer.from(TEXT);
  for (let at = 0; at < bytes.length; at += size) stream.push(bytes.subarray(at, at + size));
  const marked = await found;
  if (marked.verdict !== "found") throw new Error(marked.verdict);
  expect([marked.before.toString(), marked.rest.trim()]).toEqual(["before wörld", "7"]);
});

test("gives nothing to a step of what came while nobody asked", async () => {
  const stream = createMarkedStream();
  stream.push(Buffer.from("from the background\n"));
  const found = stream.until("\nMARK", 1000);
  stream.push(Buffer.from("mine\nMARK 0\n"));
  expect(await found).toMatchObject({ before: Buffer.from("mine") });
});

test("takes an output up to its limit and ends one that is longer", async () => {
  const stream = createMarkedStream();
  const fits = stream.until("\nMARK", 1000);
  stream.push(Buffer.from(`${"x".repeat(980)}\nMARK 0\n`));
  expect((await fits).verdict).toBe("found");
  const tooLong = stream.until("\nMARK", 1000);
  stream.push(Buffer.from("x".repeat(600)));
  stream.push(Buffer.from("x".repeat(600)));
  expect(await tooLong).toEqual({ verdict: "too-long", limitBytes: 1000 });
});
