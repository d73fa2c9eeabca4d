import type { Slot } from "../../src/core/model.js";
import type { SimulatedHost } from "./simulated-host.js";

/** An armed guard on the simulated host, and what the guardian has seen since its time was over. */
export interface SimGuard {
  readonly token: string;
  readonly revision: number;
  readonly live: Slot;
  readonly previous: Slot;
  expiresMs: number;
  looksAtMs: number;
  looks: number;
  passes: { previous: number; live: number };
  readonly needed: { readonly previous: number; readonly live: number };
}

const LOOK_MS = 500;
/** So long (30 s) the previous slot may take to answer, after a reboot for instance, before the live one is kept. */
const LOOKS_BEFORE_HALT = 60;

/** The dead man's switch: acts by itself once the guard is not renewed, and only ever with proof. */
export function look(host: SimulatedHost): void {
  const { guard } = host;
  if (guard === null || host.nowMs < guard.looksAtMs) return;
  guard.looksAtMs = host.nowMs + LOOK_MS;
  if (host.diskFull) return;
  guard.looks += 1;
  for (const role of ["previous", "live"] as const) {
    const container = host.inSlot(guard[role]);
    const passed = container !== null && host.isHealthy(container);
    guard.passes[role] = passed ? guard.passes[role] + 1 : 0;
    if (container !== null) host.tell({ kind: "probed", containerId: container.id, passed });
  }
  const verdict =
    guard.passes.previous >= guard.needed.previous
      ? "reverted"
      : guard.looks >= LOOKS_BEFORE_HALT && guard.passes.live >= guard.needed.live
        ? "halted"
        : null;
  if (verdict === null) return;
  const serving = verdict === "reverted" ? guard.previous : guard.live;
  host.outcome = { token: guard.token, revision: guard.revision, verdict, serving };
  host.guard = null;
  host.point({ mode: "solo", live: serving }, "guardian");
}
