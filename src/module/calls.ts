/** What the module's functions delegate to: their arguments, as the engine gives them, made those of the façade. */
import { type Container, type Directory, dag, type Secret } from "@dagger.io/dagger";
import { getTracer } from "@dagger.io/dagger/telemetry";
import type { Slot } from "../core/model.js";
import * as operations from "../deploy.js";
import { logs as readLogs } from "../logs.js";
import * as pipeline from "../pipeline/pipeline.js";
import { readConfiguration } from "../pipeline/source/configuration.js";
import { destinationOf } from "../publish.js";
import {
  buildSecretsOf,
  planRelease,
  progress,
  publishLogin,
  type ReleaseOptions,
  release,
} from "../release.js";

/** What every call has. */
export interface Caller {
  readonly source: Directory;
  readonly config: string;
}

interface Making {
  readonly buildSecrets?: Secret | undefined;
  readonly dirty?: boolean;
}

interface Registering {
  readonly registryUsername?: string;
  readonly registryPassword?: Secret | undefined;
}

interface Reaching {
  readonly environment: string;
  readonly sshKey?: Secret | undefined;
  readonly environmentFile?: Secret | undefined;
  readonly registryPassword?: Secret | undefined;
  readonly reason?: string;
}

type Shipping = Making & Registering & Reaching & { readonly image: string; readonly untested: boolean };

export async function test(caller: Caller): Promise<string> {
  return (await pipeline.test(await work(caller))).summary;
}

export async function build(caller: Caller, making: Making): Promise<Container> {
  const built = await pipeline.build(await work(caller, making));
  say(built.text);
  return built.container;
}

export async function publish(caller: Caller, asked: Making & Registering): Promise<string> {
  const doing = await work(caller, asked);
  const { config } = doing;
  const login = publishLogin(config, asked.registryUsername ?? "", asked.registryPassword);
  const made = await pipeline.publish(doing, await destinationOf(config.image, login));
  say(made.text);
  return made.image;
}

export async function plan(caller: Caller, asked: Shipping): Promise<string> {
  const doing = await work(caller, asked);
  return planRelease(doing, await releaseOptions(doing, asked));
}

export async function deploy(caller: Caller, asked: Shipping): Promise<string> {
  const doing = await work(caller, asked);
  return release(doing, await releaseOptions(doing, asked));
}

export async function rollback(caller: Caller, asked: Reaching & { readonly to: number }): Promise<string> {
  const { config } = await work(caller);
  const options = await runOptions(asked);
  return (await operations.rollback(config, asked.to === 0 ? options : { ...options, to: asked.to })).text;
}

export async function status(caller: Caller, asked: Reaching): Promise<string> {
  return (await operations.status((await work(caller)).config, await runOptions(asked))).text;
}

export async function history(caller: Caller, asked: Reaching): Promise<string> {
  return (await operations.history((await work(caller)).config, await runOptions(asked))).text;
}

export async function logs(
  caller: Caller,
  asked: Reaching & {
    readonly slot: string;
    readonly lines: number;
    readonly since: string;
    readonly follow: boolean;
  },
): Promise<string> {
  const { config } = await work(caller);
  const { environment, credentials } = await runOptions(asked);
  const lines: string[] = [];
  const shown = readLogs(config, {
    ...(environment === undefined ? {} : { environment }),
    credentials,
    // Told by the library where it is none.
    ...(asked.slot === "" ? {} : { slot: asked.slot as Slot }),
    ...(asked.lines === 0 ? {} : { lines: asked.lines }),
    ...(asked.since === "" ? {} : { since: asked.since }),
    follow: asked.follow,
  });
  for await (const line of shown) {
    if (asked.follow) say(line);
    else lines.push(line);
  }
  return lines.join("\n");
}

export async function unlock(caller: Caller, asked: Reaching): Promise<string> {
  return operations.unlock((await work(caller)).config, await runOptions(asked));
}

export async function upgradeProxy(caller: Caller, asked: Reaching): Promise<string> {
  return (await operations.upgradeProxy((await work(caller)).config, await runOptions(asked))).text;
}

export async function hostKey(
  caller: Caller,
  { environment }: { readonly environment: string },
): Promise<string> {
  return operations.hostKey((await work(caller)).config, environment === "" ? {} : { environment });
}

async function work(
  { source, config }: Caller,
  { buildSecrets, dirty = false }: Making = {},
): Promise<pipeline.Work> {
  const text = (await buildSecrets?.plaintext()) ?? "";
  const secrets = buildSecretsOf(text, (name, value) => dag.setSecret(name, value));
  return { client: dag, source, config: await readConfiguration(source, config), secrets, dirty };
}

async function releaseOptions({ config }: pipeline.Work, asked: Shipping): Promise<ReleaseOptions> {
  const { environment, registryUsername = "", registryPassword, image, untested } = asked;
  return {
    ...(await runOptions(asked)),
    image: image === "" ? null : image,
    untested,
    login: publishLogin(
      config,
      registryUsername,
      registryPassword,
      environment === "" ? undefined : environment,
    ),
  };
}

async function runOptions(asked: Reaching & Registering): Promise<operations.RunOptions> {
  const { environment, reason = "", registryUsername = "" } = asked;
  const [sshKey, environmentFile, registryPassword] = await Promise.all(
    [asked.sshKey, asked.environmentFile, asked.registryPassword].map((secret) => secret?.plaintext()),
  );
  return {
    ...(environment === "" ? {} : { environment }),
    ...(reason === "" ? {} : { reason }),
    credentials: {
      ...(sshKey === undefined ? {} : { sshKey }),
      ...(environmentFile === undefined ? {} : { environmentFile }),
      ...(registryPassword === undefined ? {} : { registryPassword }),
      ...(registryUsername === "" ? {} : { registryUsername }),
    },
    reporter: progress(say, getTracer("evenkeel")),
  };
}

// What a function prints is shown live, above what it returns.
function say(text: string): void {
  console.log(text);
}
