import type { CommandOptions, CommandOutcome } from "../../../ci/lab/command.js";
import { patternsOf, type Secrets } from "../../support/secret-search.js";

/** Runs a command on the machine that is watched, with the rights to see all of its processes. */
export type OnMachine = (
  argv: readonly string[],
  options?: Pick<CommandOptions, "input">,
) => Promise<CommandOutcome>;

export interface SeenProcesses {
  /** Every command line that was seen, one to a line, as any account of the machine could have read it. */
  readonly commandLines: string;
  /** The command lines of the processes that had one of the secrets in their environment. */
  readonly holders: readonly string[];
}

// The secrets are in a file: the search itself must not be what is found.
const watch = `
cd "$0" || exit 1
: >holders
while [ ! -e stopped ]; do
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >>lines
  echo >>lines
  LC_ALL=C grep -laF -f patterns /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do
    tr '\\0' ' ' <"/proc/$pid/cmdline" && echo
  done >>holders 2>/dev/null
  sleep "$1"
done`;

/** Reads command lines and environments of all processes of a machine, over and over, until it is stopped. */
export async function watchProcesses(on: OnMachine, secrets: Secrets, everySeconds = 0.02) {
  const sh = async (script: string, folder = "", input?: string) =>
    (await on(["sh", "-c", script, folder, String(everySeconds)], input === undefined ? {} : { input }))
      .stdout;
  const folder = (await sh("mktemp -d")).trim();
  await sh('cat >"$0/patterns"', folder, patternsOf(secrets));
  const watching = sh(watch, folder);
  return {
    async stop(): Promise<SeenProcesses> {
      await sh(': >"$0/stopped"', folder);
      await watching;
      const commandLines = await sh('sort -u "$0/lines"', folder);
      const holders = (await sh('sort -u "$0/holders"', folder)).split("\n").filter(Boolean);
      await sh('rm -rf "$0"', folder);
      return { commandLines, holders };
    },
  };
}

// On the file systems that these folders are on, with the patterns in a file that is not searched itself.
const search = `
patterns=$(mktemp) && cat >"$patterns" || exit 1
find "$@" -xdev -type f ! -path "$patterns" -exec env LC_ALL=C grep -lsF -f "$patterns" {} +
rm "$patterns"`;

/** Files of a machine that hold one of the secrets; `where` is what `find` is told. */
export async function filesHolding(
  on: OnMachine,
  secrets: Secrets,
  where: readonly string[],
): Promise<readonly string[]> {
  const found = await on(["sh", "-c", search, "sh", ...where], { input: patternsOf(secrets) });
  if (found.code !== 0) throw new Error(`the search ended with ${found.code}: ${found.stderr}`);
  return found.stdout.split("\n").filter(Boolean).sort();
}
