import { type ContainerView, type HostView, otherSlot, type Pointer, type Slot } from "./model.js";

export function inSlot(view: HostView, slot: Slot): ContainerView | null {
  return view.containers.find((container) => container.slot === slot) ?? null;
}

/** The container that requests reach now; null when none runs where the pointer says. */
export function servingContainer(view: HostView): ContainerView | null {
  if (view.pointer === null) return null;
  const container = inSlot(view, view.pointer.live);
  return container !== null && isUp(container) ? container : null;
}

export function isUp(container: ContainerView): boolean {
  return container.stage === "running";
}

/** Where a candidate goes: never a slot that the pointer names. */
export function idleSlot(pointer: Pointer | null): Slot | null {
  if (pointer === null) return "blue";
  return pointer.mode === "solo" ? otherSlot(pointer.live) : null;
}
