import { describe, expect, test } from "vitest";
import { deploy } from "../../../src/core/deploy.js";
import { rollback } from "../../../src/core/rollback.js";
import {
  describeHistory,
  describeOutcome,
  describePlan,
  describeStatus,
} from "../../../src/effects/reporters/descriptions.js";
import { aContainer, anEntry, aRelease, aRequest, aRollbackRequest, aView } from "../../support/builders.js";
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

describe("whatever a host holds, nothing of it commands a terminal", () => {
  const evil = "\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eevil\r\n2026-01-01T00:00:00Z  forged";
  const lines = (text: string) => {
    expect(text).not.toMatch(/[^\P{C}\n\t]/u);
    return text.split("\n");
  };

  test("in the history, where it cannot pose as another entry either", () => {
    const told = describeHistory([anEntry({ at: evil, commit: evil, by: evil, reason: evil })]);
    expect(lines(told)).toHaveLength(1);
    expect(told).toContain("evil 2026-01-01T00:00:00Z forged");
  });

  test("in the status", () => {
    const view = aView({ containers: [aContainer({ image: evil })] });
    const proxy = { ...view.proxy, image: evil };
    const lock = { holder: evil, reason: evil, fence: 1, remainingMs: 1_000 };
    const told = describeStatus({ app: "shop", environment: "test" }, "host", { ...view, proxy, lock });
    expect(lines(told).filter((line) => /^\S/.test(line))).toHaveLength(1);
    expect(told).toMatch(/image +evil/);
  });

  test("in a plan and in an outcome", () => {
    lines(describePlan({ verdict: "refused", code: "preflight", reason: evil, problems: [] }));
    lines(describeOutcome({ phase: "aborted", code: "gate-failed", serving: 1, reason: evil, logs: evil }));
  });
});
