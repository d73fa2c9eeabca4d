import { setTimeout as pause } from "node:timers/promises";
import { now, type Sample, startTraffic } from "../../../ci/traffic/traffic.js";
import { EvenkeelError } from "../../../src/index.js";
import type { Evenkeel } from "./evenkeel.js";
import { endOf } from "./measure.js";
import type { Mechanism } from "./mechanism.js";
import { type Load, trafficOf, untilAnsweredBy } from "./run.js";
import type { Stage } from "./stage.js";

/** What becomes of a release right after the switch, and the signal that does it to the app. */
export const faults = { killed: "KILL", hung: "STOP", "answers 500": "USR2" } as const;
export type Fault = keyof typeof faults;

/** The release is spoiled so long after the first answer by it, and watched for so long. */
const SPOILED_AFTER_MS = 500;
export const WATCHED_MS = 10_000;

export interface FaultFigures {
  readonly mechanism: string;
  readonly fault: Fault;
  readonly GET: Answered;
  readonly POST: Answered;
}

interface Answered {
  readonly requests: number;
  readonly failed: number;
  /** From the fault until the last request was due that failed; null when that went on to the end. */
  readonly servedAgainMs: number | null;
  /** The longest that an answer was waited for that did come. */
  readonly slowestMs: number;
}

/** Switches a peer to the other release and spoils that: nothing in it goes back by itself. */
export async function spoilPeer(
  stage: Stage,
  peer: Mechanism,
  fault: Fault,
  load: Load,
): Promise<FaultFigures> {
  return watched(stage, peer, fault, load, async (spoil) => {
    await peer.switchTo("green");
    await untilAnsweredBy(peer.url, "green");
    await spoil(peer.container("green"));
    await pause(WATCHED_MS);
  });
}

/** Deploys a release and spoils it: the deploy itself has to notice, and to go back. */
export async function spoilDeploy(stage: Stage, evenkeel: Evenkeel, fault: Fault, load: Load) {
  return watched(stage, evenkeel, fault, load, async (spoil) => {
    let spoiled: Promise<void> | undefined;
    const deployed = evenkeel.deploy(fault, () => {
      spoiled = evenkeel.live().then(spoil);
    });
    await deployed.then(
      () => Promise.reject(new Error(`the deploy of a release that was ${fault} ended well`)),
      (error) => (error instanceof EvenkeelError ? undefined : Promise.reject(error)),
    );
    await spoiled;
    await untilAnsweredBy(evenkeel.url, "green");
  });
}

async function watched(
  { docker }: Stage,
  mechanism: Mechanism,
  fault: Fault,
  load: Load,
  work: (spoil: (container: string) => Promise<void>) => Promise<void>,
): Promise<FaultFigures> {
  const traffic = await startTraffic(trafficOf(mechanism.url, load));
  let from = 0;
  try {
    await work(async (container) => {
      await pause(SPOILED_AFTER_MS);
      from = now();
      await docker("kill", "--signal", faults[fault], container);
    });
    await pause(Math.max(0, from + WATCHED_MS - now()));
    await traffic.mark("end");
    const samples = (await traffic.samples()).filter(
      (sample) => endOf(sample) >= from && sample.dueAt < from + WATCHED_MS,
    );
    const of = (kind: Sample["kind"]) =>
      answered(
        samples.filter((sample) => sample.kind === kind),
        from,
      );
    return { mechanism: mechanism.name, fault, GET: of("read"), POST: of("write") };
  } finally {
    await traffic.stop();
  }
}

function answered(samples: readonly Sample[], from: number): Answered {
  const failed = samples.filter(({ failure }) => failure !== null);
  const last = failed.reduce((latest, { dueAt }) => Math.max(latest, dueAt - from), 0);
  return {
    requests: samples.length,
    failed: failed.length,
    servedAgainMs: last > WATCHED_MS - 500 ? null : last,
    slowestMs: samples.reduce(
      (most, { failure, durationMs }) => (failure === null ? Math.max(most, durationMs) : most),
      0,
    ),
  };
}
