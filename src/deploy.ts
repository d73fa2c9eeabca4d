/**
 * Deploy, rollback, status, plan, history, unlock and host-key as plain functions: the façade that joins
 * configuration, decisions and effects. The Dagger module and the npm package offer these same functions.
 */
import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { type Access, type Credentials, openEnvironment, prepareAccess } from "./access.js";
import { hashConfig } from "./config/canonical.js";
import type { Config } from "./config/config.js";
import { resolveEnvironment } from "./config/environment.js";
import { knownHostsLine } from "./config/known-hosts.js";
import { deploy as deployScript } from "./core/deploy.js";
import type { DeployRequest, HostView, OutcomeCode, Release } from "./core/model.js";
import { type PlannedStep, planDeploy } from "./core/plan.js";
import { rollback as rollbackScript } from "./core/rollback.js";
import { ask, beginRun, Interruption, type Script } from "./core/script.js";
import { unlock as unlockScript } from "./core/unlock.js";
import { upgradeProxy as upgradeProxyScript } from "./core/upgrade-proxy.js";
import { offeredHostKeys } from "./effects/host-key.js";
import { PROMOTION_TIMEOUT_MS, type PromotionGate } from "./effects/promotion-gate.js";
import { redacted } from "./effects/redactor.js";
import { type Reporter, silentReporter } from "./effects/reporter.js";
import { describePlan, describeStatus } from "./effects/reporters/descriptions.js";
import { follow } from "./effects/run.js";
import { heardBy, type Run, runWith } from "./effects/run-events.js";
import { describe, EvenkeelError, printable } from "./errors.js";
import { type ImageFacts, lookUpImage, moveLatest } from "./images.js";
import { type History, historyOf } from "./report/history.js";
import type { RunReport } from "./report/run-report.js";
import { type Status, statusOf } from "./report/status.js";
import { stoppable } from "./stopping.js";
import { tell } from "./telling.js";

/** What every call has in common. */
export interface RunOptions {
  /** The environment of `evenkeel.yaml`; may be left out where there is only one. */
  readonly environment?: string;
  readonly credentials: Credentials;
  /** Told each phase as it happens. Default: nobody. */
  readonly reporter?: Reporter;
  /**
   * Ends the call, wherever it is, with `stopped`; what was switched and not confirmed is taken back by the host
   * itself.
   */
  readonly signal?: AbortSignal;
  /** Who this is, for the lock and the ledger. Default: user and machine. */
  readonly holder?: string;
  /** Why, for the lock and the ledger. */
  readonly reason?: string;
}

export interface DeployOptions extends RunOptions {
  /** `repository@sha256:…`: a digest, never a tag, because a tag may be something else tomorrow. */
  readonly image: string;
  /** Allows an image without the record that its tests passed; the ledger says so. */
  readonly untested?: boolean;
  /** Who else has a say in the promotion; not asked where nothing is switched. Default: the bake alone. */
  readonly promotionGate?: PromotionGate;
}

export interface RollbackOptions extends RunOptions {
  /** The revision to go back to. Default: the newest stable one other than what serves. */
  readonly to?: number;
}

/** What a deploy would do. */
export interface PlanReport {
  /** `reroute`: only the proxy's configuration differs. */
  readonly verdict: "nothing" | "refused" | "deploy" | "reroute";
  readonly reason: string;
  /** In their order; empty where nothing would be done. */
  readonly steps: readonly PlannedStep[];
  /** The code that a deploy would end with; null unless it would be refused. */
  readonly code: OutcomeCode | null;
  /** All of it for a person. */
  readonly text: string;
}

/** What became of the lock. */
export interface UnlockReport {
  /** `free`: nobody held it, and nothing was changed. */
  readonly verdict: "taken" | "free";
  /** Who held it until now, and what for; null where it was free. */
  readonly held: { readonly holder: string; readonly reason: string } | null;
  readonly text: string;
}

/** A key that a host offers. */
export interface HostKey {
  /** As in known_hosts, for example `ssh-ed25519`. */
  readonly type: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** The line that pins it under `knownHosts`. */
  readonly line: string;
}

/**
 * Deploys an image: blue-green, gated by its health path, watched after the switch, rolled back by itself.
 * Deploying what serves already does nothing.
 *
 * @throws EvenkeelError whenever the host does not serve what was asked for, with the reason, the logs of
 *   the release that failed, and what serves instead. Nothing is thrown after a success.
 */
export function deploy(config: Config, options: DeployOptions): Run<RunReport> {
  return runWith((events) => stoppable(options, () => deployed(config, heardBy(options, events))));
}

async function deployed(config: Config, options: DeployOptions): Promise<RunReport> {
  const access = prepare(config, options, true);
  const facts = await lookUpImage(access, options.image, options);
  const request = requestOf(access, options, facts);
  const report = await tell(access, options, deployScript(request), {
    does: "deploy",
    ...{ image: options.image, commit: facts.commit, holder: request.holder, reason: request.reason },
    release: request.release,
  });
  if (access.environment.latest) {
    await moveLatest(access, options.image, options.signal).catch((cause: unknown) => {
      throw new EvenkeelError(
        "publish-failed",
        `${report.text} But the tag latest was not moved: ${describe(cause)}`,
        { cause, report },
      );
    });
  }
  return report;
}

/** What a deploy would do, and why; nothing is changed. */
export async function plan(config: Config, options: DeployOptions): Promise<PlanReport> {
  return stoppable(options, async () => {
    const access = prepare(config, options, true);
    const facts = await lookUpImage(access, options.image, options);
    const view = await observe(access, options);
    const planned = planDeploy(requestOf(access, options, facts), view);
    return {
      verdict: planned.verdict,
      reason: printable(planned.reason),
      steps: "steps" in planned ? planned.steps : [],
      code: "code" in planned ? planned.code : null,
      text: describePlan(planned),
    };
  });
}

/**
 * Goes back to a stable release: a switch with fresh proof where it still runs, else started and gated;
 * guarded and watched like a deploy. A database's schema is not taken back.
 *
 * @throws EvenkeelError `no-stable-release` when there is none, with those that can be gone back to.
 */
export function rollback(config: Config, options: RollbackOptions): Run<RunReport> {
  return runWith((events) => stoppable(options, () => rolledBack(config, heardBy(options, events))));
}

async function rolledBack(config: Config, options: RollbackOptions): Promise<RunReport> {
  const access = prepare(config, options, false);
  const { environment } = access;
  const holder = holderOf(options);
  const reason = options.reason ?? "rollback by hand";
  const script = rollbackScript({
    key: environment.key,
    to: options.to ?? null,
    holder,
    reason,
    keepReleases: environment.keepReleases,
    publicUrl: environment.publicUrl,
    deadlineMs: environment.deadlineMs,
  });
  return tell(access, options, script, {
    does: "rollback",
    ...{ image: null, commit: null, holder, reason, release: null },
  });
}

/** What serves where, since when, what could be gone back to, who holds the lock. */
export async function status(config: Config, options: RunOptions): Promise<Status> {
  return stoppable(options, async () => {
    const access = prepare(config, options, false);
    const view = await observe(access, options);
    return statusOf(access.environment.key, access.environment.host.address, view);
  });
}

/** The ledger of the environment, newest last, what became of each revision, and the delivery figures. */
export async function history(config: Config, options: RunOptions): Promise<History> {
  return stoppable(options, async () => {
    const view = await observe(prepare(config, options, false), options);
    return historyOf(view, Date.now());
  });
}

/**
 * Takes the lock away from whoever holds it; they are refused from then on, even if they were only slow.
 *
 * @throws EvenkeelError `locked` when somebody else took it at the same moment.
 */
export async function unlock(config: Config, options: RunOptions): Promise<UnlockReport> {
  return stoppable(options, async () => {
    const access = prepare(config, options, false);
    const { key, host, deadlineMs } = access.environment;
    const script = unlockScript(holderOf(options), options.reason ?? "unlocked by hand", deadlineMs);
    const { verdict, held, view } = await withHost(access, options, script);
    if (verdict === "contested")
      throw new EvenkeelError("locked", "Somebody else took the lock at the same moment.");
    return {
      verdict,
      held: held === null ? null : { holder: printable(held.holder), reason: printable(held.reason) },
      text: describeStatus(key, host.address, view),
    };
  });
}

/**
 * Replaces the proxy of the environment's host by the version that this evenkeel installs. Every app on
 * the host is without its proxy for about a second; nothing else ever upgrades it.
 *
 * @throws EvenkeelError `proxy-failed` when the new one refuses the host's sites; the present one stays then.
 */
export function upgradeProxy(config: Config, options: RunOptions): Run<RunReport> {
  return runWith((events) => stoppable(options, () => upgraded(config, heardBy(options, events))));
}

async function upgraded(config: Config, options: RunOptions): Promise<RunReport> {
  const access = prepare(config, options, false);
  const holder = holderOf(options);
  const reason = options.reason ?? "proxy upgrade";
  return tell(access, options, upgradeProxyScript(holder, reason, access.environment.deadlineMs), {
    does: "upgrade-proxy",
    ...{ image: null, commit: null, holder, reason, release: null },
  });
}

/**
 * The keys that the environment's host offers, with their fingerprints, as lines for `knownHosts`. Being
 * offered proves nothing: compare a fingerprint over another way before you pin its line.
 */
export async function hostKeys(
  config: Config,
  options: Pick<RunOptions, "environment" | "signal"> = {},
): Promise<{ readonly keys: readonly HostKey[]; readonly text: string }> {
  return stoppable(options, async () => {
    const { address, port } = resolveEnvironment(config, options.environment).host;
    const offered = await offeredHostKeys(address, port, options);
    const keys = offered.map(({ type, fingerprint, blob }) => ({
      type: printable(type),
      fingerprint,
      line: knownHostsLine({ host: address, port }, blob.toString("base64")),
    }));
    const heading = `# Offered by ${address}:${port}. Compare a fingerprint with the machine itself before you commit its line.`;
    const lines = keys.map(({ type, fingerprint, line }) => `# ${type} ${fingerprint}\n${line}`);
    return { keys, text: [heading, ...lines].join("\n") };
  });
}

function prepare(config: Config, options: RunOptions, needsSecrets: boolean): Access {
  return prepareAccess(resolveEnvironment(config, options.environment), options.credentials, needsSecrets);
}

function requestOf(access: Access, options: DeployOptions, facts: ImageFacts): DeployRequest {
  const { environment } = access;
  const release: Omit<Release, "secretsHash"> = {
    image: options.image,
    commit: facts.commit,
    ...(facts.committedAt === null ? {} : { committedAt: facts.committedAt }),
    tested: facts.tested,
    runtime: environment.runtime,
    configHash: hashConfig(environment.runtime),
  };
  const { domains, tls, healthTimeoutMs, responseTimeoutMs } = environment.site;
  return {
    key: environment.key,
    release,
    site: { domains, tls, healthTimeoutMs, responseTimeoutMs },
    publicUrl: environment.publicUrl,
    promotionGate:
      options.promotionGate === undefined
        ? null
        : { timeoutMs: options.promotionGate.timeoutMs ?? PROMOTION_TIMEOUT_MS },
    holder: holderOf(options),
    reason:
      options.reason ??
      `deploy ${facts.commit?.slice(0, 12) ?? options.image.slice(-12)}${facts.tested ? "" : ", untested"}`,
    imageBytes: facts.sizeBytes,
    imageArchitecture: facts.architecture,
    keepReleases: environment.keepReleases,
    deadlineMs: environment.deadlineMs,
  };
}

async function observe(access: Access, options: RunOptions): Promise<HostView> {
  function* look(): Script<HostView> {
    return yield* ask(beginRun(access.environment.deadlineMs), { kind: "observe" });
  }
  return withHost(access, options, look());
}

async function withHost<T>(access: Access, options: RunOptions, script: Script<T>): Promise<T> {
  const host = await openEnvironment(access, options.signal);
  try {
    const told = await follow(script, host, redacted(options.reporter ?? silentReporter, access.redact));
    return told.result;
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
    throw new EvenkeelError("lost", `The host did not answer to the end: ${access.redact(error.message)}.`);
  } finally {
    host.close();
  }
}

/** Unique to a run, so that a run may take its own lock again after a lost connection, and nobody else's. */
function holderOf(options: RunOptions): string {
  const who = options.holder ?? `${userInfo().username}@${hostname()}`;
  return `${who}#${randomBytes(4).toString("hex")}`;
}
