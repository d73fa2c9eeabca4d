import { printable } from "../errors.js";

/**
 * A command that ended with an exit code other than 0, as the engine reports it. Told by its shape: its
 * class cannot be imported inside a module. `stdout` and `stderr` are the last 100 KB of each.
 */
export interface ExecFailure extends Error {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What crosses to `dagger call`, and gives it its exit code. */
  readonly extensions?: Record<string, unknown>;
}

export function execFailureOf(error: unknown): ExecFailure | null {
  if (!(error instanceof Error)) return null;
  const { exitCode, stdout, stderr } = error as Partial<ExecFailure>;
  const isOne = typeof exitCode === "number" && typeof stdout === "string" && typeof stderr === "string";
  return isOne ? (error as ExecFailure) : null;
}

/** The last lines of a text that say something, as a block of at most `count` lines and `bytes` characters. */
export function lastLines(text: string, count = 30, bytes = 4000): string {
  const lines = text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
  return lines.slice(-count).join("\n").slice(-bytes);
}

/**
 * What a failed command said: its beginning, where npm gives the reason, and its end, where everything else
 * does. Indented, ready for a message.
 */
export function toldBy({ stdout, stderr }: ExecFailure): string {
  const lines = lastLines(printable(`${stdout}\n${stderr}`), 10_000, 100_000).split("\n");
  const shown = lines.length <= 40 ? lines : [...lines.slice(0, 15), "…", ...lines.slice(-25)];
  return shown.map((line) => `  ${line.slice(0, 500)}`).join("\n");
}

/** What the engine said, without the request and the answer that its error carries along. */
export function engineWords(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
