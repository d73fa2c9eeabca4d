import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";

/** A shell that stays open, so that what is timed is a command and not the start of whatever brings it there. */
export interface Shell {
  /** Runs a script and returns what it printed; rejects when it fails. One at a time. */
  run(script: string): Promise<string>;
  close(): void;
}

/** `child` is a POSIX shell that reads its standard input. */
export function openShell(child: ChildProcessWithoutNullStreams): Shell {
  const marker = randomBytes(8).toString("hex");
  let said = "";
  let ended = false;
  let look = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
      look();
    });
  }
  child.stdin.on("error", () => {}); // told by the end of the process as well
  child.on("close", () => {
    ended = true;
    look();
  });
  return {
    run: (script) =>
      new Promise((resolve, reject) => {
        look = () => {
          const [, text = "", code] = new RegExp(`^([^]*)${marker} (\\d+)\n`).exec(said) ?? [];
          if (code === undefined && !ended) return;
          look = () => {};
          if (code === "0") resolve(text.trim());
          else reject(new Error(`${script}\nended with ${code ?? "the shell"}: ${text || said}`));
        };
        said = "";
        child.stdin.write(`{\n${script}\n} </dev/null 2>&1; echo "${marker} $?"\n`);
        look();
      }),
    close: () => child.stdin.end(),
  };
}
