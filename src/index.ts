/** evenkeel as a library: what the Dagger module offers, as plain functions. */
export type { Credentials } from "./access.js";
export type { Config, Environment } from "./config/config.js";
export { loadConfig } from "./config/load.js";
export { parseConfig } from "./config/parse.js";
export { SecretText } from "./config/secret-text.js";
export type { Outcome, Phase } from "./core/model.js";
export {
  type DeployOptions,
  deploy,
  history,
  hostKey,
  plan,
  type RollbackOptions,
  type RunOptions,
  type RunReport,
  rollback,
  status,
  unlock,
  upgradeProxy,
} from "./deploy.js";
export type { Reporter, RunSummary } from "./effects/reporter.js";
export { createLinesReporter } from "./effects/reporters/lines-reporter.js";
export { type ErrorCode, EvenkeelError } from "./errors.js";
export { build, type Published, publish, test, type Work } from "./pipeline/pipeline.js";
export { destinationOf, type PublishLogin } from "./publish.js";
export { type ReleaseOptions, release } from "./release.js";
