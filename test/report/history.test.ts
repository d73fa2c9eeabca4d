import { expect, test } from "vitest";
import { rollback } from "../../src/core/rollback.js";
import { historyOf } from "../../src/report/history.js";
import { statusOf } from "../../src/report/status.js";
import { aBareView, anEntry, aRollbackRequest, aView, MIB } from "../support/builders.js";
import { runScript } from "../support/run-script.js";
import { aSimulatedHost } from "../support/simulated-host.js";
import { next, served, toldRun } from "../support/told-run.js";

const KEY = { app: "shop", environment: "production" };
const NOW = Date.parse("2030-02-01T00:00:00Z");

test("history tells what became of each revision, and why", async () => {
  const { host } = await toldRun({ afterSwitch: { afterMs: 2_000, does: "exits" } });
  await toldRun({}, { host: Object.assign(host, {}) });
  const view = host.observe();
  // The simulated host counts milliseconds, and a real one writes times.
  const ledger = view.ledger.map((entry) => ({ ...entry, at: new Date(Number(entry.at)).toISOString() }));
  const { revisions, entries, text } = historyOf({ ...view, ledger }, 86_400_000);
  expect(entries).toEqual(ledger);
  expect(revisions.map(({ revision, outcome }) => `${revision} ${outcome}`)).toEqual([
    "1 promoted",
    "2 rolled-back",
    "3 rolled-back",
  ]);
  expect(revisions[1]).toMatchObject({
    commit: next.commit,
    stable: false,
    serving: false,
    reason: expect.stringContaining("the container"),
  });
  expect(revisions[0]).toMatchObject({ stable: true, serving: true });
  expect(text).toMatch(/rolled-back[\s\S]*\n\ndeployments 3 in/);
});

test("a release that a rollback left says where it went and is stable no more", async () => {
  const { host } = await toldRun();
  runScript(rollback(aRollbackRequest({ reason: "wrong prices" })), host);
  const [first, second] = historyOf(host.observe(), NOW).revisions;
  expect(first).toMatchObject({ revision: 1, outcome: "promoted", stable: true, serving: true });
  expect(second).toMatchObject({ revision: 2, outcome: "rolled-back", stable: false, serving: false });
  expect(second?.reason).toMatch(/^left by the rollback to revision 1/);
});

test("an empty ledger is told as such, without figures", () => {
  expect(historyOf(aBareView(), NOW)).toMatchObject({
    entries: [],
    revisions: [],
    text: "The ledger is empty: nothing was ever deployed here.",
  });
});

test("a line that is no release, such as an unlock, is no revision", () => {
  const ledger = [
    anEntry(),
    anEntry({ event: "unlocked", revision: 0 }),
    anEntry({ event: "proxy", revision: 1, image: "caddy" }),
  ];
  const { revisions } = historyOf(aView({ ledger }), NOW);
  expect(revisions.map(({ revision, image }) => [revision, image])).toEqual([[1, anEntry().image]]);
});

test("status is data: what serves since when, the way back, disk, lock and proxy", async () => {
  const { host } = await toldRun();
  const status = statusOf(KEY, "shop.example.com", { ...host.observe(), diskFreeBytes: 1_536 * MIB });
  expect(status).toMatchObject({
    ...{ app: "shop", environment: "production", host: "shop.example.com" },
    serving: { revision: 2, slot: "green", image: next.image, commit: next.commit, stable: true },
    others: [{ slot: "blue", revision: 1, stage: "running" }],
    stable: [1, 2],
    previousStable: { revision: 1, image: served.image, commit: served.commit },
    diskFreeBytes: 1_536 * MIB,
    lock: null,
    proxy: { state: "running", guardian: "running" },
    unsettled: null,
  });
  expect(status.serving?.runningSince).toMatch(/^\d{4}-.*Z$/);
  expect(status.serving?.promotedAt).not.toBeNull();
  expect(status.text).toMatch(/serving +revision 2[\s\S]*disk +1\.5 GiB free/);
});

test("status of a host that was never deployed to", () => {
  expect(statusOf(KEY, "host", aBareView())).toMatchObject({
    serving: null,
    others: [],
    stable: [],
    previousStable: null,
  });
});

test("a lock whose lease is over is none", () => {
  const lock = { holder: "a", reason: "b", fence: 1, remainingMs: 0 };
  expect(statusOf(KEY, "host", aView({ lock })).lock).toBeNull();
  expect(statusOf(KEY, "host", aView({ lock: { ...lock, remainingMs: 5 } })).lock).toMatchObject({
    holder: "a",
  });
  expect(aSimulatedHost(served).observe().lock).toBeNull();
});
