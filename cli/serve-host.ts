import { EvenkeelError } from "../src/errors.js";
import { serve } from "../src/forced-command/serve.js";
import { ownVersion } from "../src/own-version.js";
import type { Call } from "./call.js";
import type { Terminal } from "./terminal.js";

/** Serves the connection that sshd has started this for; returns the exit code. */
export async function serveHost(values: Call["values"], terminal: Terminal): Promise<number> {
  const { app = "", environment = "", repository = "", domains, certificates } = values;
  if (process.stdin.isTTY)
    throw new EvenkeelError("usage", "`host` is not for a terminal.", {
      why: "It reads what a runner sends, and is started by sshd in place of a shell.",
      next: "Write it before a key in authorized_keys; docs/hosts-and-host-keys.md shows the line.",
    });
  const allowed = {
    ...{ app, environment, repository, version: ownVersion() },
    domains: domains === undefined ? null : listed(domains),
    certificates: listed(certificates ?? ""),
  };
  return serve(allowed, process.stdin, terminal.err);
}

function listed(text: string): readonly string[] {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}
