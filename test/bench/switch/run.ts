import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { now, type Sample, startTraffic, type TrafficOptions } from "../../../ci/traffic/traffic.js";
import { type Cut, holdConnections } from "./long-connections.js";
import type { Switch } from "./measure.js";
import { type Mechanism, otherSlot, type Slot } from "./mechanism.js";

export interface Load {
  readonly perSecond: number;
}

/** What happened while one mechanism switched to and fro. */
export interface Ran {
  readonly switches: readonly Switch[];
  readonly samples: readonly Sample[];
  readonly cuts: readonly Cut[];
}

/** From one command to the next, or more where the mechanism takes longer. */
const PERIOD_MS = 600;
/** Without any switch, before the first. */
const CALM_MS = 8_000;
const TOLD_EVERY_MS = 10_000;

/** Half GETs and half POSTs, half of each on kept and on new connections; see ci/traffic. */
export function trafficOf(url: string, { perSecond }: Load): TrafficOptions {
  const shape = { path: "/", mustContain: "version" };
  return {
    ...{ url, perSecond, timeoutMs: 5_000, read: shape },
    write: { ...shape, body: "{name}", namePrefix: "order", share: 0.5 },
  };
}

/** Switches under load, each once the one before has taken effect. */
export async function switchOften(
  mechanism: Mechanism,
  count: number,
  load: Load,
  say: (progress: string) => void,
): Promise<Ran> {
  const { url } = mechanism;
  const first = (await answeredBy(url)) === "blue" ? "green" : "blue";
  await untilAnsweredBy(url, otherSlot(first));
  const traffic = await startTraffic(trafficOf(url, load));
  const held = holdConnections(url);
  const samples: Sample[] = [];
  const switches: Switch[] = [];
  try {
    await pause(CALM_MS);
    let toldAt = now();
    let to: Slot = first;
    for (let left = count; left > 0; left--) {
      const [at, open] = [now(), held.open()];
      await mechanism.switchTo(to);
      switches.push({ at, to, commandMs: now() - at, held: open });
      await untilAnsweredBy(url, to);
      await pause(Math.max(0, at + PERIOD_MS - now()));
      to = otherSlot(to);
      if (now() - toldAt < TOLD_EVERY_MS && left > 1) continue;
      toldAt = now();
      for (const sample of await traffic.samples()) samples.push(sample);
      const failed = samples.filter(({ failure }) => failure !== null).length;
      say(
        `${switches.length} of ${count} switches, ${failed} of ${samples.length} requests failed, ${held.cuts.length} long connections cut, ${held.open()} open`,
      );
    }
    await traffic.mark("end");
    for (const sample of await traffic.samples()) samples.push(sample);
    return { switches, samples, cuts: [...held.cuts] };
  } finally {
    held.close();
    await traffic.stop();
  }
}

/** Waits until the address is answered by a release. */
export async function untilAnsweredBy(url: string, slot: Slot): Promise<void> {
  const deadline = now() + 30_000;
  while ((await answeredBy(url)) !== slot) {
    if (now() > deadline) throw new Error(`${url} is not answered by ${slot} after 30 s`);
    await pause(20);
  }
}

function answeredBy(url: string): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get(`${url}/health`, { agent: false, timeout: 5_000 }, (response) => {
      response.resume().on("error", () => resolve(null));
      response.on("end", () => resolve(response.headers["x-answered-by"]?.toString() ?? null));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(null));
  });
}
