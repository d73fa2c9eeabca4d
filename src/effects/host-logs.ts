import { StringDecoder } from "node:string_decoder";
import type { TailSpelling } from "../commands/tail.js";
import { describe, EvenkeelError, printable, printableLine } from "../errors.js";
import type { HostAccess } from "./host.js";
import { connectSsh, nameTarget, SSH_TIMING, type SshChannel } from "./ssh.js";

/** A line that is longer comes in parts: an app may write without an end. */
const LONGEST_LINE = 64 * 1024;
const STDERR_KEPT = 2_000;
/** Of what a login script prints before the logs. */
const MOST_BEFORE = 1_000_000;

/**
 * The lines of a container's output, over a connection of its own, without what could command a terminal.
 * Reading faster than they are taken is left to the network. Ends with the container's output, or quietly
 * with the signal.
 *
 * @throws EvenkeelError `container-gone` where there is none to show, `lost` when the connection breaks,
 *   `docker-unavailable`, and as `connectSsh`
 */
export async function* readLogs(
  access: HostAccess,
  { script, mark }: TailSpelling,
  signal?: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  if (signal?.aborted) return;
  const connection = await connectSsh(
    access.target,
    access.credential,
    access.hostKeys,
    SSH_TIMING,
    signal,
  ).catch((error: unknown) => {
    if (signal?.aborted) return null;
    throw error;
  });
  if (connection === null) return;
  const stop = () => connection.destroy("told to stop");
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const channel = await connection.exec(access.dialect.command);
    const ending = watchEnd(channel);
    channel.write(script);
    yield* linesAfter(mark, channel);
    if (signal?.aborted) return;
    const { code, said } = await ending;
    if (code === 71)
      throw new EvenkeelError("docker-unavailable", said === "" ? "The host could not be read." : said);
    if (code !== 0)
      throw new EvenkeelError(
        "lost",
        code === null
          ? `The connection to ${nameTarget(access.target)} broke while its logs were shown.`
          : `Showing the logs on ${nameTarget(access.target)} ended with exit code ${code}${said === "" ? "" : `: ${said}`}.`,
        { next: "Ask for the logs again." },
      );
  } catch (error) {
    // The end that was asked for tears the channel apart, which is no failure.
    if (signal?.aborted) return;
    if (error instanceof EvenkeelError) throw error;
    throw new EvenkeelError("lost", `The connection broke while logs were shown: ${describe(error)}.`, {
      next: "Ask for the logs again.",
      cause: error,
    });
  } finally {
    signal?.removeEventListener("abort", stop);
    connection.destroy("the logs were shown");
  }
}

function watchEnd(channel: SshChannel): Promise<{ readonly code: number | null; readonly said: string }> {
  let said = "";
  channel.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-STDERR_KEPT);
  });
  return new Promise((resolve) => {
    channel.on("close", (code: unknown) =>
      resolve({ code: typeof code === "number" ? code : null, said: printableLine(said, 500) }),
    );
  });
}

async function* linesAfter(mark: string, channel: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let begun = false;
  let rest = "";
  for await (const chunk of channel) {
    rest += decoder.write(chunk);
    if (!begun) {
      if (rest.length > MOST_BEFORE) throw new Error("the host's login prints without an end");
      // A login script may print what it likes before.
      const at = rest.indexOf(mark);
      const end = at < 0 ? -1 : rest.indexOf("\n", at + mark.length);
      if (end < 0) continue;
      refuseNothing(rest.slice(at + mark.length, end));
      rest = rest.slice(end + 1);
      begun = true;
    }
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield* partsOf(line);
    while (rest.length > LONGEST_LINE) {
      yield printable(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
  }
  if (begun && rest !== "") yield* partsOf(rest);
}

function* partsOf(line: string): Generator<string> {
  for (let at = 0; at === 0 || at < line.length; at += LONGEST_LINE)
    yield printable(line.slice(at, at + LONGEST_LINE));
}

function refuseNothing(said: string): void {
  const [verdict, slot] = said.trim().split(" ");
  if (verdict === "shown") return;
  if (verdict === "gone")
    throw new EvenkeelError(
      "container-gone",
      `There is no container in slot ${printableLine(slot ?? "", 10)}.`,
      {
        why: "A slot is empty until a release is deployed to it, and again when that release was taken away.",
        next: "Look at `status` for the slots that have a container; without a slot the one that serves is shown.",
      },
    );
  throw new EvenkeelError("container-gone", "Nothing serves, so there are no logs to show.", {
    why: "Logs are those of the container that serves, unless a slot is named.",
    next: "Look at `status`, or name a slot: `--slot=blue` or `--slot=green`.",
  });
}
