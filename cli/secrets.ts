import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, EvenkeelError } from "../src/errors.js";
import { SecretText } from "../src/index.js";
import type { FlagName } from "./flags.js";
import type { Terminal } from "./terminal.js";

/**
 * The secret that a flag names, in the notation of `dagger call`: `file://`, `env://` or `cmd://`.
 *
 * @throws EvenkeelError `usage` for anything else, and for what cannot be read or is empty.
 */
export async function readSecret(
  flag: FlagName,
  reference: string,
  terminal: Pick<Terminal, "env" | "stop">,
): Promise<SecretText> {
  const [, scheme = "", place = ""] = /^([a-z][a-z+-]*):\/\/(.*)$/s.exec(reference) ?? [];
  switch (scheme) {
    case "file":
      return kept(flag, `file ${place}`, readFile(flag, place));
    case "env":
      return kept(flag, `environment variable ${place}`, terminal.env[place] ?? null);
    case "cmd":
      return kept(flag, "command", await outputOf(flag, place, terminal.stop));
    case "":
      throw plain(flag, reference);
    default:
      throw new EvenkeelError(
        "usage",
        `--${flag} names its secret by ${scheme}://, which only the engine reads.`,
        {
          why: "Without Dagger a secret comes from a file, an environment variable or a command.",
          next: `Let the command of that place print it: \`--${flag}="cmd://…"\`.`,
        },
      );
  }
}

/** The text of the first usual key of this account that needs no passphrase; as `ssh` would find it. */
export function usualKey(home = homedir()): SecretText | null {
  for (const name of ["id_ed25519", "id_ecdsa", "id_rsa"]) {
    const path = join(home, ".ssh", name);
    if (!existsSync(path)) continue;
    const text = readFileSync(path, "utf8");
    if (!isEncrypted(text)) return new SecretText(text);
  }
  return null;
}

function kept(flag: FlagName, from: string, text: string | null): SecretText {
  const problem = text === null ? "is not set" : text.trim() === "" ? "holds nothing" : null;
  if (text !== null && problem === null) return new SecretText(text);
  throw new EvenkeelError("usage", `--${flag}: the ${from} ${problem}.`, {
    why: "The secret that the flag names is needed, and it is not there.",
    next: "Correct the name, or put the secret there, and run again. Nothing was done.",
  });
}

function readFile(flag: FlagName, place: string): string {
  const path = place.startsWith("~/") ? join(homedir(), place.slice(2)) : place;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new EvenkeelError("usage", `--${flag}: ${path} cannot be read: ${describe(cause)}.`, {
      why: "The secret that the flag names is needed, and it is not there.",
      next: "Correct the path, or put the secret there, and run again. Nothing was done.",
      cause,
    });
  }
}

/** What a command prints. It may ask at the terminal: its other streams are this process's own. */
function outputOf(flag: FlagName, command: string, stop: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) =>
      reject(
        new EvenkeelError("usage", `--${flag}: its command ${reason}.`, {
          why: "The command that prints the secret did not succeed.",
          next: "Run that command by itself, correct it, and run again. Nothing was done.",
        }),
      );
    const child = spawn(command, { shell: true, stdio: ["inherit", "pipe", "inherit"], signal: stop });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", (error) => {
      // What it started itself may go on, and is not waited for.
      child.stdout.destroy();
      fail(stop.aborted ? "was stopped" : `cannot be run: ${describe(error)}`);
    });
    child.on("close", (code, signal) =>
      code === 0 ? resolve(Buffer.concat(chunks).toString("utf8")) : fail(`ended with ${code ?? signal}`),
    );
  });
}

/** What was given is not shown: it may be the secret. */
function plain(flag: FlagName, given: string): EvenkeelError {
  const forms = `\`--${flag}=file://PATH\`, \`--${flag}=env://NAME\` or \`--${flag}="cmd://COMMAND"\``;
  if (given !== "" && given.length < 1_000 && existsSync(given))
    return new EvenkeelError("usage", `--${flag} is given a path without saying so.`, {
      why: "A secret is named by where it is kept, so that nothing else is taken for one.",
      next: `Write file:// before the path: ${forms}.`,
    });
  return new EvenkeelError("usage", `--${flag} does not say where its secret is kept.`, {
    why: "A secret on the command line can be read by everybody on this machine, and stays in the shell's history.",
    next: `Write ${forms}. If what you gave was the secret itself, replace it: it is known by now.`,
  });
}

function isEncrypted(key: string): boolean {
  if (/^Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED PRIVATE KEY/m.test(key)) return true;
  const body = /BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(key)?.[1];
  if (body === undefined) return false;
  const blob = Buffer.from(body, "base64");
  // "openssh-key-v1", a zero byte, then the name of the cipher with its length before it.
  return blob.toString("latin1", 19, 19 + 4) !== "none";
}
