import type { PromotionGate } from "evenkeel";

/**
 * Places a test order once the release has the traffic; that it is not taken is a veto. A POST, because a GET
 * that a release on trial fails is answered by the one standing by, so that visitors notice nothing.
 */
export function orderGate(address: string): PromotionGate {
  return {
    timeoutMs: 30_000,
    async decide({ revision, signal }) {
      const order = { method: "POST", body: JSON.stringify({ item: "tea", test: true }), signal };
      const answer = await fetch(new URL("/orders", address), order);
      if (answer.ok) return { verdict: "promote", reason: "the test order was taken" };
      return { verdict: "veto", reason: `revision ${revision} answers ${answer.status} to an order` };
    },
  };
}
