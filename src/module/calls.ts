/** What the module's functions delegate to: their arguments, as the engine gives them, made those of the façade. */
import { type Container, type Directory, dag, type Secret } from "@dagger.io/dagger";
import { getTracer } from "@dagger.io/dagger/telemetry";
import type { Config } from "../config/config.js";
import { withKnownHosts } from "../config/given-host-keys.js";
import { withoutLineEnd } from "../config/secret-text.js";
import type { Slot } from "../core/model.js";
import * as operations from "../deploy.js";
import { printableLine } from "../errors.js";
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
import { type Seen, seeEnvironment, withFacts } from "./facts.js";

/** What every call has. */
export interface Caller {
  readonly source: Directory;
  readonly config: string;
  readonly knownHosts: string;
  readonly holder: string;
  readonly facts: string;
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

export function test(caller: Caller): Promise<string> {
  return telling(caller, "test", async () => (await pipeline.test(await work(caller))).summary);
}

export function build(caller: Caller, making: Making): Promise<Container> {
  return telling(caller, "build", async () => {
    const built = await pipeline.build(await work(caller, making));
    say(built.text);
    return built.container;
  });
}

export function publish(caller: Caller, asked: Making & Registering): Promise<string> {
  return telling(caller, "publish", async (seen) => {
    const doing = await work(caller, asked);
    const { config } = doing;
    const password = await passwordOf(asked.registryPassword);
    const login = publishLogin(config, asked.registryUsername ?? "", password);
    const made = await pipeline.publish(doing, await destinationOf(config.image, login));
    seen.image = made.image;
    say(made.text);
    return made.image;
  });
}

export function plan(caller: Caller, asked: Shipping): Promise<string> {
  return telling(caller, "plan", async (seen) => {
    const doing = await work(caller, asked);
    return planRelease(doing, await releaseOptions(caller, doing, asked, seen));
  });
}

export function deploy(caller: Caller, asked: Shipping): Promise<string> {
  return telling(caller, "deploy", async (seen) => {
    const doing = await work(caller, asked);
    const options = await releaseOptions(caller, doing, asked, seen);
    if (asked.untested) seen.warnings.push("an image without the record of its passed tests was allowed");
    const texts: string[] = [];
    const onPublished = (made: pipeline.Published) => {
      seen.image = made.image;
      texts.push(made.text);
    };
    seen.report = await release(doing, { ...options, onPublished });
    return [...texts, seen.report.text].join("\n");
  });
}

export function rollback(caller: Caller, asked: Reaching & { readonly to: number }): Promise<string> {
  return running(caller, "rollback", asked, async (config, options, seen) => {
    seen.report = await operations.rollback(config, asked.to === 0 ? options : { ...options, to: asked.to });
    return seen.report.text;
  });
}

export function status(caller: Caller, asked: Reaching): Promise<string> {
  return reading(caller, "status", asked, operations.status);
}

export function history(caller: Caller, asked: Reaching): Promise<string> {
  return reading(caller, "history", asked, operations.history);
}

export function logs(
  caller: Caller,
  asked: Reaching & {
    readonly slot: string;
    readonly lines: number;
    readonly since: string;
    readonly follow: boolean;
  },
): Promise<string> {
  return running(caller, "logs", asked, async (config, { environment, credentials }) => {
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
  });
}

export function unlock(caller: Caller, asked: Reaching): Promise<string> {
  return reading(caller, "unlock", asked, operations.unlock);
}

export function upgradeProxy(caller: Caller, asked: Reaching): Promise<string> {
  return running(caller, "upgrade-proxy", asked, async (config, options, seen) => {
    seen.report = await operations.upgradeProxy(config, options);
    return seen.report.text;
  });
}

export function hostKey(caller: Caller, { environment }: { readonly environment: string }): Promise<string> {
  return telling(caller, "host-key", async () => {
    const { config } = await work(caller);
    return (await operations.hostKeys(config, environment === "" ? {} : { environment })).text;
  });
}

/** One whose answer is what it has for a person. */
function reading(
  caller: Caller,
  name: string,
  asked: Reaching,
  read: (config: Config, options: operations.RunOptions) => Promise<{ readonly text: string }>,
): Promise<string> {
  return running(caller, name, asked, async (config, options) => (await read(config, options)).text);
}

/** A function that only needs the configuration and a host. */
function running(
  caller: Caller,
  name: string,
  asked: Reaching,
  run: (config: Config, options: operations.RunOptions, seen: Seen) => Promise<string>,
): Promise<string> {
  return telling(caller, name, async (seen) => {
    const { config } = await work(caller);
    return run(config, await runOptions(caller, config, asked, seen), seen);
  });
}

function telling<T>({ facts }: Caller, name: string, work: (seen: Seen) => Promise<T>): Promise<T> {
  return withFacts({ function: name, mark: facts }, work);
}

/** Without the line end that a file or a command gives it, because the engine's push takes it as it is. */
async function passwordOf(given: Secret | undefined): Promise<Secret | undefined> {
  return given && dag.setSecret("registry-password", withoutLineEnd(await given.plaintext()));
}

async function work(
  { source, config, knownHosts }: Caller,
  { buildSecrets, dirty = false }: Making = {},
): Promise<pipeline.Work> {
  const text = (await buildSecrets?.plaintext()) ?? "";
  const secrets = buildSecretsOf(text, (name, value) => dag.setSecret(name, value));
  const read = withKnownHosts(await readConfiguration(source, config), knownHosts);
  return { client: dag, source, config: read, secrets, dirty };
}

async function releaseOptions(
  caller: Caller,
  { config }: pipeline.Work,
  asked: Shipping,
  seen: Seen,
): Promise<ReleaseOptions> {
  const { environment, registryUsername = "", registryPassword, image, untested } = asked;
  if (image !== "") seen.image = image;
  return {
    ...(await runOptions(caller, config, asked, seen)),
    image: image === "" ? null : image,
    untested,
    login: publishLogin(
      config,
      registryUsername,
      await passwordOf(registryPassword),
      environment === "" ? undefined : environment,
    ),
  };
}

async function runOptions(
  { holder }: Caller,
  config: Config,
  asked: Reaching & Registering,
  seen: Seen,
): Promise<operations.RunOptions> {
  const { environment, reason = "", registryUsername = "" } = asked;
  seeEnvironment(seen, config, environment);
  const [sshKey, environmentFile, registryPassword] = await Promise.all(
    [asked.sshKey, asked.environmentFile, asked.registryPassword].map((secret) => secret?.plaintext()),
  );
  return {
    ...(environment === "" ? {} : { environment }),
    ...(reason === "" ? {} : { reason }),
    ...(holder === "" ? {} : { holder: printableLine(holder) }),
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
