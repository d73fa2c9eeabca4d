import { expect, test } from "vitest";
import { addReport, type BakeRecord, emptyBake, judgeBake } from "../../src/core/bake.js";
import type { Tally, WatchReport } from "../../src/core/model.js";
import { aBake, aContainer, aProbe, aSample, aTally, aWatch } from "../support/builders.js";

const policy = aBake({ durationMs: 10_000, deadlineMs: 30_000, minimumSamples: 10 });
const before = aContainer({ id: "container-2", slot: "green" });

/** The verdict after every second of these reports, up to the first that ends it. */
function bakeOver(baseline: Tally, reports: (second: number) => WatchReport, seconds = 40) {
  let record: BakeRecord = emptyBake;
  for (let second = 1; second <= seconds; second++) {
    const report = reports(second);
    record = addReport(record, report);
    const container = { before, now: report.live.container };
    const verdict = judgeBake(policy, baseline, record, container, second * 1_000);
    if (verdict.verdict !== "again") return { ...verdict, second };
  }
  return { verdict: "again" as const, reason: "", second: seconds };
}

const failing = (container = before) =>
  aProbe({ container, samples: [aSample({ status: 503, detail: "db down" })] });

test("1 % errors before and 1 % after are deployed", () => {
  expect(bakeOver(aTally(1_000, 10), () => aWatch(aTally(100, 1)))).toMatchObject({
    verdict: "pass",
    second: 10,
  });
});

test("1 % before and 5 % after, at 100 requests a second, is gone back from within 10 s", () => {
  const verdict = bakeOver(aTally(1_000, 10), () => aWatch(aTally(100, 5)));
  expect(verdict.verdict).toBe("fail");
  expect(verdict.second).toBeLessThan(10);
  expect(verdict.reason).toMatch(/requests failed \(5 %; previous release 1 %\)/);
});

test("without any error before, a few are borne and many are not", () => {
  expect(bakeOver(aTally(1_000), (second) => aWatch(aTally(100, second === 2 ? 3 : 0))).verdict).toBe("pass");
  expect(bakeOver(aTally(1_000), () => aWatch(aTally(100, 50)))).toMatchObject({
    verdict: "fail",
    second: 1,
  });
});

test("a release that became slow is gone back from, one that always was is not", () => {
  const slow = () => aWatch(aTally(100, 0, 40));
  expect(bakeOver(aTally(1_000), slow).reason).toContain("took longer than 1 s");
  expect(bakeOver(aTally(1_000, 0, 400), slow).verdict).toBe("pass");
});

test("three probes that fail in a row end it while the standby passes", () => {
  const verdict = bakeOver(aTally(), () => aWatch(aTally(), { live: failing() }));
  expect(verdict).toMatchObject({ verdict: "fail", second: 3 });
  expect(verdict.reason).toContain("last: 503 db down");
});

test("one probe that fails is forgiven once the next passes", () => {
  const reports = (second: number) => aWatch(aTally(100), second === 4 ? { live: failing() } : {});
  expect(bakeOver(aTally(100), reports)).toMatchObject({ verdict: "pass", second: 10 });
});

test("when both releases fail their probes it cannot tell: on to its deadline, then back", () => {
  const both = () => aWatch(aTally(), { live: failing(), standby: failing(aContainer()) });
  const verdict = bakeOver(aTally(), both);
  expect(verdict).toMatchObject({ verdict: "fail", second: 30 });
  expect(verdict.reason).toContain("cannot tell after 30 s: both releases fail");
  const healed = (second: number) => (second < 15 ? both() : aWatch());
  expect(bakeOver(aTally(), healed)).toMatchObject({ verdict: "pass", second: 15 });
});

test("too few samples extend it, and then fail it", () => {
  const silent = () => aWatch(aTally(), { live: aProbe({ container: before, samples: [] }) });
  const verdict = bakeOver(aTally(), silent);
  expect(verdict).toMatchObject({ verdict: "fail", second: 30 });
  expect(verdict.reason).toContain("0 of at least 10 samples");
});

test("the live slot's failures count though the standby hid them", () => {
  const hidden = () =>
    aWatch(aTally(100, 100), {
      traffic: { position: { inode: 1, offset: 1 }, slots: { blue: aTally(100), green: aTally(100, 100) } },
    });
  expect(bakeOver(aTally(1_000), hidden)).toMatchObject({ verdict: "fail", second: 1 });
});

test.each([
  ["gone", null, "the container is gone"],
  ["replaced", aContainer({ id: "other" }), "the container is gone"],
  ["killed for memory", { ...before, oomKilled: true }, "too much memory"],
  ["restarted", { ...before, startedAtSeconds: 1_001 }, "died and was restarted"],
  ["exited", { ...before, stage: "exited" as const, exitCode: 3 }, "exited with code 3"],
])("a live container that is %s ends it at once", (_, now, told) => {
  const verdict = bakeOver(aTally(), () =>
    aWatch(aTally(), { live: aProbe({ container: now, samples: [] }) }),
  );
  expect(verdict).toMatchObject({ verdict: "fail", second: 1 });
  expect(verdict.reason).toContain(told);
});

test("the standby's proof counts passes in a row only", () => {
  const twice = addReport(addReport(emptyBake, aWatch()), aWatch());
  expect(twice.standbyPasses).toBe(2);
  expect(addReport(twice, aWatch(aTally(), { standby: failing(aContainer()) })).standbyPasses).toBe(0);
  expect(addReport(twice, aWatch(aTally(), { standby: null })).standbyPasses).toBe(0);
});

test("what the standby answers while both are unhealthy, or have just been, is not held against the release", () => {
  const at = (second: number, healthy: boolean) => {
    const samples = [aSample(healthy ? {} : { status: 503 })];
    const probe = (container = before) => aProbe({ container, samples, atMs: second * 1_000 });
    return { live: probe(), standby: probe(aContainer()) };
  };
  const outage = (second: number) => second === 3 || second === 4;
  const verdict = bakeOver(aTally(1_000, 0), (second) =>
    aWatch(aTally(100, outage(second) || second === 5 ? 20 : 0), at(second, !outage(second))),
  );
  expect(verdict).toMatchObject({ verdict: "pass", second: 10 });
  const healthy = bakeOver(aTally(1_000, 0), (second) =>
    aWatch(aTally(100, second === 5 ? 20 : 0), at(second, true)),
  );
  expect(healthy).toMatchObject({ verdict: "fail", second: 5 });
});

/** One look, with this many requests to the live slot, and whether the bake goes on. */
const after = (live: Tally, baseline: Tally) => bakeOver(baseline, () => aWatch(live), 1);

test.each([
  ["a busy release before it, 7 of 100", aTally(1_000, 10), 7, "again"],
  ["a busy release before it, 8 of 100", aTally(1_000, 10), 8, "fail"],
  ["nothing before it, 4 of 100", aTally(), 4, "again"],
  ["nothing before it, 5 of 100", aTally(), 5, "fail"],
  // From a hundred requests on a failure more is imagined, since so few prove little.
  ["one failure in a hundred before it, 9 of 100", aTally(100, 1), 9, "again"],
  ["one failure in a hundred before it, 10 of 100", aTally(100, 1), 10, "fail"],
  ["one failure in ninety-nine before it, 7 of 100", aTally(99, 1), 7, "again"],
  ["one failure in ninety-nine before it, 8 of 100", aTally(99, 1), 8, "fail"],
  ["one failure in one before it, 100 of 100", aTally(1, 1), 100, "again"],
])("how many failures are borne after %s", (_, baseline, failures, verdict) => {
  expect(after(aTally(100, failures), baseline).verdict).toBe(verdict);
});

test("exactly as many as borne are borne", () => {
  expect(after(aTally(1_000, 555), aTally(100, 50)).verdict).toBe("again");
  expect(after(aTally(1_000, 560), aTally(100, 50)).verdict).toBe("fail");
  // Half of 36 are 18, their deviation is 3, and three of those and three to spare are 12 more.
  expect(after(aTally(36, 30), aTally(10, 5)).verdict).toBe("again");
  expect(after(aTally(36, 31), aTally(10, 5)).verdict).toBe("fail");
});

test("without requests nothing is said of their failures", () => {
  expect(bakeOver(aTally(), () => aWatch(aTally()))).toMatchObject({ verdict: "pass", second: 10 });
});

test("what failed is told with its share, and the share before", () => {
  expect(after(aTally(300, 100), aTally()).reason).toBe(
    "100 of 300 requests failed (33.3 %; previous release 0 %)",
  );
  expect(after(aTally(100, 0, 50), aTally(200, 0, 1))).toMatchObject({
    verdict: "fail",
    reason: "50 of 100 requests took longer than 1 s (50 %; previous release 0.5 %)",
  });
});

test("what it saw is told when it passes, and on the way", () => {
  expect(bakeOver(aTally(), () => aWatch(aTally(10))).reason).toBe("100 requests (0 failed) and 10 probes");
  const record = addReport(emptyBake, aWatch(aTally(10, 1)));
  expect(judgeBake(policy, aTally(), record, { before, now: before }, 1_000)).toEqual({
    verdict: "again",
    reason: "10 requests, 1 failed",
  });
});

test("probes are samples, too, and enough of them are enough", () => {
  const few = aBake({ durationMs: 1_000, minimumSamples: 4 });
  const judge = (requests: number) =>
    judgeBake(few, aTally(), addReport(emptyBake, aWatch(aTally(requests))), { before, now: before }, 1_000);
  expect(judge(2)).toEqual({ verdict: "again", reason: "3 of at least 4 samples" });
  expect(judge(3)).toMatchObject({ verdict: "pass" });
});

test("two probes that fail are forgiven", () => {
  const reports = (second: number) =>
    aWatch(aTally(100), second === 9 || second === 10 ? { live: failing() } : {});
  expect(bakeOver(aTally(100), reports)).toMatchObject({ verdict: "pass", second: 11 });
});

test("the last probe failed when the bake's time is over: it cannot tell", () => {
  const late = { ...policy, durationMs: 2_000, deadlineMs: 2_000 };
  const record = addReport(emptyBake, aWatch(aTally(100), { live: failing() }));
  expect(judgeBake(late, aTally(), record, { before, now: before }, 2_000)).toEqual({
    verdict: "fail",
    reason: "cannot tell after 2 s: the last health probe failed: 503 db down",
  });
  expect(judgeBake(late, aTally(), record, { before, now: before }, 1_999).verdict).toBe("again");
  const fine = addReport(emptyBake, aWatch(aTally(100)));
  expect(judgeBake(late, aTally(), fine, { before, now: before }, 2_000).verdict).toBe("pass");
});

test("a bake that is longer than its own deadline is not cut short by it", () => {
  const long = { ...policy, durationMs: 20_000, deadlineMs: 5_000 };
  const record = addReport(emptyBake, aWatch(aTally()));
  expect(judgeBake(long, aTally(), record, { before, now: before }, 19_999).verdict).toBe("again");
  expect(judgeBake(long, aTally(), record, { before, now: before }, 20_000)).toMatchObject({
    verdict: "fail",
    reason: "cannot tell after 20 s: 1 of at least 10 samples",
  });
});

test("a live slot that was not probed is told as such, and that is no failed probe", () => {
  const record = addReport(emptyBake, aWatch(aTally(), { live: aProbe({ container: before, samples: [] }) }));
  expect(record).toMatchObject({ lastLive: "not probed", liveFailedProbes: 0, liveProbes: 0 });
});

test("of several probes in a look the failed ones are counted, and the last one decides", () => {
  const bad = aSample({ status: 503 });
  const live = (...samples: ReturnType<typeof aSample>[]) => aProbe({ container: before, samples });
  const once = addReport(emptyBake, aWatch(aTally(), { live: live(aSample(), bad, bad) }));
  expect(once).toMatchObject({ liveFailedProbes: 2, liveProbes: 3 });
  expect(addReport(once, aWatch(aTally(), { live: live(bad, aSample()) }))).toMatchObject({
    liveFailedProbes: 0,
    liveProbes: 5,
  });
});

test("the standby's failures in a row, and its passes", () => {
  const standby = (...statuses: number[]) =>
    aWatch(aTally(), {
      standby: aProbe({ samples: statuses.map((status) => aSample({ status })) }),
    });
  const passed = addReport(emptyBake, standby(200, 200));
  expect(passed).toMatchObject({ standbyPasses: 2, standbyFailedProbes: 0 });
  const failed = addReport(passed, standby(200, 503));
  expect(failed).toMatchObject({ standbyPasses: 0, standbyFailedProbes: 1 });
  expect(addReport(failed, standby(503, 503))).toMatchObject({ standbyFailedProbes: 3 });
  expect(addReport(failed, standby(503, 200))).toMatchObject({
    standbyPasses: 0,
    standbyFailedProbes: 0,
  });
  expect(addReport(failed, aWatch(aTally(), { standby: null }))).toMatchObject({
    standbyPasses: 0,
    standbyFailedProbes: 0,
  });
});

test("the traffic of a look adds up, unless the log could not be read or names no slot for it", () => {
  const one = addReport(emptyBake, aWatch(aTally(10, 2, 1)));
  expect(addReport(one, aWatch(aTally(5, 1, 3))).live).toEqual(aTally(15, 3, 4));
  expect(addReport(one, aWatch(aTally(5), { traffic: null })).live).toEqual(aTally(10, 2, 1));
});

test("only so long after both were unhealthy is the traffic in doubt", () => {
  const at = (seconds: number, status: number) => ({
    live: aProbe({ container: before, samples: [aSample({ status })], atMs: seconds * 1_000 }),
    standby: aProbe({ samples: [aSample({ status })], atMs: seconds * 1_000 }),
  });
  const outage = addReport(emptyBake, aWatch(aTally(10, 10), at(4, 503)));
  expect(outage).toMatchObject({ bothFailedAtMs: 4_000, live: aTally() });
  expect(addReport(outage, aWatch(aTally(10, 3), at(5.499, 200))).live).toEqual(aTally());
  expect(addReport(outage, aWatch(aTally(10, 3), at(5.5, 200))).live).toEqual(aTally(10, 3));
  const one = addReport(emptyBake, aWatch(aTally(10, 10), { ...at(4, 503), standby: null }));
  expect(one).toMatchObject({ bothFailedAtMs: null, live: aTally(10, 10) });
});

test("on a host that has only just booted the traffic counts", () => {
  const live = aProbe({ container: before, samples: [aSample()], atMs: 1_000 });
  expect(addReport(emptyBake, aWatch(aTally(10, 3), { live })).live).toEqual(aTally(10, 3));
});

test("a container that was restarted before the bake is no death in it", () => {
  const old = { ...before, restarts: 2 };
  expect(judgeBake(policy, aTally(), emptyBake, { before: old, now: old }, 1_000).verdict).toBe("again");
  const again = { ...old, restarts: 3 };
  expect(judgeBake(policy, aTally(), emptyBake, { before: old, now: again }, 1_000).reason).toContain(
    "died and was restarted",
  );
});
