import type { ContainerView, Release, Slot } from "../../src/core/model.js";

/** What a release does when it runs. Times are milliseconds; `null` means never. */
export interface Behaviour {
  /** From the start of its process to its first good answer. */
  readonly healthyAfterMs: number | null;
  /** From the start of its process to its end, once or after every start. */
  readonly exitsAfterMs: number | null;
  readonly exits: "once" | "always";
  readonly oom: boolean;
  /** Half of every period it answers its health probe with 503. */
  readonly flapsEveryMs: number | null;
  /** Share of the requests that it answers with 500, always. */
  readonly errorRate: number;
  /** What happens to it some time after it first received traffic. */
  readonly afterSwitch: {
    readonly afterMs: number;
    readonly does: "exits" | "hangs" | "answers-500" | "answers-500-but-healthy" | "health-fails";
  } | null;
  /** What the promotion gate, where there is one, says of it so long after the switch; null: it never decides. */
  readonly promotionGate: { readonly afterMs: number | null; readonly says: "promote" | "veto" };
}

export const healthy: Behaviour = {
  healthyAfterMs: 500,
  exitsAfterMs: null,
  exits: "always",
  oom: false,
  flapsEveryMs: null,
  errorRate: 0,
  afterSwitch: null,
  promotionGate: { afterMs: 0, says: "promote" },
};

/** Docker waits a little before it starts a container again. */
const RESTART_DELAY_MS = 1_000;

/** A container of the simulated host: a small machine that goes from event to event. */
export interface SimContainer {
  readonly id: string;
  readonly slot: Slot;
  readonly revision: number;
  readonly release: Release;
  readonly behaviour: Behaviour;
  stage: ContainerView["stage"];
  restarts: number;
  exitCode: number;
  oomKilled: boolean;
  restartPolicy: string;
  startedMs: number;
  /** When it first received traffic; 0 is "not yet". */
  liveSinceMs: number | null;
  ends: number;
  restartsAtMs: number | null;
}

export function createContainer(
  id: string,
  slot: Slot,
  revision: number,
  release: Release,
  behaviour: Behaviour,
  nowMs: number,
): SimContainer {
  return {
    id,
    slot,
    revision,
    release,
    behaviour,
    stage: "running",
    restarts: 0,
    exitCode: 0,
    oomKilled: false,
    restartPolicy: "no",
    startedMs: nowMs,
    liveSinceMs: null,
    ends: 0,
    restartsAtMs: null,
  };
}

/** When its process next ends or starts by itself. */
export function nextEventMs(container: SimContainer): number {
  if (container.restartsAtMs !== null) return container.restartsAtMs;
  if (container.stage !== "running") return Number.POSITIVE_INFINITY;
  const { exitsAfterMs, exits, afterSwitch } = container.behaviour;
  const own =
    exitsAfterMs === null || (exits === "once" && container.ends > 0)
      ? Number.POSITIVE_INFINITY
      : container.startedMs + exitsAfterMs;
  const switched =
    afterSwitch?.does === "exits" && container.liveSinceMs !== null && container.ends === 0
      ? container.liveSinceMs + afterSwitch.afterMs
      : Number.POSITIVE_INFINITY;
  return Math.min(own, switched);
}

/** Its process ends, or Docker starts it again. */
export function happen(container: SimContainer, nowMs: number): void {
  if (container.restartsAtMs !== null) {
    container.restartsAtMs = null;
    container.stage = "running";
    container.restarts += 1;
    container.startedMs = nowMs;
    return;
  }
  container.ends += 1;
  container.exitCode = container.behaviour.oom ? 137 : 1;
  container.oomKilled = container.behaviour.oom;
  if (container.restartPolicy === "always") {
    container.stage = "restarting";
    container.restartsAtMs = nowMs + RESTART_DELAY_MS;
  } else {
    container.stage = "exited";
  }
}

/** The host went down and is up again: only containers with a restart policy come back. */
export function reboot(container: SimContainer, nowMs: number): void {
  container.restartsAtMs = null;
  if (container.restartPolicy === "always") {
    container.stage = "running";
    container.startedMs = nowMs;
  } else if (container.stage !== "created") {
    container.stage = "exited";
    container.exitCode = 255;
  }
}

/** The status it answers a health probe with; null when there is no answer. */
export function answersHealth(container: SimContainer, nowMs: number): number | null {
  if (!isListening(container, nowMs)) return null;
  const { flapsEveryMs } = container.behaviour;
  if (flapsEveryMs !== null && Math.floor((2 * nowMs) / flapsEveryMs) % 2 === 1) return 503;
  const sick = sickness(container, nowMs);
  if (sick === "hangs") return null;
  return sick === "answers-500" || sick === "health-fails" ? 503 : 200;
}

/** Share of the requests that fail when it is asked; 1 when nothing answers. */
export function failureRate(container: SimContainer, nowMs: number): number {
  if (!isListening(container, nowMs)) return 1;
  const sick = sickness(container, nowMs);
  if (sick === "hangs" || sick === "answers-500" || sick === "answers-500-but-healthy") return 1;
  return container.behaviour.errorRate;
}

export function describe(container: SimContainer): ContainerView {
  return {
    id: container.id,
    name: `shop-production-${container.slot}`,
    slot: container.slot,
    revision: container.revision,
    image: container.release.image,
    configHash: container.release.configHash,
    secretsHash: container.release.secretsHash,
    stage: container.stage,
    restarts: container.restarts,
    exitCode: container.exitCode,
    oomKilled: container.oomKilled,
    restartPolicy: container.restartPolicy,
    startedAtSeconds: Math.floor(container.startedMs / 1_000),
  };
}

function isListening(container: SimContainer, nowMs: number): boolean {
  const { healthyAfterMs } = container.behaviour;
  return (
    container.stage === "running" && healthyAfterMs !== null && nowMs >= container.startedMs + healthyAfterMs
  );
}

function sickness(container: SimContainer, nowMs: number) {
  const { afterSwitch } = container.behaviour;
  if (afterSwitch === null || container.liveSinceMs === null) return null;
  return nowMs >= container.liveSinceMs + afterSwitch.afterMs ? afterSwitch.does : null;
}
