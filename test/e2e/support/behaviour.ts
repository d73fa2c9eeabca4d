/** What the app of these tests (`app/server.js`) is told to do wrong; times in milliseconds since its first visitor. */
export interface Behaviour {
  /**
   * `endless`: 120 kB of headers and a body without an end. `drips`: the same a byte at a time. `escapes`:
   * 503, and what terminals obey.
   */
  readonly health?: "missing" | "redirect" | "fails" | "endless" | "drips" | "escapes";
  /** Prints its whole environment at its start, and fails its health checks with it. */
  readonly tells?: boolean;
  /** Prints a line of so many MiB at its start, with what terminals obey all along. */
  readonly logsMiB?: number;
  /** Healthy only as long as this address answers. */
  readonly database?: string;
  /** Since its start. */
  readonly startsAfter?: number;
  readonly exitAtStart?: number;
  readonly needsMiB?: number;
  readonly dieAfter?: number;
  /** Accepts connections and never answers again, not even its health path. */
  readonly hangAfter?: number;
  readonly brokenAfter?: number;
  readonly brokenGetsAfter?: number;
  /** Each so many visits one is answered with 500. */
  readonly errorEvery?: number;
  readonly slowAfter?: number;
  readonly slowByMs?: number;
  readonly takesMs?: number;
}
