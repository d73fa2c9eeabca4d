import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

/** A `dagger call` that has ended. */
export interface Called {
  /** As a shell would tell it: 128 and the signal's number for a command that was killed. */
  readonly exitCode: number;
  /** Everything that was printed, without colours. */
  readonly output: string;
}

export interface Calling {
  readonly ended: Promise<Called>;
  /** What Dagger itself last said that it does. */
  doing(): string;
  /** Ends the `dagger` command as a crash would, without a chance to clean up. */
  kill(): void;
}

export interface DaggerOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The repository of evenkeel, as the module to call. */
  readonly module: string;
  /** The repository to deploy. */
  readonly source: string;
  /** Told each line that the called function or its containers print. */
  readonly onLine: (line: string) => void;
}

const longestCallMs = 15 * 60_000;
const killed = 137;

/** Starts `dagger call` as a user would, but for `--progress=plain`, whose lines can be read by a program. */
export function startCall(args: readonly string[], { env, module, source, onLine }: DaggerOptions): Calling {
  const words = ["call", "--progress=plain", "-m", module, `--source=${source}`, ...args];
  const child = spawn("dagger", words, { cwd: source, env, stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), longestCallMs);
  let output = "";
  let doing = "starting";
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = stripVTControlCharacters(rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        output += `${line}\n`;
        const said = spoken(line);
        if (said !== null) onLine(said);
        else doing = activity(line) ?? doing;
      }
    });
    stream.on("end", () => {
      output += rest;
    });
  }
  const ended = new Promise<Called>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? killed, output });
    });
  });
  return { ended, doing: () => doing, kill: () => void child.kill("SIGKILL") };
}

/** What a program printed, out of a line like `12  : ┆ [3.1s] | words`; null for Dagger's own lines. */
export function spoken(line: string): string | null {
  const said = /^\d+ *:[ ┆]*\[\d[^\]]*\] \| ?(.*)$/.exec(line)?.[1];
  if (said === undefined || said.trim() === "" || /^(cloud url=|\d\d:\d\d:\d\d INF )/.test(said)) return null;
  return said;
}

/** What Dagger does, out of a line like `12  : ┆ Container.withExec(…)`; null when the line tells of no beginning. */
function activity(line: string): string | null {
  const named = /^\d+ *:[ ┆]*([^[!].*)$/.exec(line)?.[1];
  return named === undefined || / (DONE|CACHED|ERROR)\b/.test(named) ? null : named.slice(0, 100);
}
