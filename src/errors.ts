/**
 * Every way in which evenkeel can fail, with its usual cause and what to do next. One error class carries
 * them; its `message` is the whole text, because nothing else of an error crosses the Dagger boundary.
 */

import type { RunReport } from "./report/run-report.js";

export const CATALOGUE = {
  // Before anything is touched
  usage: {
    cause: "The call lacks something, or contradicts itself.",
    next: "Run the same with `--help`, and call again.",
  },
  "config-missing": {
    cause: "evenkeel reads what to do from one file, which is not there.",
    next: "Write evenkeel.yaml at the root of the repository: `app`, `image` and one entry under `environments` are enough.",
  },
  "config-invalid": {
    cause: "The configuration is checked as a whole before anything runs, and nothing has been changed.",
    next: "Correct the lines named above and run again.",
  },
  "environment-unknown": {
    cause: "An environment is chosen by its name under `environments` in evenkeel.yaml.",
    next: "Name one of the environments that are listed.",
  },
  "secrets-invalid": {
    cause:
      "The secrets are read in dotenv form: NAME=value, one to a line, quotes around values of several lines.",
    next: "Correct the lines named above where the secret is kept, and run again.",
  },
  "secrets-missing": {
    cause: "evenkeel.yaml names secrets that this release needs, and they were not given.",
    next: "Add them to the secret in dotenv form that the call is given, or take their names out of `container.secrets` or `notify`.",
  },
  "dirty-tree": {
    cause:
      "The tag of an image is its commit, so that what runs can be read in the history; uncommitted changes have none.",
    next: "Commit the changes, or ask for a dirty build with `--dirty`, which is tagged as such.",
  },
  "untested-image": {
    cause: "Only an image that carries the record of its passed tests is deployed.",
    next: "Deploy an image that `publish` made, or say `--untested`, which the ledger will record.",
  },

  // Test, build, publish
  "test-failed": {
    cause: "The project's own test command ended with an exit code other than 0.",
    next: "Read the lines above, correct the cause and run `dagger call test`. Nothing was built.",
  },
  "test-hung": {
    cause:
      "The tests did not end in time; most often something they started, such as a server, was never stopped.",
    next: "Stop what the tests start (the processes still alive are named above), or allow more with `test.timeout` and `test.silence`. Nothing was built.",
  },
  "build-failed": {
    cause: "The image could not be built.",
    next: "Read the lines above, correct the cause and run `dagger call build`.",
  },
  "publish-failed": {
    cause: "The registry did not take the image.",
    next: "Check the registry's address under `image`, its credentials and its state, and run again; what is already there is reused.",
  },
  "publish-conflict": {
    cause: "The tag of a commit is never moved, and it already names an image made from other inputs.",
    next: "Make a fresh commit, or delete the tag in the registry if nothing runs it.",
  },
  "registry-unreachable": {
    cause: "The registry did not answer, or answered that it cannot serve now.",
    next: "Check that the registry is up and that this machine may reach it, and run again.",
  },
  "registry-denied": {
    cause: "The registry refused the credentials, or they do not allow this repository.",
    next: "Check the user name and the password or token, and what they may do on this repository.",
  },
  "image-missing": {
    cause: "The registry, or the host, has no such image.",
    next: "Check the repository and the digest; an image that was deleted has to be published again.",
  },

  // Reaching the host
  "host-key-unknown": {
    cause:
      "evenkeel connects only to a host whose key a person has pinned, so that nobody can stand in for it.",
    next: "Run `dagger call host-key --environment=…` or `npx evenkeel host-key --environment=…`, compare the fingerprint with the host's own over another way, and commit the line under `knownHosts`.",
  },
  "host-key-changed": {
    cause:
      "The host shows another key than the one that is pinned: it was installed anew, or somebody stands in between.",
    next: "Do not connect until you know which. If the host was installed anew, compare the fingerprint over another way and replace the line under `knownHosts`.",
  },
  "host-key-revoked": {
    cause: "The key that the host shows is marked `@revoked` under `knownHosts`.",
    next: "Treat the host as not trustworthy until its key has been replaced, then pin the fresh key.",
  },
  "ssh-unreachable": {
    cause: "No SSH connection came about.",
    next: "Check the host's address and port in evenkeel.yaml, its firewall, and that it is up.",
  },
  "ssh-denied": {
    cause: "The host answered, but does not let this user in with this key.",
    next: "Check `user`, the private key, and that its public half is in the host's authorized_keys.",
  },
  "docker-unavailable": {
    cause: "Docker on the host does not answer to this user.",
    next: "Check on the host that Docker runs and that the user may use it (`docker info`; membership in the group `docker`).",
  },
  lost: {
    cause: "The connection to the host broke, so the host was not heard about its last step.",
    next: "Run the deploy again: it reads the host first and settles whatever is unconfirmed. `status` shows what serves.",
  },

  stopped: {
    cause: "The run was told to stop: by Ctrl-C, by its signal, or by whatever ran it.",
    next: "Run it again when you want: it reads the host first and settles whatever is unconfirmed. `status` shows what serves.",
  },

  // One writer
  locked: {
    cause: "Another deploy of this app and environment is under way; there is one writer at a time.",
    next: "Wait for it, or, when its holder is gone, for its lease to end. `unlock` takes the lock away at once.",
  },
  fenced: {
    cause: "Another deploy took over the lock, so the host refused this one's further steps.",
    next: "Look at `status` for what serves now, and run again once the other deploy has ended.",
  },

  // Before the switch: only the idle slot is undone
  preflight: {
    cause: "The host lacks something the release needs, found before anything was changed.",
    next: "Provide what is named above, and run again. What serves was not touched.",
  },
  "wrong-architecture": {
    cause: "The image was built for another processor than the host's.",
    next: "Build for the host's platform with `build.platform`. What serves was not touched.",
  },
  "disk-full": {
    cause: "The host has too little space left.",
    next: "Free space on the host (`docker system df` shows where it went), or lower `keep.releases`.",
  },
  "port-taken": {
    cause: "A port that the proxy needs belongs to another program.",
    next: "Stop the other program or let it use another port; evenkeel does not touch what it did not start.",
  },
  "name-taken": {
    cause: "A container that evenkeel did not make has a name that it needs.",
    next: "Rename or remove that container; evenkeel does not touch what it did not start.",
  },
  "bad-environment": {
    cause: "The environment of the container cannot be given to it as it is.",
    next: "Correct the variables named above, under `container.env` or in the secrets.",
  },
  "pre-deploy-failed": {
    cause: "The pre-deploy command did not succeed in the candidate's image, so the release was not started.",
    next: "Read its output above. What it already changed stays changed, and must suit the release that still serves.",
  },
  "gate-failed": {
    cause: "The candidate did not prove itself healthy, so it was not given any traffic.",
    next: "Read its logs above, correct the cause and deploy again. What served before still serves.",
  },
  "container-gone": {
    cause: "The container that this step is about is no longer there.",
    next: "Look at `status`, and deploy again.",
  },

  // From the switch on
  "bake-failed": {
    cause: "The release passed the gate, but did worse than it may once it had traffic.",
    next: "Read the figures and logs above, correct the cause and deploy again. `status` shows what serves.",
  },
  vetoed: {
    cause: "The promotion gate of the program that deploys said no, failed, or did not decide in time.",
    next: "Read its reason above, and deploy again once that is dealt with. `status` shows what serves.",
  },
  "guard-gone": {
    cause: "The host's own guardian acted first, because the confirmation did not come in time.",
    next: "Look at `status` for what serves, find out what held this run up, and deploy again.",
  },
  "unconfirmed-switch": {
    cause: "An earlier deploy switched and ended before it was confirmed.",
    next: "Look at `status` for how it was settled, and deploy again.",
  },
  "no-stable-release": {
    cause: "There is no other release on the host that has been promoted and kept its good name.",
    next: "See `history` for the releases there are, and deploy one that works.",
  },
  deadline: {
    cause: "The run was not over within its deadline.",
    next: "Look at `status` for what serves. If the work needs longer, raise `deadline` in evenkeel.yaml.",
  },

  // The host's own machinery
  "proxy-failed": {
    cause: "The proxy on the host did not do what it was asked.",
    next: "Read its answer above; on the host, look at the proxy's container and its logs.",
  },
  "slot-serving": {
    cause: "The step would have taken away a slot that receives traffic, so the host refused it.",
    next: "Look at `status`, and run again. If it comes back, report it as a bug with this message.",
  },
  "step-failed": {
    cause: "The host could not do a step, for a reason that evenkeel has no name for.",
    next: "Read the host's answer above, correct the cause and run again.",
  },
  bug: {
    cause: "evenkeel came to a place that it should not be able to reach.",
    next: "Report it with this message. `status` shows what serves.",
  },
} as const satisfies Record<string, { readonly cause: string; readonly next: string }>;

export type ErrorCode = keyof typeof CATALOGUE;

/**
 * The one error of evenkeel. `detail` says what happened and names the place (a file and line, a host, an
 * environment); the catalogue adds why such a thing happens and what to do next. `why` and `next` replace
 * the catalogue's sentences where more is known.
 */
export class EvenkeelError extends Error {
  override readonly name = "EvenkeelError";
  readonly code: ErrorCode;
  readonly detail: string;
  readonly next: string;
  /** What a run did until it failed; null for what failed before a run began. */
  readonly report: RunReport | null;

  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      readonly why?: string;
      readonly next?: string;
      readonly cause?: unknown;
      readonly report?: RunReport;
    } = {},
  ) {
    const what = printable(detail);
    const why = printable(options.why ?? CATALOGUE[code].cause);
    const next = printable(options.next ?? CATALOGUE[code].next);
    super(
      `${what}\nWhy: ${why}\nNext: ${next}\nCode: ${code}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.detail = what;
    this.next = next;
    this.report = options.report ?? null;
  }
}

/**
 * Whatever was thrown, as text for a person: the message and those of its causes, or what little there is.
 * Never throws and never returns an empty text.
 */
export function describe(error: unknown): string {
  try {
    return printable(describeChain(error, 0)) || "unknown error";
  } catch {
    return "unknown error";
  }
}

/**
 * Text from outside without what could command a terminal or disguise itself: escape sequences, control
 * characters but newline and tab, and marks that reverse the reading direction.
 */
export function printable(text: string): string {
  return text.replace(ESCAPE_SEQUENCES, "").replace(/\r\n/g, "\n").replace(UNPRINTABLE, "");
}

/** As `printable`, on one line and at most `limit` characters long. */
export function printableLine(text: string, limit = 200): string {
  const line = printable(text).replace(/\s+/g, " ").trim();
  const letters = Array.from(line);
  return letters.length > limit ? `${letters.slice(0, limit).join("")}…` : line;
}

// CSI (colours, cursor), OSC and other strings (titles, clipboard, links), then two-byte sequences.
const ESCAPE_SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const DEEPEST_CAUSE = 5;

function describeChain(error: unknown, depth: number): string {
  if (!(error instanceof Error)) return describeValue(error);
  // Its message is complete: the cause is kept for programs, not repeated for people.
  if (error instanceof EvenkeelError) return error.message;
  const own = withProcess(error, ownWords(error));
  if (depth >= DEEPEST_CAUSE) return own;
  const parts = error instanceof AggregateError ? error.errors.slice(0, DEEPEST_CAUSE) : [];
  const reasons = [...parts, error.cause]
    .filter((reason) => reason !== undefined && reason !== error)
    .map((reason) => describeChain(reason, depth + 1))
    .filter((reason) => !own.includes(reason));
  return reasons.length === 0 ? own : `${own}: ${reasons.join("; ")}`;
}

// A refused connection to a name with several addresses has an empty message and only a code.
function ownWords(error: Error): string {
  const code = (error as { code?: unknown }).code;
  return error.message || (typeof code === "string" ? code : "") || error.name || "unknown error";
}

// The engine's exec failure is told by its shape: its class cannot be imported inside a module.
function withProcess(error: Error, words: string): string {
  const { exitCode, stderr } = error as { exitCode?: unknown; stderr?: unknown };
  if (typeof exitCode !== "number") return words;
  const tail = typeof stderr === "string" ? stderr.trim().split("\n").slice(-20).join("\n") : "";
  const told = words.includes(String(exitCode)) ? words : `${words} (exit code ${exitCode})`;
  return tail === "" || told.includes(tail) ? told : `${told}\n${tail}`;
}

function describeValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return String(value);
  const message = (value as { message?: unknown }).message;
  return typeof message === "string" && message !== "" ? message : (JSON.stringify(value) ?? String(value));
}
