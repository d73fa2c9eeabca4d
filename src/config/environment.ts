import { EvenkeelError } from "../errors.js";
import type { Config, Environment, RuntimeConfig, SiteConfig } from "./config.js";
import type { WrittenLayer } from "./layer.js";
import type { WrittenEnvironment } from "./schema.js";

/**
 * The environment of that name. Without a name (undefined or empty) the only one there is.
 *
 * @throws EvenkeelError `environment-unknown`, which lists the environments there are.
 */
export function resolveEnvironment(config: Config, name?: string): Environment {
  const names = [...config.environments.keys()];
  const chosen = name === undefined || name === "" ? (names.length === 1 ? names[0] : undefined) : name;
  const environment = chosen === undefined ? undefined : config.environments.get(chosen);
  if (environment !== undefined) return environment;
  const listed = `${config.file} has ${names.join(", ")}`;
  throw new EvenkeelError(
    "environment-unknown",
    chosen === undefined
      ? `No environment is named, and there are several to choose from: ${listed}.`
      : `There is no environment ${JSON.stringify(chosen)}: ${listed}.`,
    { next: `Name one of them: \`--environment=${names[0]}\`.` },
  );
}

/** An environment as the rest of evenkeel uses it, from what the file says. */
export function assembleEnvironment(
  name: string,
  whole: { readonly app: string; readonly image: string },
  own: WrittenEnvironment,
  layer: WrittenLayer,
  pinned: { readonly text: string; readonly from: string },
): Environment {
  return {
    name,
    key: { app: whole.app, environment: name },
    host: {
      address: own.host,
      port: own.port,
      user: own.user,
      forcedCommand: own.forcedCommand,
      knownHosts: pinned.text,
      knownHostsFrom: pinned.from,
    },
    image: whole.image,
    runtime: runtimeOf(layer),
    site: siteOf(own, layer),
    publicUrl: own.publicUrl ?? null,
    keepReleases: layer.keep.releases,
    deadlineMs: layer.deadline,
    latest: own.latest,
    registryUsername: own.registry.username ?? null,
    notify: own.notify.map(({ webhook, format, on }) => ({ secretName: webhook, format, on })),
  };
}

function runtimeOf({ container, health, bake, preDeploy, keep }: WrittenLayer): RuntimeConfig {
  return {
    port: container.port,
    command: container.command ?? null,
    env: container.env,
    secretNames: container.secrets,
    memoryBytes: container.memory ?? null,
    cpus: container.cpus ?? null,
    volumes: container.volumes.map(({ name, path, readOnly }) => ({ name, path, readOnly })),
    networks: container.networks,
    health: {
      path: health.path,
      intervalMs: health.interval,
      timeoutMs: health.timeout,
      passes: health.passes,
      deadlineMs: health.deadline,
      expectCommit: health.expectCommit,
    },
    bake: {
      durationMs: bake.duration,
      intervalMs: bake.interval,
      minimumSamples: bake.minimumSamples,
      slowMs: bake.slow,
      deadlineMs: bake.deadline,
    },
    drainMs: container.drain,
    hotMs: keep.hot,
    preDeploy: preDeploy === undefined ? null : { command: preDeploy.command, timeoutMs: preDeploy.timeout },
  };
}

function siteOf(own: WrittenEnvironment, { health }: WrittenLayer): SiteConfig {
  return {
    domains: own.domains,
    tls: tlsOf(own),
    // No shorter than the gate's: a release that passed the gate must not be marked down by the proxy.
    healthTimeoutMs: health.timeout,
    responseTimeoutMs: own.responseTimeout,
  };
}

function tlsOf({ tls, acmeEmail, acmeServer, acmeServerRoot }: WrittenEnvironment): SiteConfig["tls"] {
  if (tls === "off") return { mode: "off" };
  if (tls === "acme")
    return {
      mode: "acme",
      email: acmeEmail ?? null,
      ...(acmeServer === undefined ? {} : { server: acmeServer }),
      ...(acmeServerRoot === undefined ? {} : { serverRoot: acmeServerRoot }),
    };
  return { mode: "files", certificate: tls.certificate, key: tls.key };
}
