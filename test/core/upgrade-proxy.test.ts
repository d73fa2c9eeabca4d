import { expect, test } from "vitest";
import { upgradeProxy } from "../../src/core/upgrade-proxy.js";
import { answering } from "../support/answering.js";
import { aRelease } from "../support/builders.js";
import { runScript } from "../support/run-script.js";
import { aSimulatedHost, SimulatedHost } from "../support/simulated-host.js";

test("the proxy is replaced under the lock, said with its cost, and told to the ledger", () => {
  const host = aSimulatedHost(aRelease());
  const told = runScript(upgradeProxy("me#1", "newer Caddy", 60_000), host);
  expect(told.outcome).toMatchObject({ phase: "promoted", revision: 1 });
  expect(told.steps.map((step) => step.kind)).toEqual([
    "acquire",
    "observe",
    "install-proxy",
    "observe",
    "record",
    "unlock",
  ]);
  expect(told.steps).toContainEqual(expect.objectContaining({ kind: "install-proxy", upgrade: true }));
  expect(told.notices).toContainEqual({
    kind: "note",
    level: "warning",
    text: expect.stringContaining("every app on this host"),
  });
});

test("what the proxy is by then is written down and told", () => {
  const host = aSimulatedHost(aRelease());
  const told = runScript(upgradeProxy("me#1", "newer Caddy", 60_000), host);
  expect(host.ledger.at(-1)).toMatchObject({
    event: "proxy",
    revision: 1,
    image: "docker.io/library/caddy@sha256:caddy",
    commit: null,
    by: "me#1",
    reason: "the proxy is docker.io/library/caddy@sha256:caddy",
  });
  expect(told.outcome).toEqual({
    phase: "promoted",
    revision: 1,
    slot: "blue",
    reason: "the proxy is docker.io/library/caddy@sha256:caddy now",
  });
});

test("a proxy whose version is not recorded is told as it is", () => {
  const host = answering(aSimulatedHost(aRelease()), "observe", (view) => ({
    ...view,
    proxy: { ...view.proxy, image: null },
  }));
  runScript(upgradeProxy("me#1", "newer Caddy", 60_000), host);
  expect(host.ledger.at(-1)).toMatchObject({ event: "proxy", image: "" });
});

test("a proxy that could not be replaced stays, and the lock is given back", () => {
  const host = aSimulatedHost(aRelease());
  const told = runScript(upgradeProxy("me#1", "newer Caddy", 60_000), host, [
    { at: 2, what: { kind: "disk-full", steps: 1 } },
  ]);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "disk-full", serving: 1 });
  expect(told.steps.map((step) => step.kind)).toEqual(["acquire", "observe", "install-proxy", "unlock"]);
});

test("a lock that is held refuses it", () => {
  const host = aSimulatedHost(aRelease());
  host.lock = { holder: "ci-7", reason: "deploy", leaseMs: 30_000, expiresMs: host.nowMs + 30_000 };
  const told = runScript(upgradeProxy("me#1", "newer Caddy", 60_000), host);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "locked" });
  expect(told.steps).toHaveLength(1);
});

test("a host where nothing was deployed has no proxy to upgrade, and is let go again", () => {
  const host = new SimulatedHost();
  const told = runScript(upgradeProxy("me#1", "newer Caddy", 60_000), host);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "preflight" });
  expect(told.steps.map((step) => step.kind)).not.toContain("install-proxy");
  expect(told.steps.at(-1)?.kind).toBe("unlock");
});
