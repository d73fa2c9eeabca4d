import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerOf, classify, plain } from "../../src/commands/answer.js";
import { spell } from "../../src/commands/spell.js";
import { steps, vocabulary } from "./support/steps.js";

describe("Docker's own words, recorded", () => {
  const daemon = "Error response from daemon: ";
  it.each([
    [
      `${daemon}manifest for r.example/app@sha256:bb not found: manifest unknown: manifest unknown`,
      "image-missing",
    ],
    ["Error: No such image: r.example/app@sha256:bb", "image-missing"],
    [
      `${daemon}Get "https://r.example:5999/v2/": dial tcp 10.0.0.1:5999: connect: connection refused`,
      "registry-unreachable",
    ],
    [
      `${daemon}Get "https://nohost.invalid/v2/": dial tcp: lookup nohost.invalid on 10.0.0.1:53: no such host`,
      "registry-unreachable",
    ],
    [`${daemon}toomanyrequests: You have reached your pull rate limit.`, "registry-unreachable"],
    [`${daemon}unauthorized: authentication required`, "registry-denied"],
    [
      `${daemon}pull access denied for x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
      "registry-denied",
    ],
    [`${daemon}no matching manifest for linux/amd64 in the manifest list entries`, "wrong-architecture"],
    ["failed to register layer: write /usr/lib/x: no space left on device", "disk-full"],
    [
      `${daemon}driver failed programming external connectivity on endpoint evenkeel-proxy: Bind for 0.0.0.0:80 failed: port is already allocated`,
      "port-taken",
    ],
    [
      `${daemon}Conflict. The container name "/shop-production-green" is already in use by container "67fb".`,
      "name-taken",
    ],
    [`${daemon}No such container: 67fb`, "container-gone"],
    [
      "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
      "docker-unavailable",
    ],
    [
      "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
      "docker-unavailable",
    ],
    ["something nobody has seen before", "step-failed"],
  ] as const)("%s", (said, code) => expect(classify(said)).toBe(code));
});

it("keeps what people read and drops what terminals obey", () => {
  expect(plain("\u001b[31mred\u001b[0m\tß🚢\r\nnext\u0007\u001b]0;title\u0007!\u009b2J\u202e", 100)).toBe(
    "red\tß🚢\nnext!2J",
  );
  expect(plain("abc".repeat(100_000), 5)).toBe("bcabc");
});

it("an explicit failure says its code, and what is not one does not", () => {
  const output = { stdout: "ek-failed name-taken it is taken\n", stderr: "", code: 70 };
  expect(answerOf(output, () => 1)).toEqual({
    verdict: "failed",
    code: "name-taken",
    message: "it is taken",
  });
  expect(answerOf({ ...output, stdout: "ek-failed rm -rf\n" }, () => 1)).toMatchObject({
    code: "step-failed",
  });
  expect(answerOf({ ...output, code: 76 }, () => 1)).toBe("fenced");
});

it("whatever a host says, every answer is one that core understands", () => {
  const noise = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.constantFrom(
      "ek-failed",
      "container {}",
      "sample blue 1 0 !!!! x",
      "tally blue x",
      "ledger {",
      "granted x",
      "started ",
      "position 1 -1",
    ),
  );
  const lines = fc.array(noise, { maxLength: 6 }).map((parts) => parts.join("\n"));
  fc.assert(
    fc.property(
      fc.constantFrom(...steps),
      lines,
      lines,
      fc.integer({ min: 0, max: 255 }),
      (step, stdout, stderr, code) => {
        if (step.kind === "observe" && code !== 0) return;
        const answer = spell(step, vocabulary).parse({ stdout, stderr, code });
        expect(["object", "string"]).toContain(typeof answer);
        expect(answer).not.toBeNull();
        expect(JSON.stringify(answer).includes("null,null,null,null")).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});
