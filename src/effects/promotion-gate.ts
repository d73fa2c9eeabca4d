import type { Answers, Promotable, Reply, StepKind, StepOf } from "../core/model.js";
import { describe, printableLine } from "../errors.js";
import { type Clock, systemClock } from "./clock.js";
import type { Host } from "./host.js";

/** What a promotion gate is told of the release that it decides on, which has the traffic by now. */
export interface PromotionCandidate extends Omit<Promotable, "containerId"> {
  /** Ends with the run, or when the answer has become useless: a failed bake does not wait for it. */
  readonly signal: AbortSignal;
}

export interface PromotionVerdict {
  readonly verdict: "promote" | "veto";
  /** One sentence for the ledger, and for whoever reads why a deploy was taken back. */
  readonly reason: string;
}

/**
 * A say in the promotion besides the bake's. It is asked once the release has the traffic, decides while the
 * bake goes on, and a veto takes the release back as a failed bake does. What it throws, an answer that is
 * none, and no answer in time are vetoes.
 */
export interface PromotionGate {
  /** Must not block the process: the host takes back by itself what it has not heard of for 15 seconds. */
  decide(candidate: PromotionCandidate): PromotionVerdict | Promise<PromotionVerdict>;
  /** How long the promotion waits for it after the bake, in milliseconds. Default: 60 000. */
  readonly timeoutMs?: number;
}

export const PROMOTION_TIMEOUT_MS = 60_000;

export interface Consulted extends Pick<Host, "ask"> {
  /** The run is over: whoever still decides is told by the signal. */
  end(): void;
}

/** The same host, with the gate asked where a run wants to hear it. */
export function consulting(
  host: Pick<Host, "ask">,
  gate: PromotionGate,
  stop?: AbortSignal,
  clock: Clock = systemClock,
): Consulted {
  let current: Decision | null = null;
  const consult = (candidate: Promotable): Answers["consult"] => {
    if (current?.containerId !== candidate.containerId) {
      current?.end.abort();
      current = begin(gate, candidate, stop);
    }
    return current.said;
  };
  return {
    ask: async <K extends StepKind>(step: StepOf<K>): Promise<Reply<K>> => {
      if (step.kind !== "consult") return host.ask(step);
      const answer = consult((step as StepOf<"consult">).candidate);
      return { kind: "answer", nowMs: clock.nowMs(), answer: answer as Answers[K] };
    },
    end: () => current?.end.abort(),
  };
}

interface Decision {
  readonly containerId: string;
  readonly end: AbortController;
  said: Answers["consult"];
}

function begin(
  gate: PromotionGate,
  { containerId, ...candidate }: Promotable,
  stop: AbortSignal | undefined,
): Decision {
  const end = new AbortController();
  const signal = stop === undefined ? end.signal : AbortSignal.any([stop, end.signal]);
  const decision: Decision = { containerId, end, said: { verdict: "undecided", reason: "" } };
  // Also what it throws before its first wait is its answer, not the run's end.
  void (async () => gate.decide({ ...candidate, signal }))().then(
    (verdict) => {
      decision.said = readVerdict(verdict);
    },
    (error: unknown) => {
      decision.said = veto(`it failed: ${describe(error)}`);
    },
  );
  return decision;
}

// It comes from somebody's program, which the compiler may not have seen.
function readVerdict(answer: unknown): Answers["consult"] {
  const { verdict, reason } = (answer ?? {}) as { verdict?: unknown; reason?: unknown };
  const words = typeof reason === "string" ? printableLine(reason, LONGEST_REASON) : "";
  if (verdict === "promote") return { verdict, reason: words };
  if (verdict === "veto") return veto(words === "" ? "no reason was given" : words);
  return veto(`it answered ${describe(answer)}, which is neither promote nor veto`);
}

function veto(reason: string): Answers["consult"] {
  return { verdict: "veto", reason: printableLine(reason, LONGEST_REASON) };
}

const LONGEST_REASON = 500;
