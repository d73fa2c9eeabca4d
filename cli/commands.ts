import type { FlagName } from "./flags.js";

/** A command as it is named, explained and given flags; what it does is in operations.ts. */
export interface Command {
  readonly name: CommandName;
  /** As the Dagger module says it of the function of the same name. */
  readonly does: string;
  readonly flags: readonly FlagName[];
  /** Flags without which it cannot be. */
  readonly needs?: readonly FlagName[];
  /** Whether it changes what a host runs, so that it cannot just be ended. */
  readonly changes?: true;
  /** What to do when one of those is missing. */
  readonly without?: string;
  readonly example: string;
}

export type CommandName =
  | "plan"
  | "deploy"
  | "rollback"
  | "status"
  | "history"
  | "logs"
  | "unlock"
  | "host-key"
  | "upgrade-proxy"
  | "host";

const ANY: readonly FlagName[] = ["environment", "config", "known-hosts", "holder"];
const HOST: readonly FlagName[] = [...ANY, "ssh-key"];
const IMAGE: readonly FlagName[] = [
  ...["environment", "image", "untested", "ssh-key", "environment-file"],
  ...["registry-username", "registry-password", "config", "known-hosts", "holder"],
] as FlagName[];
const EXISTING =
  "Name an image that exists: `--image=repository@sha256:…`. `dagger call deploy` makes that of the commit first; `history` and the registry list those there are.";

export const COMMANDS: readonly Command[] = [
  {
    name: "plan",
    does: "Says what a deploy would do on the host, and why. Changes nothing.",
    flags: IMAGE,
    needs: ["image"],
    without: EXISTING,
    example: "plan --environment=production --image=registry.example.com/team/shop@sha256:0123…",
  },
  {
    name: "deploy",
    changes: true,
    does: "Takes an image that exists to an environment. Exit code 0 only when the host serves it.",
    flags: [...IMAGE, "reason", "format", "report"],
    needs: ["image"],
    without: EXISTING,
    example:
      "deploy --environment=production --image=registry.example.com/team/shop@sha256:0123… --environment-file=file://production.env",
  },
  {
    name: "rollback",
    changes: true,
    does: "Goes back to the newest stable release other than the one that serves, with its own configuration.",
    flags: [...HOST, "to", "environment-file", "registry-password", "reason", "format", "report"],
    example: 'rollback --environment=production --reason="checkout is broken"',
  },
  {
    name: "status",
    does: "Says what serves where, since when, and what could be gone back to.",
    flags: HOST,
    example: "status --environment=production",
  },
  {
    name: "history",
    does: "Lists what happened in the environment, newest last.",
    flags: HOST,
    example: "history --environment=production",
  },
  {
    name: "logs",
    does: "Shows what the app's container has written. It only reads: a deploy that is under way is not disturbed.",
    flags: [...HOST, "environment-file", "slot", "lines", "since", "follow"],
    example: "logs --environment=production --since=10m --follow",
  },
  {
    name: "unlock",
    does: "Takes the lock away from a deploy that is gone. One that is only slow is refused from then on.",
    flags: [...HOST, "reason"],
    example: 'unlock --environment=production --reason="its runner is gone"',
  },
  {
    name: "host-key",
    does: "Prints the keys that the host offers, with fingerprints, for a person to compare and commit.",
    flags: ANY,
    example: "host-key --environment=production",
  },
  {
    name: "upgrade-proxy",
    changes: true,
    does: "Replaces the host's proxy by the version this evenkeel installs. Its apps are unreachable for about a second.",
    flags: [...HOST, "reason", "format", "report"],
    example: "upgrade-proxy --environment=production",
  },
  {
    name: "host",
    does: "On a host, as the forced command of a key: does the steps of that app's deploys, and nothing else.",
    flags: ["app", "environment", "repository", "domains", "certificates"],
    needs: ["app", "environment", "repository"],
    without:
      "It is written before a key in authorized_keys, and run by sshd; see docs/hosts-and-host-keys.md.",
    example: "host --app=shop --environment=production --repository=registry.example.com/team/shop",
  },
];

/** What the Dagger module has and this has not. */
export const ENGINE_COMMANDS: readonly string[] = ["test", "build", "publish"];
