import { parseArgs } from "node:util";
import { nearest } from "../src/config/nearest.js";
import { EvenkeelError } from "../src/errors.js";
import { COMMANDS, type Command, ENGINE_COMMANDS } from "./commands.js";
import { FLAGS, type FlagName } from "./flags.js";

/** A command line that was understood: the command with flags that it takes. */
export interface Call {
  readonly command: Command;
  readonly values: Readonly<Partial<Record<FlagName, string>>>;
}

/** `help` of a command, or of them all (null). */
export type Asked = { readonly help: Command | null } | { readonly version: true } | Call;

/**
 * Reads a command line. Flags may stand before and after the command, as `--flag=value` or `--flag value`.
 *
 * @throws EvenkeelError `usage`, with everything that is wrong, and the nearest that there is.
 */
export function readCommandLine(argv: readonly string[]): Asked {
  const { values, words, problems } = readWords(argv);
  const [name, ...rest] = words;
  if (name === "help") return { help: rest[0] === undefined ? null : commandOf(rest[0]) };
  if (name === undefined) {
    if (values.version !== undefined) return { version: true };
    if (values.help !== undefined) return { help: null };
    throw misused(problems.length > 0 ? problems : ["No command is named."]);
  }
  const command = commandOf(name);
  if (values.help !== undefined) return { help: command };
  if (rest.length > 0)
    problems.push(`\`${command.name}\` takes flags only, and was given ${quoted(rest[0])}.`);
  for (const flag of Object.keys(values) as FlagName[])
    if (!command.flags.includes(flag)) problems.push(`\`${command.name}\` has no --${flag}.`);
  if (problems.length > 0) throw misused(problems, command);
  for (const flag of command.needs ?? [])
    if (!values[flag]) throw misused([`\`${command.name}\` needs --${flag}.`], command, command.without);
  return { command, values };
}

function readWords(argv: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(
        Object.entries(FLAGS).map(([name, { value }]) => [
          name,
          { type: value === null ? "boolean" : "string" },
        ]),
      ),
      help: { type: "boolean", short: "h" },
    } as const,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Partial<Record<FlagName, string>> = {};
  const words: string[] = [];
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const problem = takeFlag(token, values);
    if (problem !== null) problems.push(problem);
  }
  return { values, words, problems };
}

interface Token {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

/** Keeps the value of a flag, or says why it cannot be. A value is never told: it may be a secret. */
function takeFlag(
  { name, rawName, value, inlineValue }: Token,
  values: Partial<Record<FlagName, string>>,
): string | null {
  if (!isFlag(name)) {
    const close = nearest(name, Object.keys(FLAGS));
    return `There is no flag ${quoted(rawName)}${close === null ? "" : `; did you mean --${close}?`}`;
  }
  if (values[name] !== undefined) return `--${name} stands twice.`;
  if (FLAGS[name].value === null) {
    // As Go's flags, and so `dagger call`, have it.
    if (value !== undefined && value !== "true" && value !== "false")
      return `--${name} takes no value but true or false.`;
    if (value !== "false") values[name] = "true";
    return null;
  }
  if (value === undefined || (inlineValue !== true && value.startsWith("--")))
    return `--${name} needs a value: --${name}=${FLAGS[name].value}`;
  values[name] = value;
  return null;
}

function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name);
  if (command !== undefined) return command;
  if (ENGINE_COMMANDS.includes(name))
    throw new EvenkeelError("usage", `\`${name}\` needs an engine, and this command line has none.`, {
      why: "It works without Docker and without Dagger, with images that exist.",
      next: `Run \`dagger call ${name}\`.`,
    });
  const close = nearest(
    name,
    COMMANDS.map((one) => one.name),
  );
  throw misused([`There is no command ${quoted(name)}${close === null ? "" : `; did you mean ${close}?`}`]);
}

function misused(problems: readonly string[], command?: Command, next?: string): EvenkeelError {
  const help = command === undefined ? "npx evenkeel help" : `npx evenkeel ${command.name} --help`;
  return new EvenkeelError("usage", problems.join("\n"), {
    why: "The command line was not understood, and nothing was done.",
    next: next ?? `See \`${help}\`.`,
  });
}

/** Only as much as tells which word is meant: the rest may be a secret. */
function quoted(word = ""): string {
  const [name = ""] = word.split("=");
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
}
