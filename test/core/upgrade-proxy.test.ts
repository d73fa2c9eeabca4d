import { expect, test } from "vitest";
import { upgradeProxy } from "../../src/core/upgrade-proxy.js";
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
  expect(JSON.stringify(told.notices)).toContain("every app on this host");
});

test("a host where nothing was deployed has no proxy to upgrade, and is let go again", () => {
  const host = new SimulatedHost();
  const told = runScript(upgradeProxy("me#1", "newer Caddy", 60_000), host);
  expect(told.outcome).toMatchObject({ phase: "aborted", code: "preflight" });
  expect(told.steps.map((step) => step.kind)).not.toContain("install-proxy");
  expect(told.steps.at(-1)?.kind).toBe("unlock");
});
