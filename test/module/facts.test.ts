import { expect, it } from "vitest";
import { parseConfig } from "../../src/config/parse.js";
import type { Outcome } from "../../src/core/model.js";
import { EvenkeelError } from "../../src/errors.js";
import { seeEnvironment, seeRun, withFacts } from "../../src/module/facts.js";

const image = `registry.example.com/team/shop@sha256:${"a1".repeat(32)}`;
const config = parseConfig(
  "app: shop\nimage: registry.example.com/team/shop\nenvironments:\n  production:\n    host: shop.example.com\n    user: deploy\n    domains: [shop.example.com]\n    tls: acme\n",
  { file: "evenkeel.yaml" },
);

it("nothing is added for who did not ask", async () => {
  expect(await withFacts({ function: "deploy", mark: "" }, async () => "done it")).toBe("done it");
  const failure = new EvenkeelError("usage", "No.");
  const { message } = failure;
  await expect(withFacts({ function: "deploy", mark: "" }, () => Promise.reject(failure))).rejects.toBe(
    failure,
  );
  expect(failure.message).toBe(message);
});

it("a success ends with what it led to", async () => {
  const text = await withFacts({ function: "deploy", mark: "m4rk" }, async (seen) => {
    seeEnvironment(seen, config, "");
    seen.image = image;
    seeRun(seen).note("warning", "the address answers 503 from here");
    seeRun(seen).note("info", "all else is well");
    run(seen, { phase: "promoted", revision: 7, slot: "green", reason: "watched" });
    return "Revision 7 serves.";
  });
  const [first, ...marked] = text.split("\n");
  expect(first).toBe("Revision 7 serves.");
  expect(marked.slice(0, 7)).toEqual([
    "m4rk begin",
    "m4rk outcome promoted",
    `m4rk image ${image}`,
    `m4rk digest sha256:${"a1".repeat(32)}`,
    "m4rk revision 7",
    "m4rk url https://shop.example.com",
    "m4rk warning the address answers 503 from here",
  ]);
  expect(marked.slice(7, -1).every((line) => line.startsWith("m4rk summary "))).toBe(true);
  expect(marked.at(-1)).toBe("m4rk end");
});

it("the message of a failure ends with why, with what serves and with what to do", async () => {
  const failure = new EvenkeelError("bake-failed", "Rolled back: 9 of 10 failed.\n\nIts last logs:\nboom\n");
  const thrown = withFacts({ function: "deploy", mark: "m4rk" }, async (seen) => {
    seeEnvironment(seen, config, "production");
    run(seen, {
      phase: "rolled-back",
      code: "bake-failed",
      serving: 6,
      reason: "9 of 10 failed",
      logs: "boom",
    });
    throw failure;
  });
  await expect(thrown).rejects.toBe(failure);
  expect(failure.message).toMatch(/^Rolled back: 9 of 10 failed\.\n[\s\S]*\nCode: bake-failed\nm4rk begin\n/);
  expect(factsIn(failure.message)).toMatchObject({
    outcome: "rolled-back",
    code: "bake-failed",
    revision: "6",
    error: "Rolled back: 9 of 10 failed. Revision 6 serves.",
    next: failure.next,
  });
});

it("a failure before any run is told as such, and so is one that is no error of evenkeel's", async () => {
  const early = new EvenkeelError(
    "test-failed",
    ["The tests failed:", ...Array(50).fill("a line")].join("\n"),
  );
  const odd = new Error("boom\nand more");
  for (const failure of [early, odd])
    await withFacts({ function: "test", mark: "m4rk" }, () => Promise.reject(failure)).catch(() => {});
  expect(factsIn(early.message)).toMatchObject({ outcome: "failed", code: "test-failed" });
  expect(factsIn(early.message).error?.split("\n")).toHaveLength(12);
  expect(factsIn(odd.message)).toMatchObject({ outcome: "failed", error: "boom and more" });
});

it("what is no text is returned as it is", async () => {
  const container = {};
  expect(await withFacts({ function: "build", mark: "m4rk" }, async () => container)).toBe(container);
});

function run(seen: Parameters<typeof seeRun>[0], outcome: Outcome): void {
  seeRun(seen).summary({ outcome, timeline: [{ activity: "pull", tookMs: 700 }], totalMs: 700 });
}

function factsIn(text: string): Readonly<Record<string, string>> {
  const facts: Record<string, string> = {};
  for (const [, name = "", value = ""] of text.matchAll(/^m4rk (\w+) ?(.*)$/gm))
    facts[name] = name in facts ? `${facts[name]}\n${value}` : value;
  return facts;
}
