import type { Candidate, Errand } from "./candidate.js";
import { ask, type Run, type Script } from "./script.js";

export type Consent =
  | { readonly verdict: "promote"; readonly reason: string }
  | { readonly verdict: "veto"; readonly reason: string }
  /** How long it may take from the end of the bake on. */
  | { readonly verdict: "undecided"; readonly waitMs: number };

/**
 * What the promotion gate says by now. It decides beside the bake, whose looks go on and keep the guardian from
 * acting; silence is no consent.
 *
 * @param passedMs since when nothing but the gate is waited for; null as long as the bake goes on
 */
export function* consult(
  run: Run,
  { promotionGate }: Errand,
  { container, revision, release }: Candidate,
  passedMs: number | null,
): Script<Consent> {
  if (promotionGate === null) return { verdict: "promote", reason: "" };
  const { timeoutMs } = promotionGate;
  const { image, commit } = release;
  const { verdict, reason } = yield* ask(run, {
    kind: "consult",
    candidate: { containerId: container.id, slot: container.slot, revision, image, commit },
  });
  if (verdict === "veto") return { verdict, reason: `the promotion gate vetoed it: ${reason}` };
  if (verdict === "promote")
    return { verdict, reason: `; the promotion gate agreed${reason === "" ? "" : `: ${reason}`}` };
  if (passedMs === null || run.nowMs - passedMs < timeoutMs) return { verdict, waitMs: timeoutMs };
  return {
    verdict: "veto",
    reason: `the promotion gate did not decide within ${timeoutMs / 1000} s after the bake`,
  };
}
