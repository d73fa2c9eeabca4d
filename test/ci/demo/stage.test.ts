import { describe, expect, it, vi } from "vitest";
import { spoken } from "../../../ci/demo/dagger.js";
import { atMost, nothingLost, type Played, perform, type Scene, table } from "../../../ci/demo/stage.js";
import { ranges, type Seen, type Visitors } from "../../../ci/demo/visitors.js";
import type { Interval, Traffic } from "../../../ci/traffic/traffic.js";

vi.spyOn(console, "log").mockImplementation(() => undefined);

const good: Seen = { version: "7.6.5", slogan: "Flags" };
const calm: Interval = {
  label: "a step",
  durationMs: 1000,
  requests: 110,
  failed: 0,
  reads: { requests: 99, failed: 0 },
  writes: { requests: 11, failed: 0 },
  reasons: {},
  failingForMs: 0,
  latencies: { p50Ms: 3, p99Ms: 9, maxMs: 12 },
  maxLagMs: 1,
};

interface Happened {
  readonly played?: Partial<Played>;
  readonly seen?: Seen | null;
  readonly during?: Partial<Interval>;
  readonly expected?: Partial<Scene["expected"]>;
}

function play({ played, seen = good, during, expected }: Happened = {}) {
  const scene: Scene = {
    number: "2",
    title: "The next version",
    story: "…",
    play: async () => ({ exitCode: 0, output: "promoted: revision 2 serves", ...played }),
    expected: {
      outcome: "promoted",
      exitCode: 0,
      says: [/promoted/],
      serves: good,
      tooManyFailures: nothingLost,
      ...expected,
    },
  };
  const visitors = { look: async () => seen } as unknown as Visitors;
  const traffic = { mark: async () => ({ ...calm, ...during }) } as unknown as Traffic;
  return perform(scene, visitors, traffic, 0);
}

describe("a step of the demo", () => {
  it("is as it should be when everything is", async () => {
    expect(await play()).toMatchObject({ outcome: "promoted", exitCode: 0, differences: [] });
  });

  it.each<[string, Happened, RegExp]>([
    ["the exit code differs", { played: { exitCode: 1 } }, /exit code is 1, and should be 0/],
    ["a failure exits with 0", { expected: { exitCode: "not 0" } }, /exit code is 0, and should be not 0/],
    ["the output lacks the words", { played: { output: "aborted" } }, /nowhere in the output: promoted/],
    ["another release serves", { seen: { ...good, version: "7.5.1" } }, /visitors should see 7\.6\.5/],
    ["the slogan is another release's", { seen: { ...good, slogan: "Spring" } }, /visitors should see/],
    ["nobody answers", { seen: null }, /visitors should see/],
    ["one request failed", { during: { failed: 1 } }, /1 requests failed, and none may/],
    ["the scene itself says so", { played: { differences: ["it did not go back"] } }, /did not go back/],
  ])("is not when %s", async (_what, happened, difference) => {
    const { outcome, differences } = await play(happened);

    expect(outcome).toBe("NOT AS IT SHOULD BE");
    expect(differences).toEqual([expect.stringMatching(difference)]);
  });

  it("may lose what was in flight, where that is allowed", async () => {
    const expected = { tooManyFailures: atMost(10, "only those in flight") };

    expect((await play({ expected, during: { failed: 10 } })).differences).toEqual([]);
    expect((await play({ expected, during: { failed: 11 } })).differences).toHaveLength(1);
  });
});

describe("the closing table", () => {
  it("has a row for each step", async () => {
    const rows = table([await play(), await play({ during: { failed: 3 } })]).split("\n");

    expect(rows[0]).toMatch(/^step +outcome +exit code +requests +failed +duration$/);
    expect(rows[2]).toMatch(/^2\. The next version +promoted +0 +110 +0 +\d+ s$/);
    expect(rows[3]).toMatch(/^2\. The next version +NOT AS IT SHOULD BE +0 +110 +3 +\d+ s$/);
  });
});

describe("what is read of Dagger's output", () => {
  it.each([
    ["12  : ┆ ┆ [16.0s] | promoted: revision 2 serves", "promoted: revision 2 serves"],
    ["3   : ┆ [0.1s] | 15:03:41 INF connected name=8e50", null],
    ["1   : [0.0s] | cloud url=https://dagger.cloud", null],
    ["9   : ┆ ┆ module SDK: load runtime DONE [12.5s]", null],
    ["Error: aborted", null],
  ])("%s", (line, said) => expect(spoken(line)).toBe(said));
});

describe("the list of writes", () => {
  it("names every one of them, in ranges", () => {
    const names = ["visitor-10", "visitor-0", "visitor-1", "visitor-2", "visitor-4", "visitor-9"];

    expect(ranges(names)).toEqual([
      "visitor-0 … visitor-2 (3)",
      "visitor-4 (1)",
      "visitor-9 … visitor-10 (2)",
    ]);
    expect(ranges([])).toEqual([]);
  });
});
