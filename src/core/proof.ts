import { passes } from "./gate.js";
import { runtimeOf } from "./ledger.js";
import { PROOF_LIMIT_MS } from "./lock.js";
import type {
  Answers,
  ContainerView,
  HealthPolicy,
  HostView,
  ProbeReport,
  RuntimeSpec,
  Slot,
  StepOf,
  Watched,
} from "./model.js";
import { ask, isFailure, mayBegin, note, type Run, type Script } from "./script.js";
import { isUp } from "./serving.js";

/**
 * How often a release that serves, or stands by, is asked before a missed probe on a busy host counts. Bounded, so
 * that the guardian's lease, which nobody renews meanwhile, is not used up by trying.
 */
export const STANDBY_TRIES = 3;

/** A container that served already, as probes look at it: its commit was compared when it was new. */
export function watched(container: ContainerView, { port, health }: RuntimeSpec): Watched {
  return { slot: container.slot, containerId: container.id, port, health, commit: null };
}

/** Whether a report proves that a container could take the requests: it runs, and all its probes passed. */
export function isProven(report: ProbeReport, container: ContainerView, health: HealthPolicy): boolean {
  return (
    report.container?.id === container.id &&
    isUp(report.container) &&
    report.samples.length >= health.passes &&
    report.samples.every(passes)
  );
}

/** The step's own limit for what was seen at a time of the host's; none where nothing could be asked. */
export function provenUntil(atMs: number | null): { readonly provenUntilMs?: number } {
  return atMs === null ? {} : { provenUntilMs: atMs + PROOF_LIMIT_MS };
}

/**
 * The first of two containers that proves itself; where neither does, one that at least runs, or else the
 * preferred one. Both are asked now, whatever the view showed: what was starting again then may answer by now.
 * Nothing is chosen where the host could not ask.
 */
export function* healthier(
  run: Run,
  view: HostView,
  preferred: ContainerView | null,
  other: ContainerView | null,
  fallback: RuntimeSpec | null,
): Script<{
  readonly slot: Slot | null;
  readonly proven: boolean;
  readonly known: boolean;
  /** The host's uptime of the look that decided. */
  readonly atMs: number | null;
  readonly reason: string;
}> {
  let known = true;
  let atMs: number | null = null;
  for (const container of [preferred, other]) {
    if (container === null) continue;
    const health = yield* askHealth(run, view, container, fallback);
    if (health.proven) {
      if (known || preferred === null) return answering(container, health.atMs);
      // The host can be asked again: nobody is left because it could not a moment ago.
      const again = yield* askHealth(run, view, preferred, fallback);
      return again.proven ? answering(preferred, again.atMs) : answering(container, health.atMs);
    }
    known &&= health.known;
    atMs = health.atMs ?? atMs;
  }
  if (!known)
    return { slot: null, proven: false, known, atMs, reason: "the host could not ask which one answers" };
  const { containers } = yield* ask(run, { kind: "observe" });
  const running = [preferred, other]
    .map((container) => containers.find((now) => now.id === container?.id && isUp(now)))
    .find((now) => now !== undefined);
  return {
    slot: (running ?? preferred)?.slot ?? null,
    proven: false,
    known,
    atMs,
    reason:
      running === undefined
        ? "neither release runs"
        : `no release answers its health probes; revision ${running.revision} at least runs`,
  };
}

function answering({ slot, revision }: ContainerView, atMs: number | null) {
  return { slot, proven: true, known: true, atMs, reason: `revision ${revision} answers its health probes` };
}

/** Fresh proof of a container: its own number of consecutive passes, now; and whether and when the host could ask. */
export function* askHealth(
  run: Run,
  view: HostView,
  container: ContainerView,
  fallback: RuntimeSpec | null,
): Script<{ readonly proven: boolean; readonly known: boolean; readonly atMs: number | null }> {
  const runtime = runtimeOf(view, container) ?? fallback;
  if (runtime === null) return { proven: false, known: true, atMs: null };
  const { reports } = yield* probe(run, {
    slots: [watched(container, runtime)],
    count: runtime.health.passes,
    intervalMs: runtime.health.intervalMs,
    compare: null,
  });
  const [report] = reports;
  if (report === undefined || isUnasked(report)) return { proven: false, known: false, atMs: null };
  return { proven: isProven(report, container, runtime.health), known: true, atMs: report.atMs };
}

/**
 * Asks releases for their health. The guardian is who asks, so where it was removed nothing can be known of any of
 * them: it is installed anew, unless that has been tried in vain.
 */
export function* probe(run: Run, asked: Omit<StepOf<"probe">, "kind" | "fence">): Script<Answers["probe"]> {
  const step = { kind: "probe", fence: run.fence, ...asked } as const;
  const answer = yield* ask(run, step);
  if (!answer.reports.every(isUnasked) || run.guardianLost || !mayBegin(run)) return answer;
  yield* note("warning", "the guardian on the host could not be asked: it is installed anew");
  const installed = yield* ask(run, { kind: "install-proxy", fence: run.fence, upgrade: false });
  const again = isFailure(installed) ? answer : yield* ask(run, step);
  run.guardianLost = again.reports.every(isUnasked);
  return again;
}

/** Nobody could ask: the guardian is not there, or, on a full disk, the act could not even begin. Then it has no time. */
function isUnasked({ atMs }: ProbeReport): boolean {
  return atMs === 0;
}
