import { readFileSync } from "node:fs";
import { type Lab, openLab, type Target } from "../../../ci/lab/lab.js";
import { startTraffic, type Traffic } from "../../../ci/traffic/traffic.js";
import {
  type Config,
  deploy,
  history,
  type LogsOptions,
  logs,
  parseConfig,
  type Reporter,
  type RunReport,
  rollback,
  status,
  unlock,
} from "../../../src/index.js";
import type { Behaviour } from "./behaviour.js";
import { appImage } from "./image.js";
import { type Errand, type Runner, startRunner } from "./runner.js";
import { visit } from "./visit.js";

export interface ReleaseOf {
  readonly version: string;
  readonly behaviour?: Behaviour;
  /** YAML, merged under `container`. */
  readonly container?: string;
  /** YAML at the top level, in place of the defaults of the same name. */
  readonly health?: string;
  readonly bake?: string;
  readonly keep?: string;
  readonly preDeploy?: string;
  /** YAML. */
  readonly notify?: string;
  /** Whether its promotion moves the tag `latest`. */
  readonly latest?: boolean;
}

export interface DeployHow {
  readonly image?: string;
  readonly environmentFile?: string;
  readonly registryPassword?: string;
  readonly holder?: string;
  readonly reporter?: Reporter;
}

/** An app on a host of the lab, deployed through the library as a user's script would. */
export interface Shop {
  readonly lab: Lab;
  readonly target: Target;
  /** What everything on the host is keyed by, `shop-test`. */
  readonly key: string;
  readonly url: string;
  /** The image that is deployed unless another is given. */
  readonly image: string;
  configOf(release: ReleaseOf): Config;
  deploy(release: ReleaseOf, how?: DeployHow): Promise<RunReport>;
  /** The same in a process of its own, which can be killed or paused. */
  startRunner(
    release: ReleaseOf,
    how?: Pick<DeployHow, "holder" | "image"> & Partial<Pick<Errand, "does" | "dies">>,
  ): Runner;
  rollback(to?: number, how?: Pick<DeployHow, "reporter">): Promise<RunReport>;
  status(): Promise<string>;
  history(): Promise<string>;
  logs(how?: Omit<LogsOptions, "credentials">): AsyncGenerator<string>;
  unlock(): Promise<string>;
  /** What visitors get now: `version 1`, or `HTTP 503`. */
  visit(path?: string): Promise<string>;
  traffic(perSecond?: number): Promise<Traffic>;
  /** A command on the host, as root and not through SSH; fails when it does. */
  onHost(...argv: readonly string[]): Promise<string>;
  /** What the proxy reads on the host: `blue`, or `green+blue`. */
  pointer(): Promise<string>;
  close(): Promise<void>;
}

export interface ShopOptions {
  readonly app?: string;
  readonly user?: "root" | "deploy";
  /** A host that other shops use as well; without it the shop has one of its own. */
  readonly target?: Target;
  readonly domain?: string;
  /** YAML. Default: off. */
  readonly tls?: string;
  /** In place of the target's own, to show the wrong ones. */
  readonly knownHosts?: string;
  /** Whether the account's key is bound to `evenkeel host`. */
  readonly forcedCommand?: boolean;
  /** In place of the lab's own registry, and who logs in there. */
  readonly registry?: { readonly host: string; readonly username: string };
}

let opened: Promise<Lab> | undefined;

/** Looked through once in a process: the lab asks Docker some thirty questions before it is sure that it is up. */
function theLab(): Promise<Lab> {
  opened ??= openLab({ quiet: true });
  return opened;
}

export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  const { app = "shop", user = "root", domain } = options;
  const lab = await theLab();
  const plain = await appImage(lab);
  const there = (name: string) =>
    options.registry === undefined ? name : name.replace(lab.registry, options.registry.host);
  const image = there(plain.reference);
  const target = options.target ?? (await lab.freshTarget());
  const sshKey = readFileSync(target.privateKeyPath, "utf8");
  const url = `http://${target.host}`;
  const headers: Record<string, string> = domain === undefined ? {} : { host: domain };
  const key = `${app}-test`;

  const textOf = (release: ReleaseOf) => `
app: ${app}
image: ${there(plain.repository)}
health: ${release.health ?? "{ interval: 200ms, passes: 3, deadline: 30s }"}
bake: ${release.bake ?? "{ duration: 2s, interval: 500ms, deadline: 60s }"}
keep: ${release.keep ?? "{ hot: 5m }"}
${release.preDeploy === undefined ? "" : `preDeploy: ${release.preDeploy}`}
container:
  port: 3000
  drain: 2s
  env: { VERSION: ${JSON.stringify(release.version)}, BEHAVIOUR: '${JSON.stringify(release.behaviour ?? {})}' }
  ${release.container ?? ""}
environments:
  test:
    host: ${target.host}
    port: ${target.port}
    user: ${user}
    forcedCommand: ${options.forcedCommand ?? false}
    latest: ${release.latest ?? false}
    notify: ${release.notify ?? "[]"}
    domains: [${domain ?? ""}]
    tls: ${options.tls ?? "off"}
    ${options.registry === undefined ? "" : `registry: { username: ${options.registry.username} }`}
    knownHosts: ${JSON.stringify(options.knownHosts ?? target.hostKeyLine)}
`;
  const configOf = (release: ReleaseOf) => parseConfig(textOf(release), { file: "evenkeel.yaml" });
  const base = configOf({ version: "any" });
  const onHost = async (...argv: readonly string[]) => {
    const { code, stdout, stderr } = await lab.onTarget(target, argv);
    if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code} on the host: ${stderr}`);
    return stdout.trim();
  };
  return {
    ...{ lab, target, key, url, image, configOf, onHost },
    deploy: (release, { image: other, environmentFile, registryPassword, ...how } = {}) =>
      deploy(configOf(release), {
        image: other ?? image,
        untested: true,
        credentials: {
          sshKey,
          ...(environmentFile === undefined ? {} : { environmentFile }),
          ...(registryPassword === undefined ? {} : { registryPassword }),
        },
        ...how,
      }),
    startRunner: (release, { holder = "runner", image: other, does = "deploy", dies = null } = {}) =>
      startRunner({ does, configText: textOf(release), image: other ?? image, sshKey, holder, dies }),
    rollback: (to, how) =>
      rollback(base, { credentials: { sshKey }, ...how, ...(to === undefined ? {} : { to }) }),
    status: async () => (await status(base, { credentials: { sshKey } })).text,
    // Without the figures below it.
    history: async () => (await history(base, { credentials: { sshKey } })).text.split("\n\n")[0] ?? "",
    logs: (how) => logs(base, { credentials: { sshKey }, ...how }),
    unlock: async () => (await unlock(base, { credentials: { sshKey } })).text,
    visit: (path = "/") => visit(url, path, headers),
    traffic: (perSecond = 100) =>
      startTraffic({
        url,
        perSecond,
        read: { path: "/", mustContain: "version", headers },
        write: {
          path: "/",
          mustContain: "version",
          body: "{name}",
          namePrefix: "order",
          share: 0.3,
          headers,
        },
      }),
    pointer: () => onHost("sh", "-c", `cat ${home(user)}/.evenkeel/routes/${key}/active`),
    close: () => (options.target === undefined ? lab.destroyTarget(target) : Promise.resolve()),
  };
}

export function home(user: "root" | "deploy"): string {
  return user === "root" ? "/root" : "/home/deploy";
}
