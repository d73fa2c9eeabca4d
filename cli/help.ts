import { COMMANDS, type Command } from "./commands.js";
import { FLAGS, type Flag, type FlagName } from "./flags.js";

/** Of a terminal that nobody has made wider. */
const WIDTH = 80;
/** Of the first column, so that tables one below the other stand in line. */
const LEFT = 13;

/** What `help` prints. */
export function helpOfAll(): string {
  return [
    ...wrapped(
      "evenkeel deploys images that exist, blue-green, to a Docker host over SSH. It needs neither Docker nor Dagger.",
      WIDTH,
    ),
    "",
    "usage: npx evenkeel COMMAND [flags]",
    "",
    ...table(COMMANDS.map(({ name, does }) => [name, does])),
    ...table([["help", "Says what a command does and takes: npx evenkeel help deploy"]]),
    "",
    ...SECRETS,
    "",
    "exit codes:",
    ...table([
      ["0", "the host serves what was asked for; or what was asked for is printed"],
      ["1", "it does not, and the message says why; or the command line was not understood"],
      ["130, 143", "stopped by Ctrl-C, or by SIGTERM"],
    ]),
  ].join("\n");
}

export function helpOf(command: Command): string {
  const needed = (command.needs ?? []).map((name) => ` ${spelled(name)}`).join("");
  const flags: readonly FlagName[] = [...command.flags, "help"];
  return [
    ...wrapped(command.does, WIDTH),
    "",
    `usage: npx evenkeel ${command.name}${needed} [flags]`,
    "",
    ...table(flags.map((name) => [spelled(name), FLAGS[name].text])),
    ...(flags.some((name) => FLAGS[name].value === "SECRET") ? ["", ...SECRETS] : []),
    "",
    "example:",
    `  npx evenkeel ${command.example}`,
  ].join("\n");
}

function spelled(name: FlagName): string {
  const { value }: Flag = FLAGS[name];
  return value === null ? `--${name}` : `--${name}=${value}`;
}

const SECRETS: readonly string[] = [
  "A SECRET is never written out, but named where it is kept:",
  ...table([
    ["file://PATH", "a file: file://$HOME/.ssh/id_ed25519"],
    ["env://NAME", "an environment variable: env://SSH_KEY"],
    ["cmd://COMMAND", 'what a command prints: "cmd://op read op://team/host/key"'],
  ]),
];

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const left = Math.max(...rows.map(([name]) => name.length), LEFT);
  return rows.flatMap(([name, text]) =>
    wrapped(text, WIDTH - left - 4).map(
      (line, index) => `  ${(index === 0 ? name : "").padEnd(left)}  ${line}`,
    ),
  );
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
