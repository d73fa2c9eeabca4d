import { expect, test } from "vitest";
import { createRedactor, redacted } from "../../src/effects/redactor.js";
import { createRecordingReporter } from "../../src/effects/reporters/recording-reporter.js";
import { aSample } from "../support/builders.js";
import { aStart } from "../support/told-run.js";

const PEM = "-----BEGIN KEY-----\nabcdef123456\nzyxwvu654321\n-----END KEY-----\n";

test("takes a secret out of any text, as often as it is there", () => {
  const redact = createRedactor(["hunter2!", "a.b*c"]);
  expect(redact("hunter2! and hunter2! but not hunter3")).toBe("[secret] and [secret] but not hunter3");
  expect(redact("a.b*c aXbYc")).toBe("[secret] aXbYc");
});

test("takes a secret of several lines out whole, in pieces and as JSON writes it", () => {
  const redact = createRedactor([PEM]);
  for (const text of [PEM, "  zyxwvu654321", JSON.stringify({ key: PEM }), PEM.replaceAll("\n", "\r\n")]) {
    expect(redact(text)).not.toMatch(/abcdef123456|zyxwvu654321/);
  }
});

test("takes the longer of two secrets, so that no end of it is left", () => {
  expect(createRedactor(["pass", "password-long"])("password-long pass")).toBe("[secret] [secret]");
});

test("takes a secret out that is too long for a pattern, and never quotes it", () => {
  const long = "x1y2z3".repeat(20_000);
  expect(createRedactor([long, "secret"])(`<${long}> secret`)).toBe("<[secret]> [secret]");
});

test("takes a part of a secret out where a log or an answer was cut off", () => {
  const secret = Array.from({ length: 100 }, (_, index) => `${index}-${(index * 7919) % 1000}`).join("/");
  const redact = createRedactor([secret, PEM]);
  for (const [from, to] of [
    [37, undefined],
    [0, 200],
    [101, 117],
    [102, 131],
  ] as const) {
    const part = secret.slice(from, to);
    expect(redact(`${part}\nnext`)).toBe("[secret]\nnext");
    expect(redact(`last: 503 ${part}; serving`)).toBe("last: 503 [secret]; serving");
  }
  // So few characters may be a word that others use as well.
  expect(redact(`${secret.slice(101, 112)} and more`)).toBe(`${secret.slice(101, 112)} and more`);
});

test("leaves values shorter than four characters, and everything when there is no secret", () => {
  expect(createRedactor(["abc", ""])("abcabc")).toBe("abcabc");
  expect(createRedactor([])("anything")).toBe("anything");
});

test("keeps secrets from a reporter, whatever it is told", () => {
  const record = createRecordingReporter();
  const reporter = redacted(record, createRedactor(["hunter2!"]));
  const outcome = {
    phase: "aborted",
    code: "gate-failed",
    serving: 1,
    reason: "said hunter2!",
    logs: "log hunter2!\n",
  } as const;
  reporter.start?.(aStart({ holder: "me hunter2!", reason: "because hunter2!" }));
  reporter.health?.({
    during: "gate",
    slots: [{ slot: "blue", revision: 1, answers: [aSample({ detail: "says hunter2!" })], traffic: null }],
  });
  reporter.failed?.({ code: "bug", message: "bug hunter2!" });
  reporter.note("warning", "note hunter2!");
  reporter.phase({ at: { phase: "gated", revision: 1, reason: "hunter2!" }, from: "started", tookMs: 1 });
  reporter.phase({ at: outcome, from: "started", tookMs: 1 });
  reporter.summary({ outcome, timeline: [], totalMs: 1 });
  expect(record.records).toHaveLength(7);
  expect(JSON.stringify(record.records)).not.toContain("hunter2");
  expect(JSON.stringify(record.records).match(/\[secret\]/g)).toHaveLength(10);
});
