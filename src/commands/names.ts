import type { Key, Pointer, Slot } from "../core/model.js";

/** What things are called on a host; the one place that knows. */
export const proxyContainer = "evenkeel-proxy";
export const guardianContainer = "evenkeel-guardian";
export const network = "evenkeel";
/** The proxy that a first deploy installs; what its tag resolved to on a host is used there from then on. */
export const proxyImage = "caddy:2.11.9";

export function keyName(key: Key): string {
  return `${key.app}-${key.environment}`;
}

export function slotName(key: Key, slot: Slot): string {
  return `${keyName(key)}-${slot}`;
}

/** What the pointer file says while no release has ever been proven, so that no candidate is served unproven. */
export const nobody = "none";

export function pointerText(pointer: Pointer): string {
  return pointer.mode === "solo" ? pointer.live : `${pointer.live}+${pointer.standby}`;
}

export function parsePointer(text: string): Pointer | null {
  const match = /^(blue|green)(?:\+(blue|green))?$/.exec(text.trim());
  const live = match?.[1] as Slot | undefined;
  const standby = match?.[2] as Slot | undefined;
  if (live === undefined || live === standby) return null;
  return standby === undefined ? { mode: "solo", live } : { mode: "pair", live, standby };
}
