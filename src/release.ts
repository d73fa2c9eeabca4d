/** The whole pipeline: a commit is tested, built, published and deployed, or an image that exists is deployed. */
import type { Secret } from "@dagger.io/dagger";
import { noUsername, openEnvironment, prepareAccess } from "./access.js";
import type { Config } from "./config/config.js";
import { parseDotenv } from "./config/dotenv.js";
import { resolveEnvironment } from "./config/environment.js";
import { type DeployOptions, deploy, plan } from "./deploy.js";
import { type Reporter, tellAll } from "./effects/reporter.js";
import { createLinesReporter } from "./effects/reporters/lines-reporter.js";
import { createSpansReporter, type SpanTracer } from "./effects/reporters/spans-reporter.js";
import { heardBy, type Run, runWith } from "./effects/run-events.js";
import { type Published, publish, published, type Work } from "./pipeline/pipeline.js";
import { destinationOf, type PublishLogin } from "./publish.js";
import type { RunReport } from "./report/run-report.js";
import { refuseIfStopped } from "./stopping.js";

/** A deploy whose image may still have to be made. */
export interface ReleaseOptions extends Omit<DeployOptions, "image"> {
  /** An image that exists, `repository@sha256:…`; null: that of the commit. */
  readonly image: string | null;
  readonly login: PublishLogin | null;
  /** Told what was published, as soon as it is: the deploy that follows may fail. */
  readonly onPublished?: (made: Published) => void;
}

/**
 * Test, build, publish, deploy; or only the last, with an image that exists.
 *
 * @throws EvenkeelError as `publish` and `deploy`
 */
export function release(work: Work, options: ReleaseOptions): Run<RunReport> {
  return runWith((events) => released(work, heardBy(options, events)));
}

async function released(work: Work, options: ReleaseOptions): Promise<RunReport> {
  refuseIfStopped(options);
  // Before the tests, which take longest: what would stop the deploy anyway.
  const access = prepareAccess(
    resolveEnvironment(work.config, options.environment),
    options.credentials,
    true,
  );
  const { image, login, onPublished, ...others } = options;
  if (image !== null) return deploy(work.config, { ...others, image });
  (await openEnvironment(access, options.signal)).close();
  const made = await publish(work, await destinationOf(work.config.image, login));
  onPublished?.(made);
  return deploy(work.config, { ...others, image: made.image });
}

/** What `release` would do, and why; nothing is changed, and nothing is tested or built. */
export async function planRelease(work: Work, options: ReleaseOptions): Promise<string> {
  const { image: given, login, ...others } = options;
  const image = given ?? (await published(work, await destinationOf(work.config.image, login)));
  if (image !== null) return (await plan(work.config, { ...others, image })).text;
  return "The commit has not been published yet. A deploy would test, build and publish it first; what it would then do on the host is known once it has an image.";
}

/**
 * The login for publishing.
 *
 * @param username empty: the one that `evenkeel.yaml` says for the environment, or for the only one that says one
 * @throws EvenkeelError `usage` for a password without a user name
 */
export function publishLogin(
  config: Config,
  username: string,
  password: Secret | undefined,
  environment?: string,
): PublishLogin | null {
  if (password === undefined) return null;
  const named = [...config.environments.values()].filter(
    ({ name, registryUsername }) =>
      registryUsername !== null && (environment === undefined || name === environment),
  );
  const names = new Set(named.map(({ registryUsername }) => registryUsername));
  const known = username !== "" ? username : names.size === 1 ? [...names][0] : null;
  if (typeof known === "string") return { username: known, password };
  throw noUsername();
}

/** Build secrets by name, out of a text in dotenv form, as the engine's secrets. */
export function buildSecretsOf(
  text: string,
  keep: (name: string, value: string) => Secret,
): ReadonlyMap<string, Secret> {
  return new Map([...parseDotenv(text)].map(([name, value]) => [name, keep(name, value.reveal())]));
}

/** Tells each phase as a line and as a span. */
export function progress(write: (line: string) => void, tracer: SpanTracer): Reporter {
  return tellAll([createLinesReporter(write), createSpansReporter(tracer)]);
}
