import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { prelude } from "../commands/prelude.js";
import { printableLine } from "../errors.js";
import { type Allowed, createInterpreter } from "./interpreter.js";

/** An environment file of a megabyte, as JSON, and as much again. */
const LONGEST_LINE = 8 * 1024 * 1024;
/** As sysexits.h has it for what is not as it should be. */
const NOT_UNDERSTOOD = 65;

/**
 * Serves one connection: what it asks for goes to one shell, which answers the far end itself. When the far end is
 * gone this ends at once, as sshd's own session would; what the shell was doing it goes on doing.
 *
 * @returns the exit code, when the shell or the far end has ended.
 */
export function serve(allowed: Allowed, input: Readable, complain: (text: string) => void): Promise<number> {
  const shell = spawn("sh", [], { stdio: ["pipe", "inherit", "inherit"] });
  // Its end is told by its exit.
  shell.stdin.on("error", () => {});
  shell.stdin.write(prelude);
  const interpret = createInterpreter(allowed);
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return new Promise((resolve) => {
    const end = (code: number) => {
      input.destroy();
      shell.stdin.end();
      shell.unref();
      resolve(code);
    };
    shell.on("exit", (code) => end(code ?? 1));
    shell.on("error", () => end(1));
    input.on("end", () => end(0));
    input.on("error", () => end(0));
    input.on("data", (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split("\n");
      // A line that the network cut is none.
      rest = lines.pop() ?? "";
      try {
        if (rest.length > LONGEST_LINE) throw new RangeError("a request is longer than 8 MiB");
        for (const line of lines) shell.stdin.write(interpret(line));
      } catch (error) {
        complain(`evenkeel host: refused: ${printableLine(String(error), 300)}`);
        end(NOT_UNDERSTOOD);
      }
    });
  });
}
