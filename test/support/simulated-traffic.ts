import type { Pointer, Slot, Tally } from "../../src/core/model.js";
import { answersHealth, failureRate, type SimContainer } from "./simulated-container.js";

/** Requests from outside, as the proxy's access log tells them afterwards. */
export interface Traffic {
  readonly perSecond: number;
  /** What the log says per slot, from its beginning. */
  readonly log: Record<Slot, { requests: number; failures: number; slow: number }>;
  /** A reader's place in the log is an index here. */
  readonly positions: Record<Slot, Tally>[];
  visitors: { requests: number; failures: number };
  /** Parts of requests and failures not yet counted, so that 1 % of 100 is exactly one. */
  carry: Record<string, number>;
}

export function createTraffic(perSecond: number): Traffic {
  const none = () => ({ requests: 0, failures: 0, slow: 0 });
  return {
    perSecond,
    log: { blue: none(), green: none() },
    positions: [],
    visitors: { requests: 0, failures: 0 },
    carry: {},
  };
}

/** Lets `ms` of traffic pass through the proxy, whose pointer and containers do not change meanwhile. */
export function flow(
  traffic: Traffic,
  pointer: Pointer | null,
  inSlot: (slot: Slot) => SimContainer | null,
  nowMs: number,
  ms: number,
): void {
  const requests = whole(traffic, "requests", (traffic.perSecond * ms) / 1_000);
  if (requests === 0) return;
  const up = (slot: Slot) => {
    const container = inSlot(slot);
    return container !== null && answersHealth(container, nowMs) === 200;
  };
  const rate = (slot: Slot) => {
    const container = inSlot(slot);
    return container === null ? 1 : failureRate(container, nowMs);
  };
  traffic.visitors.requests += requests;
  const answer = (slot: Slot, share: number) => {
    const failed = whole(traffic, `${slot}-failed`, share * rate(slot));
    traffic.log[slot].requests += share;
    traffic.log[slot].failures += failed;
    return failed;
  };
  const live =
    pointer?.live ?? (["blue", "green"] as const).find((slot) => rate(slot) < 1) ?? ("blue" as const);
  if (pointer?.mode !== "pair") {
    traffic.visitors.failures += answer(live, requests);
    return;
  }
  // The proxy's own checks send everything to the standby while only the live slot's health fails.
  if (!up(live) && up(pointer.standby)) {
    traffic.visitors.failures += answer(pointer.standby, requests);
    return;
  }
  const failed = answer(live, requests);
  // Half are GETs, which the standby is asked for; the mark on the live slot stays.
  const rescued = whole(traffic, "rescued", (failed / 2) * (1 - rate(pointer.standby)));
  traffic.visitors.failures += failed - rescued;
}

/** What the log says since a position, and where it ends now. */
export function readLog(traffic: Traffic, since: number | null) {
  const now: Record<Slot, Tally> = { blue: { ...traffic.log.blue }, green: { ...traffic.log.green } };
  traffic.positions.push(now);
  const then = since === null ? null : (traffic.positions[since] ?? null);
  const minus = (slot: Slot): Tally => ({
    requests: now[slot].requests - (then?.[slot].requests ?? 0),
    failures: now[slot].failures - (then?.[slot].failures ?? 0),
    slow: now[slot].slow - (then?.[slot].slow ?? 0),
  });
  return {
    position: { inode: 1, offset: traffic.positions.length - 1 },
    slots: { blue: minus("blue"), green: minus("green") },
  };
}

function whole(traffic: Traffic, name: string, amount: number): number {
  const sum = (traffic.carry[name] ?? 0) + amount;
  const part = Math.floor(sum + 1e-9);
  traffic.carry[name] = sum - part;
  return part;
}
