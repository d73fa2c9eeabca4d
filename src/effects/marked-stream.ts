/** Collects one stream of a shell until a mark, so that what is in between can be told apart. */
export interface MarkedStream {
  /** Starts to look for the next mark; resolves with what came before it and with the rest of the mark's line. */
  until(mark: string, limitBytes: number): Promise<Marked>;
  push(chunk: Buffer): void;
}

export type Marked =
  | { readonly verdict: "found"; readonly before: Buffer; readonly rest: string }
  | { readonly verdict: "too-long"; readonly limitBytes: number };

interface Search {
  readonly mark: Buffer;
  readonly limitBytes: number;
  readonly resolve: (marked: Marked) => void;
}

export function createMarkedStream(): MarkedStream {
  let chunks: Buffer[] = [];
  let bytes = 0;
  // The last bytes seen: a mark may be cut anywhere by the network.
  let tail = Buffer.alloc(0);
  let search: Search | null = null;

  const finish = (marked: Marked) => {
    const done = search;
    search = null;
    done?.resolve(marked);
  };

  const look = () => {
    if (search === null) return;
    const { mark, limitBytes } = search;
    const whole = Buffer.concat(chunks, bytes);
    const at = whole.indexOf(mark);
    const lineEnd = at === -1 ? -1 : whole.indexOf(0x0a, at + mark.length);
    if (lineEnd === -1) {
      chunks = [whole];
      if (bytes > limitBytes) finish({ verdict: "too-long", limitBytes });
      return;
    }
    chunks = [];
    bytes = 0;
    finish({
      verdict: "found",
      before: whole.subarray(0, at),
      rest: whole.subarray(at + mark.length, lineEnd).toString("latin1"),
    });
  };

  return {
    until: (mark, limitBytes) =>
      new Promise((resolve) => {
        search = { mark: Buffer.from(mark, "utf8"), limitBytes, resolve };
        tail = Buffer.alloc(0);
      }),
    push: (chunk) => {
      // Nobody asked: a process left in the background talks, and what it says belongs to no step.
      if (search === null) return;
      chunks.push(chunk);
      bytes += chunk.length;
      // Joining everything at each chunk would make a long output quadratic: only the seam is looked at.
      const seam = Buffer.concat([tail, chunk]);
      tail = seam.subarray(Math.max(0, seam.length - KEPT_BYTES));
      if (seam.includes(search.mark) || bytes > search.limitBytes) look();
    },
  };
}

// Longer than any mark and the exit code behind it.
const KEPT_BYTES = 256;
