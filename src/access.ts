/** Joins one environment of the configuration with the host it names: pinned keys, secrets, login, connection. */
import { randomBytes } from "node:crypto";
import { proxyImage } from "./commands/names.js";
import { type Introduction, request, tailRequest } from "./commands/request.js";
import { spell } from "./commands/spell.js";
import { type Tail, type TailSpelling, tail } from "./commands/tail.js";
import type { Vocabulary } from "./commands/vocabulary.js";
import type { Environment } from "./config/config.js";
import { parseDotenv, requireSecrets } from "./config/dotenv.js";
import { decideHostKey, parseKnownHosts, pinnedKeyTypes } from "./config/known-hosts.js";
import { SecretText, withoutLineEnd } from "./config/secret-text.js";
import type { Step } from "./core/model.js";
import { type Host, type HostAccess, openHost, type Speak } from "./effects/host.js";
import { type HostKeyPolicy, keyType } from "./effects/host-key.js";
import { createRedactor, type Redact } from "./effects/redactor.js";
import { requestDialect, shellDialect } from "./effects/remote-shell.js";
import type { SshCredential } from "./effects/ssh.js";
import { EvenkeelError } from "./errors.js";
import { ownVersion } from "./own-version.js";
import type { Webhook } from "./report/notifier.js";

/** Everything secret that a run may need: texts, never paths, so that nothing is read behind one's back. */
export interface Credentials {
  /** The private key for the host, PEM or OpenSSH. Default: the agent that SSH_AUTH_SOCK names. */
  readonly sshKey?: string | SecretText;
  /** Whether the agent is asked first where there is a key as well, as `ssh` does it. Default: no. */
  readonly sshAgent?: boolean;
  readonly sshPassphrase?: string | SecretText;
  /** The app's secrets in dotenv form. */
  readonly environmentFile?: string | SecretText;
  /** For the registry: to look the image up from here, and for the host to log in. */
  readonly registryPassword?: string | SecretText;
  /** The name that goes with it. Default: `registry.username` of the environment. */
  readonly registryUsername?: string;
}

/** An environment with everything that a run needs of it, checked before anything is touched. */
export interface Access {
  readonly environment: Environment;
  readonly credential: SshCredential;
  readonly secrets: ReadonlyMap<string, SecretText>;
  readonly registryPassword: SecretText | null;
  readonly registryUsername: string | null;
  readonly redact: Redact;
  readonly webhooks: readonly Webhook[];
  /** Names of webhooks whose address was not given, where that is allowed. */
  readonly unknownWebhooks: readonly string[];
}

/**
 * Reads and checks the credentials, without connecting.
 *
 * @throws EvenkeelError `secrets-invalid`, `secrets-missing`, `ssh-denied` (no key and no agent), or `usage` for a
 *   registry's password without a user name.
 */
export function prepareAccess(
  environment: Environment,
  credentials: Credentials,
  needsSecrets: boolean,
): Access {
  const given = parseDotenv(reveal(credentials.environmentFile) ?? "");
  const { secretNames } = environment.runtime;
  const webhookNames = environment.notify.map(({ secretName }) => secretName);
  // Both at once, so that what is missing is told in one message.
  if (needsSecrets) requireSecrets([...new Set([...secretNames, ...webhookNames])], given);
  const secrets = needsSecrets ? requireSecrets(secretNames, given) : new Map<string, SecretText>();
  const webhooks = webhooksOf(environment, given, needsSecrets);
  const registryPassword = passwordOf(credentials.registryPassword);
  const registryUsername = credentials.registryUsername || environment.registryUsername;
  if (registryPassword !== null && registryUsername === null) throw noUsername();
  return {
    environment,
    credential: credentialOf(credentials),
    secrets,
    registryPassword,
    webhooks,
    unknownWebhooks: webhookNames.filter((name) => !webhooks.some((webhook) => webhook.name === name)),
    registryUsername,
    redact: createRedactor(
      [
        ...given.values(),
        toSecret(credentials.sshKey),
        toSecret(credentials.sshPassphrase),
        registryPassword,
      ].flatMap((secret) => (secret === null ? [] : [secret.reveal()])),
    ),
  };
}

/** A password that would be left out in silence. */
export function noUsername(): EvenkeelError {
  return new EvenkeelError("usage", "A registry password was given, and no user name that goes with it.", {
    next: "Add `--registry-username=…`, or `registry: { username: … }` to the environment in evenkeel.yaml.",
  });
}

/** Their addresses must be such; where they are not needed for sure, one that is none is left out. */
function webhooksOf(
  { notify }: Environment,
  given: ReadonlyMap<string, SecretText>,
  needed: boolean,
): readonly Webhook[] {
  return notify.flatMap(({ secretName, format, on }) => {
    const address = given.get(secretName);
    if (address === undefined) return [];
    if (/^https?:$/.test(URL.parse(address.reveal())?.protocol ?? ""))
      return [{ name: secretName, address, format, on }];
    if (!needed) return [];
    throw new EvenkeelError("secrets-invalid", `The secret ${secretName} is no web address.`, {
      why: "`notify` in evenkeel.yaml names it as the address of a webhook.",
      next: "Give the webhook's whole address, beginning with https://.",
    });
  });
}

/** Connects to the environment's host, whose key must be pinned. */
export async function openEnvironment(access: Access, signal?: AbortSignal): Promise<Host> {
  return openHost(hostAccessOf(access), speakFor(access), {
    deadlineMs: access.environment.deadlineMs,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** How the environment's host is reached, and by which keys it is known. */
export function hostAccessOf({ environment, credential }: Access): HostAccess {
  const { address, port, user, forcedCommand } = environment.host;
  return {
    target: { host: address, port, user },
    credential,
    hostKeys: hostKeyPolicy(environment),
    dialect: forcedCommand ? requestDialect(introductionOf(environment)) : shellDialect,
  };
}

/** How the environment's host is asked for what a container wrote. */
export function tailFor({ environment }: Access, asked: Tail): TailSpelling {
  const nonce = randomBytes(16).toString("hex");
  return environment.host.forcedCommand
    ? tailRequest(introductionOf(environment), asked, nonce)
    : tail(environment.key, null, asked, nonce);
}

/** As a forced command on the host is told who calls. */
function introductionOf({ key, image }: Environment): Introduction {
  return { version: ownVersion(), ...key, repository: image };
}

function speakFor(access: Access): Speak {
  const { environment, registryPassword, registryUsername, redact } = access;
  const vocabulary: Vocabulary = {
    key: environment.key,
    secrets: new Map([...access.secrets].map(([name, secret]) => [name, secret.reveal()])),
    registryLogin:
      registryPassword === null || registryUsername === null
        ? null
        : {
            registry: registryOf(environment.image),
            username: registryUsername,
            password: registryPassword.reveal(),
          },
    proxyImage,
    root: null,
  };
  const say = environment.host.forcedCommand ? request : spell;
  return (step) => say(withoutSecrets(step, redact), vocabulary);
}

/** A reason may quote what an app answered or logged, and the ledger would keep it. */
function withoutSecrets<S extends Step>(step: S, redact: Redact): S {
  if (!("entry" in step)) return step;
  return { ...step, entry: { ...step.entry, reason: redact(step.entry.reason) } };
}

function hostKeyPolicy(environment: Environment): HostKeyPolicy {
  const { address, port, knownHosts } = environment.host;
  const { entries } = parseKnownHosts(knownHosts);
  return {
    algorithms: pinnedKeyTypes(entries, address, port),
    decide: (blob) => decideHostKey(entries, { host: address, port }, keyType(blob), blob.toString("base64")),
  };
}

function credentialOf(credentials: Credentials): SshCredential {
  const privateKey = toSecret(credentials.sshKey);
  const key = privateKey === null ? null : { privateKey, passphrase: toSecret(credentials.sshPassphrase) };
  const socket = process.env.SSH_AUTH_SOCK ?? "";
  const agent = key === null || credentials.sshAgent === true;
  if (agent && socket !== "") return { kind: "agent", socket, otherwise: key };
  if (key !== null) return { kind: "key", ...key };
  throw new EvenkeelError(
    "ssh-denied",
    "No SSH key was given, and there is no agent to ask (SSH_AUTH_SOCK is not set).",
    {
      why: "The host lets nobody in without a key.",
      next: "Give the private key: `--ssh-key=file://$HOME/.ssh/id_ed25519` or `--ssh-key=env://SSH_KEY`; in the library, `credentials.sshKey`.",
    },
  );
}

/** `docker.io` where the first part is no host name, as Docker reads it. */
export function registryOf(repository: string): string {
  const [first = "", ...rest] = repository.split("/");
  const isHost = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  return isHost ? first : "docker.io";
}

function toSecret(value: string | SecretText | undefined): SecretText | null {
  if (value === undefined || value === "") return null;
  return typeof value === "string" ? new SecretText(value) : value;
}

function passwordOf(value: string | SecretText | undefined): SecretText | null {
  return toSecret(withoutLineEnd(reveal(value) ?? ""));
}

function reveal(value: string | SecretText | undefined): string | undefined {
  return toSecret(value)?.reveal();
}
