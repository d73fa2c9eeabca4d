import type { Step, Watched } from "../core/model.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/**
 * How long a step may take, in milliseconds, before the connection is given up. What the step itself
 * waits for is added to what a slow host needs.
 */
export function stepTimeoutMs(step: Step): number {
  switch (step.kind) {
    case "pull":
      return 30 * MINUTE;
    case "install-proxy":
      return 10 * MINUTE;
    // Another app may be installing or changing the proxy, which is waited for.
    case "route":
      return 2 * MINUTE;
    // What had the slot before may need its own time to stop.
    case "start":
      return step.release.runtime.drainMs + 5 * MINUTE;
    case "retain":
      return 3 * MINUTE;
    case "pre-deploy":
      return (step.release.runtime.preDeploy?.timeoutMs ?? 0) + 30 * SECOND;
    case "probe":
      return step.count * (step.intervalMs + Math.max(...timeouts(step.slots))) + MINUTE;
    case "watch":
      return step.live.health.timeoutMs + (step.standby?.health.timeoutMs ?? 0) + MINUTE;
    case "retire":
      return (step.afterMs === 0 ? step.drainMs : 0) + MINUTE;
    case "wait":
      return step.ms;
    default:
      return MINUTE;
  }
}

function timeouts(slots: readonly Watched[]): readonly number[] {
  return slots.map(({ health }) => health.timeoutMs);
}

/**
 * The same within the deadline of the whole run. A step always gets some time: those that make things safe
 * are asked for when the deadline is over. A release that finishes its requests gets the time that it may take.
 */
export function limitWithin(step: Step, remainingMs: number): number {
  if (step.kind === "retire") return stepTimeoutMs(step);
  return Math.min(stepTimeoutMs(step), Math.max(remainingMs, 30 * SECOND));
}
