/** What evenkeel.yaml says, with every default filled in: durations in milliseconds, sizes in bytes. */

export interface Config {
  readonly app: string;
  /** The repository, without a tag. */
  readonly image: string;
  readonly test: TestConfig;
  readonly build: BuildConfig;
  /** By name, in the order of the file. Never empty. */
  readonly environments: ReadonlyMap<string, Environment>;
  /** The name of the file, for messages. */
  readonly file: string;
}

export interface TestConfig {
  readonly command: readonly string[];
  readonly image: string;
  readonly timeoutMs: number;
  readonly silenceMs: number;
  readonly env: Readonly<Record<string, string>>;
}

export interface BuildConfig {
  /** Relative to the repository. */
  readonly context: string;
  /** Relative to the context; null: `Dockerfile`, if there is one. */
  readonly dockerfile: string | null;
  readonly target: string | null;
  readonly args: Readonly<Record<string, string>>;
  readonly secretNames: readonly string[];
  readonly platform: string | null;
  readonly node: NodeBuildConfig;
}

export interface NodeBuildConfig {
  /** Null: `node` with `main` of package.json. */
  readonly start: readonly string[] | null;
  /** Null: the script `build`, if there is one. */
  readonly build: readonly string[] | null;
  readonly base: string;
  /** Whether the file says anything about it; a Dockerfile is not looked for then. */
  readonly asked: boolean;
}

export interface Environment {
  readonly name: string;
  readonly key: { readonly app: string; readonly environment: string };
  readonly host: HostConfig;
  /** The repository, without a tag. */
  readonly image: string;
  readonly runtime: RuntimeConfig;
  readonly site: SiteConfig;
  readonly publicUrl: string | null;
  readonly keepReleases: number;
  /** For the whole deploy. */
  readonly deadlineMs: number;
  /** Whether a promotion moves the tag `latest`. */
  readonly latest: boolean;
  readonly registryUsername: string | null;
  /** Who is told how deploys and rollbacks end. */
  readonly notify: readonly NotifyConfig[];
}

export interface NotifyConfig {
  /** The name of the secret that is the address. */
  readonly secretName: string;
  readonly format: "json" | "slack";
  readonly on: readonly ("promoted" | "rolled-back" | "aborted" | "halted" | "lost")[];
}

interface HostConfig {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Whether the account runs `evenkeel host` in place of a shell. */
  readonly forcedCommand: boolean;
  /** Text in the form of known_hosts; empty when nothing is pinned. */
  readonly knownHosts: string;
  /** Where that text comes from, or why there is none, for messages. */
  readonly knownHostsFrom: string;
}

/** Everything that shapes the container; its hash tells whether two releases are configured alike. */
export interface RuntimeConfig {
  readonly port: number;
  readonly command: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly secretNames: readonly string[];
  readonly memoryBytes: number | null;
  readonly cpus: number | null;
  readonly volumes: readonly { readonly name: string; readonly path: string; readonly readOnly: boolean }[];
  readonly networks: readonly string[];
  readonly health: {
    readonly path: string;
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly passes: number;
    readonly deadlineMs: number;
    readonly expectCommit: boolean;
  };
  readonly bake: {
    readonly durationMs: number;
    readonly intervalMs: number;
    readonly minimumSamples: number;
    readonly slowMs: number;
    readonly deadlineMs: number;
  };
  readonly drainMs: number;
  readonly hotMs: number;
  readonly preDeploy: { readonly command: readonly string[]; readonly timeoutMs: number } | null;
}

/** How requests reach the app, before it is known which slots there are. */
export interface SiteConfig {
  readonly domains: readonly string[];
  readonly tls:
    | { readonly mode: "off" }
    | {
        readonly mode: "acme";
        readonly email: string | null;
        /** The directory of another certificate authority than the proxy's own choice, and on the host what to trust it by. */
        readonly server?: string;
        readonly serverRoot?: string;
      }
    | { readonly mode: "files"; readonly certificate: string; readonly key: string };
  readonly healthTimeoutMs: number;
  readonly responseTimeoutMs: number;
}
