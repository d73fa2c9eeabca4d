import { createRequire } from "node:module";
import { describe, EvenkeelError } from "../src/errors.js";
import { readCommandLine } from "./call.js";
import { helpOf, helpOfAll } from "./help.js";
import { STOP_CODES, type Terminal } from "./terminal.js";

/** Runs a command line to its end, and returns the exit code. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await answer(argv, terminal);
    return stopCode(terminal) ?? 0;
  } catch (error) {
    // Set off from the progress of a run above it.
    const ran = error instanceof EvenkeelError && error.report !== null;
    terminal.err(`${ran ? "\n" : ""}${describe(error)}`);
    return stopCode(terminal) ?? 1;
  }
}

function stopCode(terminal: Terminal): number | null {
  const signal = terminal.stoppedBy();
  return signal === null ? null : STOP_CODES[signal];
}

async function answer(argv: readonly string[], terminal: Terminal): Promise<void> {
  const asked = readCommandLine(argv);
  if ("version" in asked) return terminal.out(ownVersion());
  if ("help" in asked) return terminal.out(asked.help === null ? helpOfAll() : helpOf(asked.help));
  // Only now, because it takes a while: help comes at once.
  const { operate } = await import("./operations.js");
  return operate(asked, terminal);
}

function ownVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)("evenkeel/package.json");
  const version = (manifest as { version?: unknown }).version;
  if (typeof version !== "string") throw new EvenkeelError("bug", "package.json says no version.");
  return version;
}
