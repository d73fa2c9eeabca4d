import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { deploy, parseConfig, rollback } from "../../../src/index.js";
import { type Mechanism, otherSlot } from "./mechanism.js";
import type { Stage } from "./stage.js";

/** How long both releases stand in the pointer; in a deploy that is the bake, here it is short. */
const PAIR_MS = 200;
const APP = "bench";
const KEY = `${APP}-test`;

/** evenkeel as a real deploy installs it: its mechanism alone, and the deploys and rollbacks that use it. */
export interface Evenkeel extends Mechanism {
  /** Deploys a release that answers as `version`, calling back when it has the traffic; rejects as `deploy`. */
  deploy(version: string, switched?: () => void): Promise<void>;
  rollback(): Promise<void>;
  /** The container of the release that has the traffic. */
  live(): Promise<string>;
}

/** Serves green at first. */
export async function openEvenkeel(stage: Stage): Promise<Evenkeel> {
  const { target, docker } = stage;
  const credentials = { sshKey: readFileSync(target.privateKeyPath, "utf8") };
  const release = async (version: string, switched: () => void = () => {}) => {
    await deploy(configOf(stage, version), {
      ...{ image: stage.images.app, untested: true, credentials },
      reporter: {
        phase: ({ at }) => at.phase === "switched" && switched(),
        note: () => {},
        summary: () => {},
      },
    });
  };
  // Named as the slots that they get.
  await release("blue");
  await release("green");

  const shell = stage.shell();
  // As the product writes it (src/commands/prelude.ts): a whole file, durable, renamed.
  await shell.run(`cd /root/.evenkeel/routes/${KEY}
point() { printf '%s' "$1" >active.tmp && chmod 644 active.tmp && sync active.tmp && mv -f active.tmp active && sync .; }`);
  const pointer = () => shell.run("cat active");
  return {
    name: "evenkeel",
    program: `evenkeel with ${await caddyVersion(stage)}`,
    url: `http://${target.host}`,
    async switchTo(slot) {
      await shell.run(`point ${slot}+${otherSlot(slot)}`);
      await pause(PAIR_MS);
      await shell.run(`point ${slot}`);
    },
    container: (slot) => `${KEY}-${slot}`,
    deploy: release,
    rollback: async () => void (await rollback(configOf(stage, "any"), { credentials })),
    live: async () => `${KEY}-${(await pointer()).replace(/\+.*/, "")}`,
    async close() {
      shell.close();
      const ours = await docker(
        "ps",
        "--all",
        "--quiet",
        "--filter",
        "name=^evenkeel-",
        "--filter",
        `name=^${KEY}-`,
      );
      await docker("rm", "--force", "--volumes", ...ours.split("\n"));
    },
  };
}

function configOf({ images, target }: Stage, version: string) {
  const text = `
app: ${APP}
image: ${images.app.replace(/@.*/, "")}
container:
  port: 3000
  drain: 1s
  env: { VERSION: ${JSON.stringify(version)} }
health: { interval: 200ms, passes: 3, deadline: 20s }
bake: { duration: 3s, interval: 500ms, deadline: 15s }
keep: { hot: 2h }
environments:
  test:
    host: ${target.host}
    port: ${target.port}
    user: root
    knownHosts: ${JSON.stringify(target.hostKeyLine)}
`;
  return parseConfig(text, { file: "evenkeel.yaml" });
}

async function caddyVersion({ docker }: Stage): Promise<string> {
  const version = await docker("exec", "evenkeel-proxy", "caddy", "version");
  return `Caddy ${version.replace(/^v/, "").replace(/ .*/, "")}`;
}
