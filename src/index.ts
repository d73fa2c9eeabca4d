/** evenkeel as a library: what the Dagger module offers, as plain functions. */
export type { Credentials } from "./access.js";
export type { Config, Environment } from "./config/config.js";
export { defineConfig } from "./config/define.js";
export { withKnownHosts } from "./config/given-host-keys.js";
export { loadConfig } from "./config/load.js";
export { parseConfig } from "./config/parse.js";
export type { WrittenConfig } from "./config/schema.js";
export { SecretText } from "./config/secret-text.js";
export type { Outcome, Phase } from "./core/model.js";
export type { PlannedStep } from "./core/plan.js";
export {
  type DeployOptions,
  deploy,
  type HostKey,
  history,
  hostKeys,
  type PlanReport,
  plan,
  type RollbackOptions,
  type RunOptions,
  rollback,
  status,
  type UnlockReport,
  unlock,
  upgradeProxy,
} from "./deploy.js";
export type { PromotionCandidate, PromotionGate, PromotionVerdict } from "./effects/promotion-gate.js";
export type {
  HealthReport,
  PhaseReport,
  Reporter,
  RunStart,
  RunSummary,
  SlotHealth,
  StepReport,
} from "./effects/reporter.js";
export {
  createReporter,
  REPORT_FORMATS,
  type ReportFormat,
  type ReportStream,
} from "./effects/reporters/create-reporter.js";
export type { RunEvent } from "./effects/reporters/event-schema.js";
export { createJsonReporter } from "./effects/reporters/json-reporter.js";
export { createLinesReporter } from "./effects/reporters/lines-reporter.js";
export { createSpansReporter, type PhaseSpan, type SpanTracer } from "./effects/reporters/spans-reporter.js";
export type { Run } from "./effects/run-events.js";
export { type ErrorCode, EvenkeelError } from "./errors.js";
export { type LogsOptions, logs } from "./logs.js";
export { build, type Published, publish, test, type Work } from "./pipeline/pipeline.js";
export { readConfiguration } from "./pipeline/source/configuration.js";
export { destinationOf, type PublishLogin } from "./publish.js";
export { type ReleaseOptions, release } from "./release.js";
export type { Changes } from "./report/changes.js";
export type { DeliveryFigures } from "./report/delivery-figures.js";
export type { History, RevisionHistory } from "./report/history.js";
export { htmlReport } from "./report/html-report.js";
export { markdownReport } from "./report/markdown-report.js";
export type { Notification } from "./report/notification.js";
export { jsonReport, type ReportFileFormat, renderReport, reportFormatOf } from "./report/render-report.js";
export type { RunReport } from "./report/run-report.js";
export type { Status } from "./report/status.js";
