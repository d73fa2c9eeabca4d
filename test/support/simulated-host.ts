import type {
  Answers,
  Failure,
  FailureCode,
  GuardOutcome,
  HostView,
  LedgerDraft,
  LedgerEntry,
  Pointer,
  ProbeReport,
  ProbeSample,
  ProxyView,
  Release,
  ReleaseRecord,
  Slot,
  Step,
  StepKind,
  StepOf,
} from "../../src/core/model.js";
import { aBareView, aSite, aView, MIB } from "./builders.js";
import {
  answersHealth,
  type Behaviour,
  createContainer,
  describe,
  happen,
  healthy,
  nextEventMs,
  reboot,
  type SimContainer,
} from "./simulated-container.js";
import { look, type SimGuard } from "./simulated-guardian.js";
import { createTraffic, flow, readLog } from "./simulated-traffic.js";

/** What an onlooker sees happen on the host, at the moment it happens. */
export type Happening =
  | { readonly kind: "probed"; readonly containerId: string; readonly passed: boolean }
  | {
      readonly kind: "pointed";
      readonly from: Pointer | null;
      readonly to: Pointer;
      readonly by: "run" | "guardian";
    }
  | {
      readonly kind: "removing";
      readonly container: SimContainer;
      readonly by: "start" | "retire" | "reaper";
    }
  | { readonly kind: "forgot"; readonly revision: number }
  | { readonly kind: "wrote"; readonly entry: LedgerEntry }
  | { readonly kind: "acting"; readonly step: Step }
  | { readonly kind: "refused"; readonly step: Step; readonly why: FailureCode | "fenced" };

interface Lock {
  readonly holder: string;
  readonly reason: string;
  readonly leaseMs: number;
  expiresMs: number;
}

/** Thrown inside an act when the host goes down in the middle of it. */
export class HostWentDown extends Error {}

const SLICE_MS = 250;
const BOOT_MS = 8_000;

/**
 * A Docker host in memory that does every step as the protocol says, on its own clock. Its guardian, its
 * delayed removals, its containers and its visitors go on while time passes, whether or not a run is there.
 */
export class SimulatedHost {
  nowMs = 1_000_000;
  fence = 0;
  lock: Lock | null = null;
  pointer: Pointer | null = null;
  guard: SimGuard | null = null;
  outcome: GuardOutcome | null = null;
  containers: SimContainer[] = [];
  ledger: LedgerEntry[] = [];
  releases: ReleaseRecord[] = [];
  images = new Set<string>();
  reapers: { readonly containerId: string; readonly atMs: number }[] = [];
  proxy: ProxyView = aBareView().proxy;
  diskFull = false;
  /** Parts of the next act that are still done before the host goes down; null when it does not. */
  partsBeforeDown: number | null = null;
  pullFails: FailureCode | null = null;
  traffic = createTraffic(100);
  onlookers: ((happening: Happening) => void)[] = [];
  private made = 0;

  constructor(private readonly behaviours: Readonly<Record<string, Behaviour>> = {}) {}

  behaviourOf(image: string): Behaviour {
    return this.behaviours[image] ?? healthy;
  }

  inSlot(slot: Slot): SimContainer | null {
    return this.containers.find((container) => container.slot === slot) ?? null;
  }

  /** What the proxy finds in a slot: nobody, where it asks at another port than the container listens on. */
  reached(slot: Slot): SimContainer | null {
    const container = this.inSlot(slot);
    const port = this.proxy.site?.slots[slot].port;
    return port === undefined || port === container?.release.runtime.port ? container : null;
  }

  byId(id: string): SimContainer | null {
    return this.containers.find((container) => container.id === id) ?? null;
  }

  live(): SimContainer | null {
    return this.pointer === null ? null : this.inSlot(this.pointer.live);
  }

  isHealthy(container: SimContainer): boolean {
    return answersHealth(container, this.nowMs) === 200;
  }

  tell(happening: Happening): void {
    for (const onlooker of this.onlookers) onlooker(happening);
  }

  /** Time passes; everything that lives on the host by itself goes on. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
      const nextMs = Math.max(
        this.nowMs,
        Math.min(
          untilMs,
          this.nowMs + SLICE_MS,
          (this.proxy.guardian === "running" && this.guard?.looksAtMs) || Number.POSITIVE_INFINITY,
          ...this.containers.map(nextEventMs),
          ...this.reapers.map((reaper) => reaper.atMs),
        ),
      );
      flow(this.traffic, this.pointer, (slot) => this.reached(slot), this.nowMs, nextMs - this.nowMs);
      this.nowMs = nextMs;
      for (const container of this.containers)
        if (nextEventMs(container) <= this.nowMs) happen(container, this.nowMs);
      this.reap();
      if (this.proxy.guardian === "running") look(this);
    }
  }

  /** Power is lost and comes back: leases of the boot before count as over. */
  goDown(): void {
    this.advance(0);
    this.nowMs += BOOT_MS;
    for (const container of this.containers) reboot(container, this.nowMs);
    this.reapers = [];
    if (this.lock !== null) this.lock.expiresMs = this.nowMs;
    if (this.guard !== null) {
      this.guard.expiresMs = Math.min(this.guard.expiresMs, this.nowMs);
      this.guard.looksAtMs = this.nowMs;
    }
  }

  /** Does one step, or says why not. Time passes as it would. */
  act<K extends StepKind>(step: StepOf<K>): Answers[K] | "fenced" {
    const asked = step as Step;
    if ("fence" in asked) {
      if (asked.fence !== this.fence) {
        this.tell({ kind: "refused", step: asked, why: "fenced" });
        return "fenced";
      }
      this.renewLock();
    }
    this.tell({ kind: "acting", step: asked });
    const answer = this.answer(asked);
    if ("fence" in asked) this.renewLock();
    if ("verdict" in answer && answer.verdict === "failed")
      this.tell({ kind: "refused", step: asked, why: answer.code });
    return answer as Answers[K];
  }

  private answer(step: Step): Answers[StepKind] {
    switch (step.kind) {
      case "observe":
        this.advance(20);
        return this.observe();
      case "pull":
        return this.pull(step.image);
      case "acquire":
        return this.acquire(step);
      case "install-proxy":
        return this.write(() => {
          this.advance(1_000);
          this.proxy = {
            ...this.proxy,
            state: "running",
            guardian: "running",
            image: "docker.io/library/caddy@sha256:caddy",
          };
        });
      case "route":
        return this.write(() => {
          this.proxy = { ...this.proxy, site: step.site };
        });
      case "stage":
        if (!this.images.has(step.release.image)) return failed("image-missing");
        return this.write(() => this.keep(step.revision, step.release));
      case "pre-deploy":
        this.advance(1_000);
        return { verdict: "done", output: "" };
      case "start":
        return this.start(step);
      case "probe":
        return {
          traffic: step.compare === null || this.diskFull ? null : readLog(this.traffic, null),
          reports: this.probe(step),
        };
      case "switch":
        return this.switch(step);
      case "watch":
        return this.watch(step);
      case "confirm":
        return this.confirm(step);
      case "point-back":
        return this.pointBack(step);
      case "logs":
        return { text: this.byId(step.containerId) === null ? "" : "the container's last words" };
      case "retire":
        return this.retire(step);
      case "record":
        return this.write(() => this.append(step.entry));
      case "retain":
        return this.retain(step.revisions);
      case "unlock":
        this.lock = null;
        return { verdict: "done" };
      case "visit":
        return { status: 200, detail: "" };
      case "consult":
        return this.consult(step.candidate.containerId);
      case "wait":
        this.advance(step.ms);
        return { verdict: "done" };
    }
  }

  observe(): HostView {
    return {
      ...aView(),
      diskFreeBytes: 10_000 * MIB,
      fence: this.fence,
      lock:
        this.lock === null
          ? null
          : {
              holder: this.lock.holder,
              reason: this.lock.reason,
              fence: this.fence,
              remainingMs: Math.max(0, this.lock.expiresMs - this.nowMs),
            },
      pointer: this.pointer,
      guard:
        this.guard === null
          ? null
          : {
              token: this.guard.token,
              fence: this.fence,
              revision: this.guard.revision,
              live: this.guard.live,
              previous: this.guard.previous,
              remainingMs: Math.max(0, this.guard.expiresMs - this.nowMs),
            },
      outcome: this.outcome,
      containers: this.containers.map(describe),
      ledger: [...this.ledger],
      tagged: this.releases.map((record) => record.revision),
      releases: this.releases.map((record) => ({
        ...record,
        imagePresent: this.images.has(record.release.image),
      })),
      proxy: this.proxy,
    };
  }

  private pull(image: string): Answers["pull"] {
    this.advance(1_500);
    if (this.pullFails !== null) return failed(this.pullFails);
    if (this.diskFull) return failed("disk-full");
    this.images.add(image);
    return { verdict: "done" };
  }

  private acquire(step: StepOf<"acquire">): Answers["acquire"] {
    this.advance(20);
    const { lock } = this;
    if (this.diskFull) {
      const reason = "the lock could not be written: no space left on device";
      return { verdict: "held", lock: { holder: "the host itself", reason, fence: 0, remainingMs: 5_000 } };
    }
    if (lock !== null && lock.holder !== step.holder && lock.expiresMs > this.nowMs) {
      return {
        verdict: "held",
        lock: {
          holder: lock.holder,
          reason: lock.reason,
          fence: this.fence,
          remainingMs: lock.expiresMs - this.nowMs,
        },
      };
    }
    this.fence += 1;
    this.lock = {
      holder: step.holder,
      reason: step.reason,
      leaseMs: step.leaseMs,
      expiresMs: this.nowMs + step.leaseMs,
    };
    return { verdict: "granted", fence: this.fence };
  }

  private start(step: StepOf<"start">): Answers["start"] {
    if (this.isNamed(step.slot)) return failed("slot-serving");
    if (this.pointer === null && this.inSlot(step.slot)?.stage === "running") return failed("slot-serving");
    if (!this.images.has(step.release.image)) return failed("image-missing");
    if (this.diskFull) return failed("disk-full");
    let id = "";
    this.inParts([
      () => {
        for (const held of this.containers.filter((container) => container.slot === step.slot))
          this.remove(held, "start");
      },
      () => {
        this.keep(step.revision, step.release);
        this.made += 1;
        id = `container-${this.made}-r${step.revision}`;
        const behaviour = this.behaviourOf(step.release.image);
        this.containers.push(
          createContainer(id, step.slot, step.revision, step.release, behaviour, this.nowMs),
        );
      },
    ]);
    this.advance(300);
    return { verdict: "done", containerId: id };
  }

  private probe(step: Pick<StepOf<"probe">, "slots" | "count" | "intervalMs">): readonly ProbeReport[] {
    // An act that cannot renew its lease does not begin, and without the guardian nobody can ask: nothing is known then.
    if (this.diskFull || this.proxy.guardian !== "running") {
      const silent = { status: null, durationMs: 0, detail: "nobody could ask", commitMatches: false };
      return step.slots.map(({ containerId }) => {
        const container = this.diskFull ? null : this.byId(containerId);
        return { container: container && describe(container), samples: [silent], atMs: 0 };
      });
    }
    const samples = step.slots.map((): ProbeSample[] => []);
    const passed = (taken: readonly ProbeSample[] = []) => taken.every(({ status }) => status === 200);
    for (let round = 0; round < step.count && passed(samples[0]); round++) {
      if (round > 0) this.advance(step.intervalMs);
      for (const [index, { containerId }] of step.slots.entries()) {
        if (passed(samples[index])) samples[index]?.push(this.ask(containerId));
      }
    }
    return step.slots.map(({ containerId }, index) => {
      const container = this.byId(containerId);
      return {
        container: container === null ? null : describe(container),
        samples: samples[index] ?? [],
        atMs: this.nowMs,
      };
    });
  }

  private ask(containerId: string): ProbeSample {
    const container = this.byId(containerId);
    const status = container === null ? null : answersHealth(container, this.nowMs);
    this.tell({ kind: "probed", containerId, passed: status === 200 });
    return {
      status,
      durationMs: 5,
      detail: status === null ? "refused" : "",
      commitMatches: status !== null,
    };
  }

  private switch(step: StepOf<"switch">): Answers["switch"] {
    const container = this.byId(step.containerId);
    if (container === null || container.stage !== "running") return failed("container-gone");
    if (this.nowMs > (step.provenUntilMs ?? Number.POSITIVE_INFINITY)) return failed("step-failed");
    this.advance(Math.min(1_000, Math.max(0, (step.believedFromMs ?? 0) - this.nowMs)));
    return this.write(
      () => {
        container.restartPolicy = "always";
      },
      () => {
        if (step.guard === null) return;
        this.disarm();
        this.guard = {
          token: step.guard.token,
          revision: step.guard.revision,
          live: step.guard.live,
          previous: step.guard.previous,
          expiresMs: this.nowMs + step.guard.leaseMs,
          looksAtMs: this.nowMs + step.guard.leaseMs,
          looks: 0,
          passes: { previous: 0, live: 0 },
          needed: {
            previous: step.previousHealth?.passes ?? 1,
            live: step.health.passes,
          },
        };
      },
      () => this.append(step.entry),
      () => this.point(step.to, "run"),
      () => {
        if (step.guard === null) this.disarm();
      },
    );
  }

  private watch(step: StepOf<"watch">): Answers["watch"] {
    const { guard } = this;
    const asked = this.proxy.guardian === "running";
    const ours = asked && guard !== null && guard.token === step.token;
    const armed = step.token === null || (ours && !this.diskFull);
    if (ours && armed) {
      guard.expiresMs = this.nowMs + step.leaseMs;
      guard.looksAtMs = guard.expiresMs;
    }
    this.advance(asked ? 20 : 5_000);
    const slots = step.standby === null ? [step.live] : [step.live, step.standby];
    const [live, standby] = this.probe({ slots, count: 1, intervalMs: 0 });
    if (live === undefined) throw new Error("a watch looks at the live slot");
    return {
      guard: armed ? "armed" : ours ? "unsaved" : "gone",
      live,
      standby: standby ?? null,
      traffic: this.diskFull ? null : readLog(this.traffic, step.since.offset),
    };
  }

  /** The promotion gate belongs to the runner; here it looks at the release, and takes its time from the switch. */
  private consult(containerId: string): Answers["consult"] {
    const container = this.byId(containerId);
    const gate = container?.behaviour.promotionGate;
    const sinceMs = container?.liveSinceMs ?? this.nowMs;
    if (gate?.afterMs === null || this.nowMs - sinceMs < (gate?.afterMs ?? 0))
      return { verdict: "undecided", reason: "" };
    return { verdict: gate?.says ?? "promote", reason: gate?.says === "veto" ? "it looks wrong" : "" };
  }

  private confirm(step: StepOf<"confirm">): Answers["confirm"] {
    if (step.token !== null && this.guard?.token !== step.token) return failed("guard-gone");
    return this.write(
      () => this.point({ mode: "solo", live: step.live }, "run"),
      () => this.disarm(),
      () => this.append(step.entry),
    );
  }

  private pointBack(step: StepOf<"point-back">): Answers["point-back"] {
    if (this.nowMs > (step.provenUntilMs ?? Number.POSITIVE_INFINITY)) return failed("step-failed");
    return this.write(
      () => this.point({ mode: "solo", live: step.live }, "run"),
      () => this.disarm(),
      () => this.append(step.entry),
      () => {
        for (const container of this.containers)
          container.restartPolicy = container.slot === step.live ? "always" : "no";
      },
    );
  }

  private disarm(): void {
    this.guard = null;
    this.outcome = null;
  }

  private retire(step: StepOf<"retire">): Answers["retire"] {
    const container = this.byId(step.containerId);
    if (container === null) return { verdict: "done" };
    if (this.isNamed(container.slot)) return failed("slot-serving");
    // Without a pointer the last container that runs may be serving.
    const others = this.containers.filter((other) => other !== container && other.stage === "running");
    if (this.pointer === null && container.stage === "running" && others.length === 0)
      return failed("slot-serving");
    if (this.diskFull) return failed("disk-full");
    container.restartPolicy = "no";
    if (step.afterMs > 0) {
      this.reapers.push({ containerId: step.containerId, atMs: this.nowMs + step.afterMs });
      return { verdict: "done" };
    }
    this.remove(container, "retire");
    this.advance(Math.min(step.drainMs, 300));
    return { verdict: "done" };
  }

  private retain(revisions: readonly number[]): Answers["retain"] {
    for (const record of this.releases.filter((kept) => !revisions.includes(kept.revision))) {
      this.tell({ kind: "forgot", revision: record.revision });
      this.releases = this.releases.filter((kept) => kept !== record);
      if (!this.releases.some((kept) => kept.release.image === record.release.image))
        this.images.delete(record.release.image);
    }
    return { verdict: "done" };
  }

  point(to: Pointer, by: "run" | "guardian"): void {
    const from = this.pointer;
    this.pointer = to;
    const live = this.inSlot(to.live);
    if (live !== null) live.liveSinceMs ??= this.nowMs;
    this.tell({ kind: "pointed", from, to, by });
  }

  private reap(): void {
    for (const reaper of this.reapers.filter((due) => due.atMs <= this.nowMs)) {
      this.reapers = this.reapers.filter((waiting) => waiting !== reaper);
      if (this.lock !== null && this.lock.expiresMs > this.nowMs) {
        // Somebody is at work: later.
        this.reapers.push({ ...reaper, atMs: this.nowMs + 20_000 });
        continue;
      }
      const container = this.byId(reaper.containerId);
      // Without a pointer either slot may be serving.
      if (container !== null && this.pointer !== null && !this.isNamed(container.slot))
        this.remove(container, "reaper");
    }
  }

  private remove(container: SimContainer, by: "start" | "retire" | "reaper"): void {
    this.tell({ kind: "removing", container, by });
    this.containers = this.containers.filter((kept) => kept !== container);
  }

  private keep(revision: number, release: Release): void {
    this.releases = [
      ...this.releases.filter((record) => record.revision !== revision),
      { revision, release, imagePresent: true },
    ];
  }

  private append(draft: LedgerDraft): void {
    const entry: LedgerEntry = { ...draft, at: `${this.nowMs}`, fence: this.fence };
    this.ledger.push(entry);
    this.tell({ kind: "wrote", entry });
  }

  private isNamed(slot: Slot): boolean {
    const { pointer } = this;
    return (
      pointer !== null && (pointer.live === slot || (pointer.mode === "pair" && pointer.standby === slot))
    );
  }

  private renewLock(): void {
    if (this.lock !== null && !this.diskFull)
      this.lock.expiresMs = Math.max(this.lock.expiresMs, this.nowMs + this.lock.leaseMs);
  }

  /** Nothing is done on a full disk; the parts are done in this order, and the host may go down between two. */
  private write(...parts: (() => void)[]): { readonly verdict: "done" } | Failure {
    this.advance(20);
    if (this.diskFull) return failed("disk-full");
    this.inParts(parts);
    return { verdict: "done" };
  }

  private inParts(parts: readonly (() => void)[]): void {
    const limit = this.partsBeforeDown;
    this.partsBeforeDown = null;
    for (const [index, part] of parts.entries()) {
      if (limit === index) {
        this.goDown();
        throw new HostWentDown();
      }
      part();
    }
  }
}

/** Where revision 1 was promoted and serves from blue. */
export function aSimulatedHost(
  release: Release,
  behaviours: Readonly<Record<string, Behaviour>> = {},
): SimulatedHost {
  const host = new SimulatedHost(behaviours);
  const container = createContainer(
    "container-0-r1",
    "blue",
    1,
    release,
    host.behaviourOf(release.image),
    host.nowMs - 600_000,
  );
  container.restartPolicy = "always";
  container.liveSinceMs = host.nowMs - 600_000;
  host.fence = 1;
  host.containers = [container];
  host.pointer = { mode: "solo", live: "blue" };
  host.images.add(release.image);
  host.releases = [{ revision: 1, release, imagePresent: true }];
  const entry = {
    at: "",
    fence: 1,
    revision: 1,
    image: release.image,
    commit: null,
    by: "run-0",
    reason: "",
  };
  host.ledger = [
    { ...entry, event: "switched" },
    { ...entry, event: "promoted" },
  ];
  const route = { port: release.runtime.port, healthPath: release.runtime.health.path };
  host.proxy = { ...aView().proxy, site: aSite({ slots: { blue: route, green: route } }) };
  return host;
}

function failed(code: FailureCode): Failure {
  return { verdict: "failed", code, message: `the host says: ${code}` };
}
