import type { Outcome, Phase, ProbeSample, Reply, Slot, StepKind, Tally } from "../core/model.js";
import type { Timeline } from "./timeline.js";

/** What is begun, for whom and with what: told once, before the host is reached. */
export interface RunStart {
  readonly does: "deploy" | "rollback" | "upgrade-proxy";
  readonly app: string;
  readonly environment: string;
  /** The host's name or address. */
  readonly host: string;
  /** The address that visitors use, where the configuration says it. */
  readonly url: string | null;
  /** `repository@sha256:…`; null where the host chooses it, as in a rollback. */
  readonly image: string | null;
  readonly commit: string | null;
  /** Who runs this, as the lock and the ledger name it. */
  readonly holder: string;
  readonly reason: string;
  /** ISO 8601, by the clock of the machine that runs this. */
  readonly startedAt: string;
}

export interface PhaseReport {
  readonly at: Phase;
  /** The phase before; `idle` at the start. */
  readonly from: Phase["phase"];
  /** Since the phase before was reported. */
  readonly tookMs: number;
}

export interface StepReport {
  readonly kind: StepKind;
  readonly tookMs: number;
  readonly reply: Reply["kind"];
}

/**
 * One look at the containers. `gate`: before a slot gets traffic (or gets it back), several answers each;
 * traffic is what it had before. `bake`: after the switch; traffic is what came since the look before.
 */
export interface HealthReport {
  readonly during: "gate" | "bake";
  /** The slot that is judged comes first. */
  readonly slots: readonly SlotHealth[];
}

export interface SlotHealth {
  readonly slot: Slot;
  /** Null when its container is gone. */
  readonly revision: number | null;
  readonly answers: readonly ProbeSample[];
  /** By the proxy's access log; null when it could not be read. */
  readonly traffic: Tally | null;
}

export interface RunSummary {
  readonly outcome: Outcome;
  readonly timeline: Timeline;
  readonly totalMs: number;
}

/** Why a run could not be told to its end: no connection came about, or there is a bug. */
export interface RunFailure {
  /** Of the catalogue of errors. */
  readonly code: string;
  /** The whole message, with cause and remedy. */
  readonly message: string;
}

/**
 * Who is told how a run goes. A reporter decides nothing, and what it throws must not stop a deploy: the run
 * goes on without it. Its functions may be async. They are not waited for while a host is between two
 * releases; at the end of the run those that are still under way get 5 seconds.
 */
export interface Reporter {
  start?(start: RunStart): void;
  phase(report: PhaseReport): void;
  note(level: "info" | "warning", text: string): void;
  step?(report: StepReport): void;
  health?(report: HealthReport): void;
  summary(summary: RunSummary): void;
  /** In place of `summary`, when the run ends without an outcome. */
  failed?(failure: RunFailure): void;
}

export const silentReporter: Reporter = { phase: () => {}, note: () => {}, summary: () => {} };

/** A reporter whose listeners may be slow. */
export interface Teller extends Reporter {
  /** When all that async reporters have begun is over, or the time is. */
  settled(limitMs: number): Promise<void>;
}

/** Tells several reporters; one that throws is left out of that report and keeps the others from nothing. */
export function tellAll(reporters: readonly Reporter[]): Teller {
  const pending = new Set<Promise<unknown>>();
  // Returns what is under way, so that a teller among the reporters of another one is waited for as well.
  const each = (tell: (reporter: Reporter) => unknown): unknown => {
    const begun: Promise<unknown>[] = [];
    for (const reporter of reporters) {
      try {
        const told = tell(reporter);
        if (!(told instanceof Promise)) continue;
        // Unheard, a rejection would end the process and leave the host to its guardian.
        const over = told.catch(() => {}).finally(() => pending.delete(over));
        pending.add(over);
        begun.push(over);
      } catch {
        // A closed pipe or a broken tracer is no reason to leave a host between two releases.
      }
    }
    return begun.length === 0 ? undefined : Promise.all(begun);
  };
  return {
    start: (start) => each((reporter) => reporter.start?.(start)),
    phase: (report) => each((reporter) => reporter.phase(report)),
    note: (level, text) => each((reporter) => reporter.note(level, text)),
    step: (report) => each((reporter) => reporter.step?.(report)),
    health: (report) => each((reporter) => reporter.health?.(report)),
    summary: (summary) => each((reporter) => reporter.summary(summary)),
    failed: (failure) => each((reporter) => reporter.failed?.(failure)),
    settled: async (limitMs) => {
      if (pending.size === 0) return;
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise((resolve) => {
        timer = setTimeout(resolve, limitMs);
      });
      await Promise.race([Promise.all(pending), limit]);
      clearTimeout(timer);
    },
  };
}
