/** A mutant that no test notices, and why that is right. */
export interface Survivor {
  readonly file: string;
  /** The line, without its indentation, on which the changed text begins. */
  readonly line: string;
  readonly original: string;
  readonly replacement: string;
  readonly reason: string;
}

/** A mutant that was tried. */
export interface Change extends Omit<Survivor, "reason"> {
  readonly lineNumber: number;
  readonly noticed: boolean;
  readonly status: string;
}

export interface Judged {
  /** Went unnoticed without being listed. */
  readonly unlisted: readonly Change[];
  /** Listed, but noticed now, or no longer there. */
  readonly noLonger: readonly Survivor[];
}

/** Compares what went unnoticed with the list, as far as the files were tried. Mutants are told apart by their text, so that edits elsewhere do not matter. */
export function judge(changes: readonly Change[], survivors: readonly Survivor[]): Judged {
  const tried = new Set(changes.map(({ file }) => file));
  const unnoticed = changes.filter(({ noticed }) => !noticed);
  const keys = new Set(unnoticed.map(keyOf));
  const listed = new Set(survivors.map(keyOf));
  return {
    unlisted: unnoticed.filter((change) => !listed.has(keyOf(change))),
    noLonger: survivors.filter((survivor) => tried.has(survivor.file) && !keys.has(keyOf(survivor))),
  };
}

function keyOf({ file, line, original, replacement }: Omit<Survivor, "reason">): string {
  return JSON.stringify([file, line, original, replacement]);
}
