import { expect, it } from "vitest";
import { parseConfig } from "../../src/config/parse.js";
import { EvenkeelError } from "../../src/errors.js";
import { seeEnvironment, withFacts } from "../../src/module/facts.js";
import { htmlReport } from "../../src/report/html-report.js";
import type { RunReport } from "../../src/report/run-report.js";
import { toldRun } from "../support/told-run.js";

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
  const { report } = await toldRun();
  const text = await withFacts({ function: "deploy", mark: "m4rk" }, async (seen) => {
    seeEnvironment(seen, config, "");
    seen.image = image;
    seen.warnings.push("an untested image was allowed");
    seen.report = seenReport(report);
    return "Revision 2 serves.";
  });
  const [first, ...marked] = text.split("\n");
  expect(first).toBe("Revision 2 serves.");
  expect(marked.slice(0, 8)).toEqual([
    "m4rk begin",
    "m4rk outcome promoted",
    `m4rk image ${image}`,
    `m4rk digest sha256:${"a1".repeat(32)}`,
    "m4rk revision 2",
    "m4rk url https://shop.example.com",
    "m4rk warning an untested image was allowed",
    "m4rk warning it answers 503 from here",
  ]);
  const page = marked.findIndex((line) => line.startsWith("m4rk page "));
  expect(marked.slice(8, page).every((line) => line.startsWith("m4rk summary "))).toBe(true);
  expect(factsIn(text).page).toBe(htmlReport(seenReport(report)).trimEnd());
  expect(marked.at(-1)).toBe("m4rk end");
});

it("the message of a failure ends with why, with what serves and with what to do", async () => {
  const { report } = await toldRun({ afterSwitch: { afterMs: 2_000, does: "answers-500-but-healthy" } });
  const failure = new EvenkeelError("bake-failed", `${report.text}\n\nIts last logs:\nboom\n`, { report });
  const thrown = withFacts({ function: "deploy", mark: "m4rk" }, async (seen) => {
    seeEnvironment(seen, config, "production");
    throw failure;
  });
  await expect(thrown).rejects.toBe(failure);
  expect(failure.message).toMatch(/^Rolled back: [\s\S]*\nCode: bake-failed\nm4rk begin\n/);
  expect(factsIn(failure.message)).toMatchObject({
    outcome: "rolled-back",
    code: "bake-failed",
    revision: "1",
    error: report.text,
    next: report.failure?.next,
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

function seenReport(report: RunReport): RunReport {
  return { ...report, notes: [{ atMs: 5, level: "warning", text: "it answers 503 from here" }] };
}

function factsIn(text: string): Readonly<Record<string, string>> {
  const facts: Record<string, string> = {};
  for (const [, name = "", value = ""] of text.matchAll(/^m4rk (\w+) ?(.*)$/gm))
    facts[name] = name in facts ? `${facts[name]}\n${value}` : value;
  return facts;
}
