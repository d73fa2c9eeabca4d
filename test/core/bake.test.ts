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
