import type { ContainerView, Release, Slot, Stage } from "../core/model.js";
import { json } from "./answer.js";

const asked = ["key", "root", "routes", "version", "slot", "revision", "release"]
  .concat(["image", "commit", "confighash", "secretshash", "fence"])
  .map((name) => `"evenkeel.${name}":{{json (index .Config.Labels "evenkeel.${name}")}}`)
  .join(",");

/**
 * What `docker container inspect` is asked for: everything a decision needs and nothing of the container's
 * environment, which holds the secrets. Of the labels only our own: an image's can be of any length.
 */
export const inspectFormat = `{"id":{{json .Id}},"name":{{json .Name}},"labels":{${asked}},"stage":{{json .State.Status}},"restarts":{{json .RestartCount}},"exitCode":{{json .State.ExitCode}},"oomKilled":{{json .State.OOMKilled}},"policy":{{json .HostConfig.RestartPolicy.Name}},"startedAt":{{json .State.StartedAt}}}`;

export interface Inspected {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly running: boolean;
  /** Null for a container that is no slot of any key. */
  readonly slot: ContainerView | null;
}

/** @returns null for a line that is not what `inspectFormat` makes. */
export function parseContainer(line: string): Inspected | null {
  const said = json(line);
  if (!isRecord(said) || typeof said.id !== "string" || typeof said.name !== "string") return null;
  const labels = texts(said.labels);
  const name = said.name.replace(/^\//, "");
  const stage = stages.find((known) => known === said.stage) ?? "dead";
  return { name, labels, running: stage === "running", slot: slotView(said, name, labels, stage) };
}

function slotView(
  said: Readonly<Record<string, unknown>>,
  name: string,
  labels: Readonly<Record<string, string>>,
  stage: Stage,
): ContainerView | null {
  const slot = labels["evenkeel.slot"];
  const revision = labels["evenkeel.revision"] ?? "";
  if ((slot !== "blue" && slot !== "green") || !/^\d{1,9}$/.test(revision)) return null;
  const started = Date.parse(String(said.startedAt));
  return {
    id: String(said.id),
    name,
    slot,
    revision: Number(revision),
    image: labels["evenkeel.image"] ?? "",
    configHash: labels["evenkeel.confighash"] ?? "",
    secretsHash: labels["evenkeel.secretshash"] ?? "",
    stage,
    restarts: Number(said.restarts) || 0,
    exitCode: Number(said.exitCode) || 0,
    oomKilled: said.oomKilled === true,
    restartPolicy: String(said.policy),
    startedAtSeconds: Number.isFinite(started) ? Math.floor(started / 1000) : 0,
  };
}

/** The labels of a slot's container; with them alone the state of a lost folder is rebuilt. */
export function slotLabels(
  key: { readonly app: string; readonly environment: string },
  slot: Slot,
  revision: number,
  release: Release,
  fence: number,
): readonly (readonly [string, string])[] {
  return [
    ["evenkeel.role", "slot"],
    ["evenkeel.app", key.app],
    ["evenkeel.environment", key.environment],
    ["evenkeel.slot", slot],
    ["evenkeel.revision", String(revision)],
    ["evenkeel.image", release.image],
    ["evenkeel.commit", release.commit ?? ""],
    ["evenkeel.tested", String(release.tested)],
    ["evenkeel.confighash", release.configHash],
    ["evenkeel.secretshash", release.secretsHash],
    ["evenkeel.fence", String(fence)],
    ["evenkeel.drain", String(Math.ceil(release.runtime.drainMs / 1000))],
    ["evenkeel.release", JSON.stringify(release)],
  ];
}

const stages: readonly Stage[] = ["created", "running", "restarting", "exited", "dead", "paused", "removing"];

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function texts(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
