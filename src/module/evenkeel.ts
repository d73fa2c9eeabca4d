import { argument, type Container, type Directory, func, object, type Secret } from "@dagger.io/dagger";
import * as calls from "./calls.js";
import { crossing } from "./crossing.js";

/**
 * Takes a commit to safe production: test, build, publish, and a blue-green deploy to a Docker host over
 * SSH that is gated, watched after the switch, and rolled back by itself. What to do stands in
 * evenkeel.yaml; secrets come as arguments: env://NAME, file://PATH, op://…, vault://….
 */
@object()
export class Evenkeel {
  source: Directory;
  config: string;
  knownHosts: string;
  holder: string;
  facts: string;

  /**
   * @param source The repository to work on, with its .git: --source=.
   * @param config Path of the configuration in it.
   * @param knownHosts Lines of known_hosts, for hosts whose keys the configuration does not pin.
   * @param holder Who calls, for the lock and the ledger, such as the address of a CI job.
   * @param facts A word of yours: what is returned, or the message of a failure, then ends with facts for a machine, on lines that begin with it.
   */
  constructor(
    @argument({ defaultPath: "/", ignore: ["**/node_modules"] }) source: Directory,
    config: string = "evenkeel.yaml",
    knownHosts: string = "",
    holder: string = "",
    facts: string = "",
  ) {
    this.source = source;
    this.config = config;
    this.knownHosts = knownHosts;
    this.holder = holder;
    this.facts = facts;
  }

  /**
   * Runs the project's tests in a clean container. Their exit code is the exit code, or 124 when they hang.
   */
  @func({ cache: "never" })
  async test(): Promise<string> {
    return crossing(calls.test(this));
  }

  /**
   * Tests, then builds the image. Nothing is pushed: add export --path=image.tar, or terminal.
   *
   * @param buildSecrets Build secrets in dotenv form, for those that build.secrets in evenkeel.yaml names.
   */
  @func({ cache: "never" })
  async build(buildSecrets?: Secret): Promise<Container> {
    return crossing(calls.build(this, { buildSecrets }));
  }

  /**
   * Tests, builds and pushes the image under its commit. Returns repository@sha256:…
   *
   * @param registryUsername User name for the registry, if it wants one.
   * @param registryPassword Password or token for the registry: env://REGISTRY_PASSWORD
   * @param buildSecrets Build secrets in dotenv form, for those that build.secrets in evenkeel.yaml names.
   * @param dirty Publish uncommitted changes too; the tag then says so.
   */
  @func({ cache: "never" })
  async publish(
    registryUsername: string = "",
    registryPassword?: Secret,
    buildSecrets?: Secret,
    dirty: boolean = false,
  ): Promise<string> {
    return crossing(calls.publish(this, { registryUsername, registryPassword, buildSecrets, dirty }));
  }

  /**
   * Says what a deploy would do on the host, and why. Changes nothing.
   *
   * @param environment Which environment of the configuration; not needed where there is only one.
   * @param sshKey The private key for the host: file://$HOME/.ssh/id_ed25519 or env://SSH_KEY
   * @param environmentFile The app's secrets in dotenv form, for those that container.secrets in evenkeel.yaml names.
   * @param registryUsername User name for the registry, if it wants one.
   * @param registryPassword Password or token for the registry: env://REGISTRY_PASSWORD
   * @param image An image that exists, repository@sha256:…, instead of the commit's.
   * @param untested Allow an image without the record that its tests passed.
   * @param dirty Look for the image of uncommitted changes.
   */
  @func({ cache: "never" })
  async plan(
    environment: string = "",
    sshKey?: Secret,
    environmentFile?: Secret,
    registryUsername: string = "",
    registryPassword?: Secret,
    image: string = "",
    untested: boolean = false,
    dirty: boolean = false,
  ): Promise<string> {
    const asked = { environment, sshKey, environmentFile, registryUsername, registryPassword };
    return crossing(calls.plan(this, { ...asked, image, untested, dirty }));
  }

  /**
   * Takes the commit to an environment: test, build, publish, deploy. Exit code 0 only when the host serves it.
   *
   * @param environment Which environment of the configuration; not needed where there is only one.
   * @param sshKey The private key for the host: file://$HOME/.ssh/id_ed25519 or env://SSH_KEY
   * @param environmentFile The app's secrets in dotenv form, for those that container.secrets in evenkeel.yaml names.
   * @param registryUsername User name for the registry, if it wants one.
   * @param registryPassword Password or token for the registry: env://REGISTRY_PASSWORD
   * @param image Deploy this image, repository@sha256:…, which exists: nothing is tested or built.
   * @param untested Allow an image without the record that its tests passed; the ledger says so.
   * @param buildSecrets Build secrets in dotenv form, for those that build.secrets in evenkeel.yaml names.
   * @param dirty Deploy uncommitted changes too; the tag then says so.
   * @param reason Why, for the lock and the ledger.
   */
  @func({ cache: "never" })
  async deploy(
    environment: string = "",
    sshKey?: Secret,
    environmentFile?: Secret,
    registryUsername: string = "",
    registryPassword?: Secret,
    image: string = "",
    untested: boolean = false,
    buildSecrets?: Secret,
    dirty: boolean = false,
    reason: string = "",
  ): Promise<string> {
    const asked = { environment, sshKey, environmentFile, registryUsername, registryPassword };
    return crossing(calls.deploy(this, { ...asked, image, untested, buildSecrets, dirty, reason }));
  }

  /**
   * Goes back to the newest stable release other than the one that serves, with its own configuration.
   *
   * @param environment Which environment of the configuration; not needed where there is only one.
   * @param sshKey The private key for the host: file://$HOME/.ssh/id_ed25519 or env://SSH_KEY
   * @param to The revision to go back to, of those that history lists.
   * @param environmentFile In dotenv form, the addresses of the webhooks that notify in evenkeel.yaml names.
   * @param registryPassword Password or token for the registry, should the image have to be pulled again.
   * @param reason Why, for the lock and the ledger.
   */
  @func({ cache: "never" })
  async rollback(
    environment: string = "",
    sshKey?: Secret,
    to: number = 0,
    environmentFile?: Secret,
    registryPassword?: Secret,
    reason: string = "",
  ): Promise<string> {
    const asked = { environment, sshKey, to, environmentFile, registryPassword, reason };
    return crossing(calls.rollback(this, asked));
  }

  /**
   * Says what serves where, since when, and what could be gone back to.
   *
   * @param environment Which environment of the configuration; not needed where there is only one.
   * @param sshKey The private key for the host: file://$HOME/.ssh/id_ed25519 or env://SSH_KEY
   */
  @func({ cache: "never" })
  async status(environment: string = "", sshKey?: Secret): Promise<string> {
    return crossing(calls.status(this, { environment, sshKey }));
  }

  /**
   * Lists what happened in the environment, newest last.
   *
   * @param environment Which environment of the configuration; not needed where there is only one.
   * @param sshKey The private key for the host: file://$HOME/.ssh/id_ed25519 or env://SSH_KEY
   */
  @func({ cache: "never" })
  async history(environment: string = "", sshKey?: Secret): Promise<string> {
    return crossing(calls.history(this, { environment, sshKey }));
  }

  /**
   * Shows what the app's container has written. It only reads: a deploy that is under way is not disturbed.
   *
   * @param environment Which environment of the configuration; not needed where there is only one.
   * @param sshKey The private key for the host: file://$HOME/.ssh/id_ed25519 or env://SSH_KEY
   * @param environmentFile The app's secrets in dotenv form, to be hidden in what is shown.
   * @param slot blue or green, instead of the one that serves.
   * @param lines How many of the last lines; without it 100, or all since the time that is given.
   * @param since Not before: a duration back from now, as 10m, or a time, as 2026-11-23T15:00:00Z.
   * @param follow Go on with what is yet to come, until the container stops or the call is ended.
   */
  @func({ cache: "never" })
  async logs(
    environment: string = "",
    sshKey?: Secret,
    environmentFile?: Secret,
    slot: string = "",
    lines: number = 0,
    since: string = "",
    follow: boolean = false,
  ): Promise<string> {
    const asked = { environment, sshKey, environmentFile, slot, lines, since, follow };
    return crossing(calls.logs(this, asked));
  }

  /**
   * Takes the lock away from a deploy that is gone. One that is only slow is refused from then on.
   *
   * @param environment Which environment of the configuration; not needed where there is only one.
   * @param sshKey The private key for the host: file://$HOME/.ssh/id_ed25519 or env://SSH_KEY
   * @param reason Why, for the ledger.
   */
  @func({ cache: "never" })
  async unlock(environment: string = "", sshKey?: Secret, reason: string = ""): Promise<string> {
    return crossing(calls.unlock(this, { environment, sshKey, reason }));
  }

  /**
   * Replaces the host's proxy by the version this evenkeel installs. Its apps are unreachable for about a second.
   *
   * @param environment Which environment of the configuration; not needed where there is only one.
   * @param sshKey The private key for the host: file://$HOME/.ssh/id_ed25519 or env://SSH_KEY
   * @param reason Why, for the lock and the ledger.
   */
  @func({ cache: "never" })
  async upgradeProxy(environment: string = "", sshKey?: Secret, reason: string = ""): Promise<string> {
    return crossing(calls.upgradeProxy(this, { environment, sshKey, reason }));
  }

  /**
   * Prints the keys that the host offers, with fingerprints, for a person to compare and commit.
   *
   * @param environment Which environment of the configuration; not needed where there is only one.
   */
  @func({ cache: "never" })
  async hostKey(environment: string = ""): Promise<string> {
    return crossing(calls.hostKey(this, { environment }));
  }
}
