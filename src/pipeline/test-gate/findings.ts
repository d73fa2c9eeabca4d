/** What the supervisor had to say, read from the lines it wrote to stderr. */
export interface Findings {
  /** Why the command counted as hung; null when it ended by itself. */
  readonly hung: string | null;
  /** Processes that were alive when it hung, with their pid and who started them. */
  readonly alive: readonly string[];
  /** Processes that the command had left running when it ended. */
  readonly leftOver: readonly string[];
  /** Processes that even SIGKILL did not end. */
  readonly unkillable: readonly string[];
  /** How long the command ran, in whole seconds; null when that is not known. */
  readonly seconds: number | null;
}

export function readFindings(stderr: string): Findings {
  const all = (kind: string): readonly string[] => {
    const start = `evenkeel: ${kind}: `;
    return stderr
      .split("\n")
      .filter((line) => line.startsWith(start))
      .map((line) => line.slice(start.length).trim());
  };
  const seconds = Number.parseInt(all("ended")[0] ?? "", 10);
  return {
    hung: all("hung")[0] ?? null,
    alive: all("alive"),
    leftOver: all("left over"),
    unkillable: all("unkillable"),
    seconds: Number.isNaN(seconds) ? null : seconds,
  };
}

/** Processes as lines of a message. */
export function bulleted(processes: readonly string[]): string {
  return processes.map((one) => `  ${one}`).join("\n");
}
