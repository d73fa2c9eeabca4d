import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Lab, openLab, type Target } from "../../../ci/lab/lab.js";
import { startTraffic, type Traffic } from "../../../ci/traffic/traffic.js";
import { type Config, deploy, parseConfig, type RunReport, rollback, status } from "../../../src/index.js";

/** What the app of these tests is told to do wrong; times in milliseconds since its start. */
export interface Behaviour {
  readonly health?: "missing" | "redirect" | "fails";
  readonly healthFailsAfter?: number;
  readonly startsAfter?: number;
  readonly exitAtStart?: number;
  readonly dieAfter?: number;
  readonly brokenAfter?: number;
  readonly brokenGetsAfter?: number;
  readonly errorRate?: number;
  readonly slowAfter?: number;
}

export interface ReleaseOf {
  readonly version: string;
  readonly behaviour?: Behaviour;
  readonly secrets?: Readonly<Record<string, string>>;
  /** YAML, indented by two, merged under `container`. */
  readonly container?: string;
  /** YAML at the top level. */
  readonly more?: string;
}

/** An app on a host of its own in the lab, deployed through the library as a user's script would. */
export interface Shop {
  readonly lab: Lab;
  readonly target: Target;
  readonly url: string;
  configOf(release: ReleaseOf): Config;
  deploy(release: ReleaseOf, options?: DeployHow): Promise<RunReport>;
  rollback(to?: number): Promise<RunReport>;
  status(): Promise<string>;
  /** What visitors get now, as `version 1`. */
  visit(): Promise<string>;
  traffic(perSecond?: number): Promise<Traffic>;
  /** A command on the host, as root. */
  onHost(...argv: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export interface DeployHow {
  readonly image?: string;
  readonly signal?: AbortSignal;
  readonly environmentFile?: string;
  readonly reporter?: Reporter;
}

export interface ShopOptions {
  readonly app?: string;
  readonly user?: "root" | "deploy";
  readonly target?: Target;
  readonly domains?: readonly string[];
}

export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  const { app = "shop", user = "root", domains = [] } = options;
  const lab = await openLab({ quiet: true });
  const image = await imageOf(lab);
  const target = options.target ?? (await lab.freshTarget());
  const credentials = { sshKey: readFileSync(target.privateKeyPath, "utf8") };
  const url = `http://${target.host}`;

  const configOf = ({ version, behaviour = {}, container = "", more = "" }: ReleaseOf) =>
    parseConfig(
      `
app: ${app}
image: ${image.repository}
health: { interval: 200ms, passes: 3, deadline: 8s }
bake: { duration: 6s, interval: 500ms, minimumSamples: 5, deadline: 10s }
keep: { hot: 2m }
container:
  port: 3000
  drain: 2s
  env: { VERSION: ${JSON.stringify(version)}, BEHAVIOUR: '${JSON.stringify(behaviour)}' }
${container}
${more}
environments:
  test:
    host: ${target.host}
    port: ${target.port}
    user: ${user}
    domains: ${JSON.stringify(domains)}
    knownHosts: |
      ${target.hostKeyLine}
`,
      { file: "evenkeel.yaml" },
    );
  const base = configOf({ version: "0" });
  return {
    lab,
    target,
    url,
    configOf,
    deploy: (release, how = {}) =>
      deploy(configOf(release), {
        image: how.image ?? image.reference,
        untested: true,
        credentials: {
          ...credentials,
          ...(how.environmentFile === undefined ? {} : { environmentFile: how.environmentFile }),
        },
        ...(how.signal === undefined ? {} : { signal: how.signal }),
        ...(how.reporter === undefined ? {} : { reporter: how.reporter }),
      }),
    rollback: (to) => rollback(base, { credentials, ...(to === undefined ? {} : { to }) }),
    status: () => status(base, { credentials }),
    async visit() {
      const headers: Record<string, string> = domains[0] === undefined ? {} : { host: domains[0] };
      const answer = await fetch(url, { headers });
      return answer.ok ? (await answer.text()).trim() : `HTTP ${answer.status}`;
    },
    traffic: (perSecond = 100) =>
      startTraffic({
        url,
        perSecond,
        read: { path: "/", mustContain: "version" },
        write: { path: "/", mustContain: "version", body: "{name}", namePrefix: "order", share: 0.3 },
      }),
    async onHost(...argv) {
      const { stdout } = await lab.onTarget(target, argv);
      return stdout.trim();
    },
    close: () => (options.target === undefined ? lab.destroyTarget(target) : Promise.resolve()),
  };
}

/** The app's image in the lab's registry, built once. */
let built: Promise<{ readonly repository: string; readonly reference: string }> | null = null;

function imageOf(lab: Lab) {
  built ??= (async () => {
    const folder = fileURLToPath(new URL("./app", import.meta.url));
    await lab.docker("build", "--quiet", "--tag", "evenkeel-lab-e2e-shop", folder);
    await lab.pushImage("evenkeel-lab-e2e-shop", "e2e/shop:1");
    const repository = `${lab.registry}/e2e/shop`;
    const answer = await fetch(`http://${lab.registry}/v2/e2e/shop/manifests/1`, {
      method: "HEAD",
      headers: {
        accept:
          "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json",
      },
    });
    return { repository, reference: `${repository}@${answer.headers.get("docker-content-digest")}` };
  })();
  return built;
}
