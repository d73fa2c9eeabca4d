import { describe, EvenkeelError } from "../src/errors.js";
import { ownVersion } from "../src/own-version.js";
import { readCommandLine } from "./call.js";
import { helpOf, helpOfAll } from "./help.js";
import { STOP_CODES, type Terminal } from "./terminal.js";

/** Runs a command line to its end, and returns the exit code. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const code = await answer(argv, terminal);
    return stopCode(terminal) ?? code;
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

async function answer(argv: readonly string[], terminal: Terminal): Promise<number> {
  const asked = readCommandLine(argv);
  if ("version" in asked) terminal.out(ownVersion());
  else if ("help" in asked) terminal.out(asked.help === null ? helpOfAll() : helpOf(asked.help));
  // Only now, because it takes a while: help comes at once.
  else if (asked.command.name === "host")
    return (await import("./serve-host.js")).serveHost(asked.values, terminal);
  else await (await import("./operations.js")).operate(asked, terminal);
  return 0;
}
