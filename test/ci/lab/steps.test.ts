import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSteps, StepFailed, type Steps } from "../../../ci/lab/steps.js";

let printed: string;
let clock: number;
let steps: Steps;

beforeEach(() => {
  vi.useFakeTimers();
  [printed, clock] = ["", 0];
  const logs = mkdtempSync(join(tmpdir(), "evenkeel-steps-"));
  steps = createSteps({
    logPathOf: (step) => join(logs, `${step}.log`),
    print: (text) => {
      printed += text;
    },
    terminal: false,
    now: () => clock,
  });
});
afterEach(() => {
  steps.close();
  vi.useRealTimers();
});

describe("steps", () => {
  it("name what was done and how long it took", async () => {
    const result = await steps.step("network", async () => {
      clock = 1234;
      return 7;
    });
    expect(result).toBe(7);
    expect(printed).toMatch(/^✓ network +1\.2 s\n$/);
  });

  it("say which of them still run", async () => {
    let finish = () => {};
    const long = steps.step("build Dagger", () => new Promise<void>((resolve) => (finish = resolve)));
    clock = 15_000;
    vi.advanceTimersByTime(15_000);
    expect(printed).toBe("… build Dagger 15 s\n");
    finish();
    await long;
  });

  it("fail with the step, the reason, the end of its log and what to do next", async () => {
    vi.useRealTimers(); // a real program runs
    const failing = steps.step(
      "thing",
      (run) => run(["sh", "-c", "echo half; echo no space >&2; exit 3"]),
      "Free some disk.",
    );
    const error = await failing.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(StepFailed);
    const { message } = error as StepFailed;
    expect(message).toContain('step "thing" failed');
    expect(message).toContain("exit code 3: no space");
    expect(message).toContain("  | half");
    expect(message).toMatch(/log: .*thing\.log/);
    expect(message).toMatch(/Free some disk\.$/);
    expect(printed).toContain("✗ thing");
  });
});
