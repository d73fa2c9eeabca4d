import { spawnSync } from "node:child_process";

/** The shells of this machine that a host may have as `sh`. */
export const shells: readonly (readonly string[])[] = [
  ["dash"],
  // With a socket as its input, bash reads its start file as if it were a login.
  ["bash", "--norc", "--posix"],
  ["busybox", "sh"],
  ["sh"],
].filter(([program, ...rest]) => spawnSync(program ?? "", [...rest, "-c", "exit 7"]).status === 7);

export function run(
  shell: readonly string[],
  script: string,
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
) {
  const [program = "sh", ...rest] = shell;
  const done = spawnSync(program, rest, { input: script, encoding: "utf8", maxBuffer: 1 << 26, ...options });
  return { stdout: done.stdout, stderr: done.stderr, code: done.status ?? -1 };
}
