import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Runs a program to its end and returns what it printed; throws when it fails. */
export type Run = (argv: readonly string[], options?: CommandOptions) => Promise<string>;

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill();
});

class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  constructor(
    readonly argv: readonly string[],
    readonly outcome: CommandOutcome,
  ) {
    const said = outcome.stderr.trim().split("\n").slice(-3).join("\n");
    super(`${argv.slice(0, 3).join(" ")} … ended with exit code ${outcome.code}${said && `: ${said}`}`);
  }
}

/** Runs a program; its exit code is a value, not an exception. */
export function execute(
  argv: readonly string[],
  options: CommandOptions = {},
  log?: WriteStream,
): Promise<CommandOutcome> {
  const [program = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env });
    children.add(child);
    const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (chunk: Buffer) => {
        chunks[name].push(chunk);
        log?.write(chunk);
      });
    }
    const text = (name: "stdout" | "stderr") => Buffer.concat(chunks[name]).toString();
    child.on("error", (cause) => reject(new Error(`cannot run ${program}: ${cause.message}`, { cause })));
    child.on("close", (code) => {
      children.delete(child);
      resolve({ code: code ?? 255, stdout: text("stdout"), stderr: text("stderr") });
    });
    child.stdin.on("error", () => {}); // a program may end without having read its input
    child.stdin.end(options.input ?? "");
  });
}

export const run: Run = (argv, options) => runLogged(argv, options);

export function runInto(logPath: string): { readonly run: Run; close(): Promise<void> } {
  const log = createWriteStream(logPath, { flags: "a" });
  return {
    run: (argv, options) => {
      log.write(`$ ${argv.join(" ")}\n`);
      return runLogged(argv, options, log);
    },
    close: () => new Promise((resolve) => log.end(resolve)),
  };
}

export async function succeeds(argv: readonly string[], options?: CommandOptions): Promise<boolean> {
  return execute(argv, options).then(
    ({ code }) => code === 0,
    () => false,
  );
}

async function runLogged(
  argv: readonly string[],
  options?: CommandOptions,
  log?: WriteStream,
): Promise<string> {
  const outcome = await execute(argv, options, log);
  if (outcome.code !== 0) throw new CommandFailed(argv, outcome);
  return outcome.stdout.trim();
}
