import { EvenkeelError, printableLine } from "../src/errors.js";
import {
  type Config,
  type Credentials,
  createReporter,
  deploy,
  history,
  hostKeys,
  loadConfig,
  logs,
  plan,
  type ReportFormat,
  type RunOptions,
  type RunReport,
  rollback,
  status,
  unlock,
  upgradeProxy,
  withKnownHosts,
} from "../src/index.js";
import type { Call } from "./call.js";
import type { CommandName } from "./commands.js";
import type { FlagName } from "./flags.js";
import { reportFile } from "./report-file.js";
import { readSecret, usualKey } from "./secrets.js";
import type { Terminal } from "./terminal.js";

/** Does what a command line asks for, and prints what the function of the Dagger module of that name returns. */
export async function operate({ command, values }: Call, terminal: Terminal): Promise<void> {
  const numbers = { ...whole("to", values.to, 1), ...whole("lines", values.lines, 0) };
  const format = formatOf(values.format);
  const config = withKnownHosts(loadConfig(values.config), values["known-hosts"] ?? "");
  const options: RunOptions = {
    ...given("environment", values.environment),
    ...given("reason", values.reason),
    ...given("holder", values.holder && printableLine(values.holder)),
    credentials: command.flags.includes("ssh-key") ? await credentialsOf(values, terminal) : {},
    reporter: createReporter({ ...given("format", format), stream: terminal.progress }),
    signal: terminal.stop,
  };
  const { out, err } = terminal;
  const file = values.report === undefined ? null : reportFile(values.report, err);
  const keep = async (run: Promise<RunReport>) => out((await (file?.keep(run) ?? run)).text);
  if (command.changes) terminal.whenStopped(STOPPING);
  await OPERATIONS[command.name as keyof typeof OPERATIONS]({
    config,
    options: { ...options, ...numbers },
    values,
    out,
    reading: AbortSignal.any([terminal.stop, terminal.unread]),
    keep,
  });
}

const STOPPING =
  "Stopping. What served keeps serving, and the host itself takes back a switch that was not confirmed. Once more ends at once.";

interface Asked {
  readonly config: Config;
  readonly options: RunOptions & { readonly to?: number; readonly lines?: number };
  readonly values: Call["values"];
  out(text: string): void;
  /** Ends as the call does, and when nobody reads what it prints. */
  readonly reading: AbortSignal;
  /** Prints how a run ended, and writes its report where one is wanted. */
  keep(run: Promise<RunReport>): Promise<void>;
}

const OPERATIONS: Readonly<Record<Exclude<CommandName, "host">, (asked: Asked) => Promise<void>>> = {
  plan: async ({ config, options, values, out }) =>
    out((await plan(config, withImage(options, values))).text),
  deploy: ({ config, options, values, keep }) => keep(deploy(config, withImage(options, values))),
  rollback: ({ config, options, keep }) => keep(rollback(config, options)),
  status: async ({ config, options, out }) => out((await status(config, options)).text),
  history: async ({ config, options, out }) => out((await history(config, options)).text),
  logs: showLogs,
  unlock: async ({ config, options, out }) => out((await unlock(config, options)).text),
  "host-key": async ({ config, options, out }) => out((await hostKeys(config, options)).text),
  "upgrade-proxy": ({ config, options, keep }) => keep(upgradeProxy(config, options)),
};

async function showLogs({ config, options, values, out, reading }: Asked): Promise<void> {
  const follow = values.follow !== undefined;
  // The library says which slots there are.
  const slot = given("slot", values.slot as "blue" | undefined);
  const asked = { ...options, ...slot, ...given("since", values.since), follow, signal: reading };
  for await (const line of logs(config, asked)) out(line);
}

function withImage(options: RunOptions, { image = "", untested }: Call["values"]) {
  return { ...options, image, untested: untested !== undefined };
}

async function credentialsOf(values: Call["values"], terminal: Terminal): Promise<Credentials> {
  const read = async (flag: FlagName) => {
    const reference = values[flag];
    return reference === undefined ? undefined : readSecret(flag, reference, terminal);
  };
  // One after the other: each may ask something at the terminal.
  const own = await read("ssh-key");
  const environmentFile = await read("environment-file");
  const password = await read("registry-password");
  return {
    ...given("sshKey", own ?? usualKey() ?? undefined),
    sshAgent: own === undefined,
    ...given("environmentFile", environmentFile),
    ...given("registryPassword", password),
    ...given("registryUsername", values["registry-username"]),
  };
}

function given<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { readonly [_ in Name]?: Value };
}

function whole<Name extends "to" | "lines">(name: Name, written: string | undefined, least: number) {
  if (written === undefined) return {};
  if (/^\d{1,9}$/.test(written) && Number(written) >= least) return given(name, Number(written));
  throw new EvenkeelError("usage", `--${name} is ${JSON.stringify(written.slice(0, 40))}.`, {
    why: `It is a whole number from ${least} on.`,
    next:
      name === "to" ? "`npx evenkeel history` lists the revisions." : "Give such a number, as `--lines=200`.",
  });
}

function formatOf(written: string | undefined): ReportFormat | undefined {
  if (written === undefined || written === "live" || written === "lines" || written === "json")
    return written;
  throw new EvenkeelError("usage", `--format is ${JSON.stringify(written.slice(0, 40))}.`, {
    why: "Progress is told live, as lines or as json.",
    next: "Give one of these, or leave the flag out: then it is live on a terminal, and lines elsewhere.",
  });
}
