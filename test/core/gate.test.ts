import { expect, test } from "vitest";
import { judgeGate } from "../../src/core/gate.js";
import { aContainer, aHealth, aProbe, aSample } from "../support/builders.js";

const health = aHealth({ passes: 3, deadlineMs: 30_000 });
const judge = (report = aProbe(), elapsedMs = 1_000) => judgeGate(report, "container-1", health, elapsedMs);

test("as many passes in a row as asked for open the gate, and not one fewer", () => {
  expect(judge()).toMatchObject({ verdict: "pass", reason: expect.stringMatching(/^3 consecutive passes/) });
  expect(judge(aProbe({ samples: [aSample(), aSample()] })).verdict).toBe("again");
});

test.each([
  ["a redirect", aSample({ status: 302 }), "302, a redirect, which is not a pass"],
  ["404", aSample({ status: 404, detail: "not found" }), "404 not found"],
  ["the first of the redirects", aSample({ status: 300 }), "300, a redirect, which is not a pass"],
  ["what comes after the redirects", aSample({ status: 400, detail: "" }), "400"],
  ["less than a success", aSample({ status: 199, detail: "early" }), "199 early"],
  ["silence", aSample({ status: null, detail: "connection refused" }), "no answer (connection refused)"],
  ["silence without a reason", aSample({ status: null, detail: "" }), "no answer"],
  ["another commit", aSample({ commitMatches: false }), "200, but without the commit that was deployed"],
])("%s is no pass, and is told", (_, sample, told) => {
  expect(judge(aProbe({ samples: [aSample(), aSample(), sample] }))).toEqual({
    verdict: "again",
    reason: told,
  });
});

test("any 2xx is a pass", () => {
  const samples = [200, 204, 299].map((status) => aSample({ status }));
  expect(judge(aProbe({ samples })).verdict).toBe("pass");
});

test("a pass needs no explanation, and no answer is told as such", () => {
  expect(judge(aProbe({ samples: [aSample({ detail: "all is well" })] })).reason).toBe("200");
  expect(judge(aProbe({ samples: [] }))).toEqual({ verdict: "again", reason: "no answer yet" });
});

test("the deadline fails it, with the last answer", () => {
  const verdict = judge(aProbe({ samples: [aSample({ status: 503, detail: "" })] }), 30_000);
  expect(verdict.verdict).toBe("fail");
  expect(verdict.reason).toBe("/health did not answer 3 times in a row with 2xx within 30 s; last: 503");
});

test.each([
  ["exited", { stage: "exited", exitCode: 7 }, "exited with code 7"],
  ["killed for memory", { oomKilled: true }, "too much memory"],
  ["restarted", { restarts: 1 }, "restarted 1 times"],
] as const)("a container that %s fails it at once", (_, differs, told) => {
  const verdict = judge(aProbe({ container: aContainer(differs), samples: [] }), 0);
  expect(verdict.verdict).toBe("fail");
  expect(verdict.reason).toContain(told);
});

test.each([
  ["another container", aContainer({ id: "other" })],
  ["none", null],
])("passes of %s open nothing", (_, container) => {
  expect(judge(aProbe({ container }))).toEqual({ verdict: "fail", reason: "the container is gone" });
});

test("a hot container's restarts before the gate do not count, those in it do", () => {
  const restarted = aProbe({ container: aContainer({ restarts: 2 }) });
  expect(judgeGate(restarted, "container-1", health, 0, { restarts: 2, oomKilled: false }).verdict).toBe(
    "pass",
  );
  expect(judgeGate(restarted, "container-1", health, 0, { restarts: 1, oomKilled: false }).verdict).toBe(
    "fail",
  );
});

test("a process that a hot container lost to a want of memory before the gate does not count, one in it does", () => {
  const lost = aProbe({ container: aContainer({ oomKilled: true }) });
  expect(judgeGate(lost, "container-1", health, 0, { restarts: 0, oomKilled: true }).verdict).toBe("pass");
  expect(judgeGate(lost, "container-1", health, 0).verdict).toBe("fail");
});

test("a host that could not ask, its disk being full, says nothing about the container", () => {
  const unasked = aProbe({
    container: null,
    samples: [aSample({ status: null, detail: "no space left" })],
    atMs: 0,
  });
  expect(judge(unasked)).toEqual({ verdict: "again", reason: "no answer (no space left)" });
  expect(judge(unasked, 30_000).verdict).toBe("fail");
  expect(judge(aProbe({ atMs: 0 })).verdict).toBe("again");
});
