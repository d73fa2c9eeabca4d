import type { ContainerView, HealthPolicy, ProbeReport, ProbeSample } from "./model.js";

export type GateVerdict =
  | { readonly verdict: "pass"; readonly reason: string; readonly container: ContainerView }
  | { readonly verdict: "fail"; readonly reason: string }
  | { readonly verdict: "again"; readonly reason: string };

/**
 * What a container went through before it was looked at. One that is hot for a rollback may have been restarted, or
 * have lost a process to a want of memory, which Docker remembers as `OOMKilled` although the container runs on.
 */
export type Past = Pick<ContainerView, "restarts" | "oomKilled">;

const newborn: Past = { restarts: 0, oomKilled: false };

export function passes(sample: ProbeSample): boolean {
  const status = sample.status ?? 0;
  return status >= 200 && status < 300 && sample.commitMatches;
}

/**
 * Before the switch: N consecutive passes open the gate; a container that exits, restarts or is killed
 * fails it at once, without waiting for the deadline.
 */
export function judgeGate(
  report: ProbeReport,
  containerId: string,
  health: HealthPolicy,
  elapsedMs: number,
  past: Past = newborn,
): GateVerdict {
  // A host that could not ask, on a full disk, has told nothing of the container, neither good nor bad.
  if (report.atMs > 0) {
    const { container } = report;
    if (container === null || container.id !== containerId)
      return { verdict: "fail", reason: "the container is gone" };
    const death = describeDeath(container, past);
    if (death !== null) return { verdict: "fail", reason: death };
    if (report.samples.length >= health.passes && report.samples.every(passes)) {
      return {
        verdict: "pass",
        reason: `${report.samples.length} consecutive passes on ${health.path}`,
        container,
      };
    }
  }
  const last = report.samples.at(-1);
  const seen = last === undefined ? "no answer yet" : describeSample(last);
  if (elapsedMs >= health.deadlineMs) {
    return {
      verdict: "fail",
      reason: `${health.path} did not answer ${health.passes} times in a row with 2xx within ${health.deadlineMs / 1000} s; last: ${seen}`,
    };
  }
  return { verdict: "again", reason: seen };
}

function describeDeath(container: ContainerView, past: Past): string | null {
  if (container.oomKilled && !past.oomKilled) return "the container was killed for using too much memory";
  if (container.stage !== "running")
    return `the container exited with code ${container.exitCode} instead of serving`;
  return container.restarts > past.restarts ? `the container restarted ${container.restarts} times` : null;
}

export function describeSample(sample: ProbeSample): string {
  if (sample.status === null) return sample.detail === "" ? "no answer" : `no answer (${sample.detail})`;
  if (sample.status >= 300 && sample.status < 400) return `${sample.status}, a redirect, which is not a pass`;
  if (!sample.commitMatches) return `${sample.status}, but without the commit that was deployed`;
  return `${sample.status}${passes(sample) || sample.detail === "" ? "" : ` ${sample.detail}`}`;
}
