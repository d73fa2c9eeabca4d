/** A flag of a command: its name, what stands for its value, and what it does. */
export interface Flag {
  /** In place of a value; null for one that is only there or not. */
  readonly value: string | null;
  readonly text: string;
}

const SECRET = "SECRET";

/** Every flag there is; each means the same wherever it is allowed. */
export const FLAGS = {
  environment: {
    value: "NAME",
    text: "Which environment of the configuration; not needed where there is only one.",
  },
  app: { value: "NAME", text: "The app that may be deployed, as `app` of its configuration has it." },
  repository: { value: "REPOSITORY", text: "The repository whose images may be deployed, without a tag." },
  domains: {
    value: "LIST",
    text: "The domains that the app may have, with commas between. Default: any that no other app has.",
  },
  certificates: {
    value: "LIST",
    text: "The files of this host that the app may give the proxy for TLS, with commas between. Default: none.",
  },
  image: { value: "IMAGE", text: "The image to deploy, which exists: repository@sha256:…" },
  untested: {
    value: null,
    text: "Allow an image without the record that its tests passed; the ledger says so.",
  },
  to: { value: "REVISION", text: "The revision to go back to, of those that history lists." },
  reason: { value: "TEXT", text: "Why, for the lock and the ledger." },
  slot: { value: "SLOT", text: "blue or green, instead of the one that serves." },
  lines: {
    value: "NUMBER",
    text: "How many of the last lines; without it 100, or all since the time that is given.",
  },
  since: {
    value: "TIME",
    text: "Not before: a duration back from now, as 10m, or a time, as 2026-11-23T15:00:00Z.",
  },
  follow: {
    value: null,
    text: "Go on with what is yet to come, until the container stops or Ctrl-C ends it.",
  },
  format: {
    value: "FORMAT",
    text: "How progress is told: live, lines or json (one event a line). Default: live on a terminal, else lines.",
  },
  report: {
    value: "FILE",
    text: "Where to write the report of the run, good or failed: FILE.html, FILE.md or FILE.json.",
  },
  "ssh-key": {
    value: SECRET,
    text: "The private key for the host. Default: the agent, then ~/.ssh/id_ed25519, id_ecdsa or id_rsa.",
  },
  "environment-file": {
    value: SECRET,
    text: "Secrets in dotenv form, for the names under container.secrets and notify; hidden in what is shown.",
  },
  "registry-username": { value: "NAME", text: "User name for the registry, if it wants one." },
  "registry-password": { value: SECRET, text: "Password or token for the registry." },
  config: { value: "PATH", text: "The configuration. Default: evenkeel.yaml" },
  "known-hosts": {
    value: "LINES",
    text: "Lines of known_hosts, for hosts whose keys the configuration does not pin.",
  },
  holder: { value: "NAME", text: "Who calls, for the lock and the ledger. Default: user and machine." },
  help: { value: null, text: "Says what the command does and takes." },
  version: { value: null, text: "Prints the version." },
} as const satisfies Readonly<Record<string, Flag>>;

export type FlagName = keyof typeof FLAGS;
