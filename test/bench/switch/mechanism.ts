/** Two releases of the app, told apart by what `x-answered-by` says. */
export type Slot = "blue" | "green";

export const otherSlot = (slot: Slot): Slot => (slot === "blue" ? "green" : "blue");

/** One way to give all traffic to the other of two releases, set up and serving one of them. */
export interface Mechanism {
  readonly name: string;
  /** The program and its version. */
  readonly program: string;
  readonly url: string;
  /** Does what its operator would do; resolves when the command has ended. */
  switchTo(slot: Slot): Promise<void>;
  /** The container that a slot's release runs in. */
  container(slot: Slot): string;
  /** Takes away everything that `open` made. */
  close(): Promise<void>;
}
