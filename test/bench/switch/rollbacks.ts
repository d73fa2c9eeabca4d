import { setTimeout as pause } from "node:timers/promises";
import { now, startTraffic } from "../../../ci/traffic/traffic.js";
import type { Evenkeel } from "./evenkeel.js";
import { countsOf } from "./measure.js";
import { type Load, trafficOf } from "./run.js";

export interface RollbackFigures {
  /** From the call until the last request was sent that the release answered which is gone back from. */
  readonly lastSentMs: number;
  readonly requests: number;
  readonly failed: number;
}

/** Deploys a release and goes back from it by hand to the one that is still running, under load. */
export async function rollBackOnce(
  evenkeel: Evenkeel,
  version: string,
  load: Load,
): Promise<RollbackFigures> {
  await evenkeel.deploy(version);
  const traffic = await startTraffic(trafficOf(evenkeel.url, load));
  try {
    await pause(500);
    const at = now();
    await evenkeel.rollback();
    await traffic.mark("end");
    const samples = await traffic.samples();
    const left = samples.filter(({ answeredBy }) => answeredBy === version);
    const { requests, failed } = countsOf(samples);
    return {
      lastSentMs: left.reduce((most, { dueAt, lagMs }) => Math.max(most, dueAt + lagMs - at), 0),
      ...{ requests, failed: failed.GET + failed.POST },
    };
  } finally {
    await traffic.stop();
  }
}
