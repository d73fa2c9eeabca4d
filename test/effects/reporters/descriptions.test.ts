import { expect, test } from "vitest";
import { deploy } from "../../../src/core/deploy.js";
import { rollback } from "../../../src/core/rollback.js";
import { describeStatus } from "../../../src/effects/reporters/descriptions.js";
import { aRelease, aRequest, aRollbackRequest } from "../../support/builders.js";
import { runScript } from "../../support/run-script.js";
import { aSimulatedHost, type SimulatedHost } from "../../support/simulated-host.js";

const status = (host: SimulatedHost) =>
  describeStatus({ app: "shop", environment: "production" }, "shop.example.com", host.observe());

test("status says of a release left by hand that it drains, and that nothing is to be settled", () => {
  const host = aSimulatedHost(aRelease());
  runScript(deploy(aRequest()), host);
  runScript(rollback(aRollbackRequest()), host);
  expect(status(host)).toMatch(
    /green +revision 2, running[\s\S]*draining +revision 2 was left by the rollback to revision 1; the host stops it by itself$/,
  );
  expect(status(host)).not.toMatch(/unsettled|never served/);
  host.advance(120_000);
  expect(status(host)).not.toMatch(/revision 2|draining/);
});

test("status says of a candidate whose run ended that the next run settles it", () => {
  const host = aSimulatedHost(aRelease());
  const started = 6;
  runScript(deploy(aRequest()), host, [{ at: started, what: { kind: "runner-dies", when: "after" } }]);
  expect(status(host)).toMatch(
    /unsettled +revision 2 was started by an earlier run and never served; the run that has the lock, or else the next, settles it$/,
  );
  host.advance(60_000);
  expect(status(host)).toMatch(/never served; the next deploy or rollback settles it$/);
});
