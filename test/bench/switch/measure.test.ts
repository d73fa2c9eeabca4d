import { describe, expect, it } from "vitest";
import type { Sample } from "../../../ci/traffic/traffic.js";
import { countsOf, durationsOf, figuresOf } from "./measure.js";

const toGreen = { at: 1_000, to: "green", commandMs: 5, held: 250 } as const;
const toBlue = { at: 2_000, to: "blue", commandMs: 5, held: 250 } as const;

function aSample(differs: Partial<Sample> = {}): Sample {
  const usual = { kind: "read", dueAt: 1_100, lagMs: 0, durationMs: 2, connection: "kept" } as const;
  return { ...usual, failure: null, answeredBy: "green", ...differs };
}

describe("a switch", () => {
  it("lasts until the last request was sent that the previous release answered", () => {
    const samples = [
      aSample({ dueAt: 999, durationMs: 4, answeredBy: "blue" }),
      aSample({ dueAt: 1_010, lagMs: 3, durationMs: 20, answeredBy: "blue" }),
      aSample({ dueAt: 1_012, durationMs: 1 }),
      aSample({ dueAt: 1_500 }),
    ];
    const [first] = figuresOf([toGreen, toBlue], samples, []);
    expect(first).toMatchObject({ lastSentMs: 13, lastAnsweredMs: 30, requests: 4 });
  });

  it("takes no time when the previous release answers only what was under way", () => {
    const [first] = figuresOf([toGreen], [aSample({ dueAt: 998, durationMs: 6, answeredBy: "blue" })], []);
    expect(first).toMatchObject({ lastSentMs: 0, lastAnsweredMs: 4 });
  });

  it("does not take an error for an answer of the previous release", () => {
    const refused = aSample({ dueAt: 1_400, failure: "ECONNREFUSED", answeredBy: null });
    const [first] = figuresOf([toGreen], [refused], []);
    expect(first).toMatchObject({
      lastSentMs: 0,
      failed: { GET: 1, POST: 0 },
      reasons: { "GET ECONNREFUSED": 1 },
    });
  });

  it("is charged with what ended after it and before the next one", () => {
    const samples = [
      aSample({ dueAt: 900, durationMs: 5, failure: "HTTP 502" }),
      aSample({ dueAt: 1_990, durationMs: 5, failure: "HTTP 502", kind: "write" }),
      aSample({ dueAt: 1_990, durationMs: 50, failure: "HTTP 502" }),
    ];
    const cuts = [
      { at: 1_500, kind: "WebSocket" },
      { at: 2_000, kind: "download" },
    ] as const;
    const figures = figuresOf([toGreen, toBlue], samples, cuts);
    expect(figures.map(({ failed }) => failed)).toEqual([
      { GET: 0, POST: 1 },
      { GET: 1, POST: 0 },
    ]);
    expect(figures.map(({ cut }) => cut)).toEqual([
      { WebSocket: 1, download: 0 },
      { WebSocket: 0, download: 1 },
    ]);
    expect(countsOf(samples).failed).toEqual({ GET: 2, POST: 1 });
  });
});

it("answers count as near a switch within 250 ms of its command", () => {
  const at = (dueAt: number) => aSample({ dueAt, durationMs: dueAt });
  const samples = [749, 750, 1_250, 1_251, 1_749, 1_750, 2_250, 2_251].map(at);
  const { near, far } = durationsOf(
    [toGreen, toBlue],
    [...samples, aSample({ dueAt: 1_000, failure: "timeout" })],
  );
  expect(near).toEqual([750, 1_250, 1_750, 2_250]);
  expect(far).toEqual([749, 1_251, 1_749, 2_251]);
});
