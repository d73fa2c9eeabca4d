import { fitted, widthOf } from "./terminal-width.js";

/** What of a terminal is needed; `process.stderr` fits. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/** Lines at the end of a terminal that are drawn anew in place, below lines that stay. */
export interface LiveArea {
  /** Adds a line that stays, above the live ones. */
  print(line: string): void;
  /** Replaces the live lines. */
  draw(lines: readonly string[]): void;
  /** Takes the live lines away and shows the cursor again. */
  close(): void;
}

const ESC = "\u001b[";
const CLEAR_BELOW = `${ESC}0J`;
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;

/**
 * Only the live lines are ever gone back over, and each of them is cut to the terminal's width, so that
 * nothing which stays can be overwritten. The cursor stands at the beginning of the line below them.
 */
export function createLiveArea(terminal: Terminal): LiveArea {
  let drawn: readonly string[] = [];
  let hidden = false;
  const columns = () => Math.max(1, terminal.columns ?? 80);
  // A terminal that was made narrower since has wrapped what was drawn.
  const rowsDrawn = () =>
    drawn.reduce((rows, line) => rows + Math.max(1, Math.ceil(widthOf(line) / columns())), 0);
  const erase = () => {
    const rows = rowsDrawn();
    return rows === 0 ? "" : `\r${ESC}${rows}A${CLEAR_BELOW}`;
  };
  return {
    print: (line) => {
      const live = drawn.map((one) => `${one}\n`).join("");
      terminal.write(`${erase()}${line}\n${live}`);
    },
    draw: (lines) => {
      const before = erase();
      // One row is left for the cursor, and one for what stays.
      const shown = lines.slice(0, Math.max(0, (terminal.rows ?? 24) - 2));
      drawn = shown.map((line) => fitted(line, columns() - 1));
      const text = drawn.map((line) => `${line}\n`).join("");
      terminal.write(`${hidden ? "" : HIDE_CURSOR}${before}${text}`);
      hidden = true;
    },
    close: () => {
      const before = erase();
      drawn = [];
      if (hidden || before !== "") terminal.write(`${before}${SHOW_CURSOR}`);
      hidden = false;
    },
  };
}
