/**
 * `npm run sweep`: a real host under constant traffic, and a runner that is killed, or whose connection is cut or
 * silently dropped, at every step of a deploy, of a rollback and of a recovery. After each the host must come
 * to rest, by itself or with the next run, and no visitor may notice anything.
 */
import { parseArgs } from "node:util";
import { openLab, type Target } from "../lab/lab.js";
import { type Findings, type Lane, openBareLane, openLane } from "./lane.js";
import { everyPoint, nameOf, type Point, pointNamed, type Rehearsals, runKinds, sample } from "./points.js";

const options = read();
const lab = await openLab();
const hosts: Target[] = [];
const bareLanes: Lane[] = [];
const lanes: Lane[] = [];
try {
  console.log(`${options.lanes} apps are being deployed`);
  // A quarter of all points, of which each takes longer; each lane has a host of its own.
  for (let index = 0; index < Math.ceil(options.lanes / 3); index++)
    bareLanes.push(await openBareLane(await openHost(), 0));
  // One brings the host's proxy; the others need not wait for each other.
  const shared = await openHost();
  lanes.push(await openLane(shared, 1));
  const more = Array.from({ length: options.lanes - 1 }, (_, index) => index + 2);
  await Promise.all(more.map(async (index) => lanes.push(await openLane(shared, index))));
  const rehearsals = await rehearse(lanes[0] as Lane);
  const points = choose(rehearsals);
  console.log(`${points.length} points, seed ${options.seed}`);
  const started = performance.now();
  const found = await sweep(points, rehearsals);
  summarise(found, (performance.now() - started) / 1000);
} finally {
  for (const lane of [...bareLanes, ...lanes]) await lane.close();
  for (const host of hosts) await lab.destroyTarget(host);
}

async function openHost(): Promise<Target> {
  const host = await lab.freshTarget();
  hosts.push(host);
  return host;
}

function read() {
  const { values } = parseArgs({
    options: {
      points: { type: "string" },
      offsets: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      lanes: { type: "string", default: "6" },
      part: { type: "string", default: "1/1" },
      run: { type: "string" },
      only: { type: "string" },
    },
  });
  const whole = (name: string, said: string, least: number) => {
    const value = Number(said);
    if (Number.isInteger(value) && value >= least) return value;
    return refuse(`--${name} is ${said}, and takes a whole number from ${least} on`);
  };
  const only = values.only === undefined ? null : pointNamed(values.only);
  if (values.only !== undefined && only === null)
    refuse(
      `--only is ${values.only}, and takes a point as this command names it, deploy/kill/after/7/at-once`,
    );
  const [, nth = 1, parts = 1] = /^(\d+)\/(\d+)$/.exec(values.part)?.map(Number) ?? [0, 0];
  if (nth < 1 || nth > parts)
    refuse(`--part is ${values.part}, and takes one of several parts of the whole, such as 2/6`);
  const run = runKinds.find((kind) => kind === values.run) ?? null;
  if (values.run !== undefined && run === null)
    refuse(`--run is ${values.run}, and takes what is disturbed: ${runKinds.join(", ")}`);
  return {
    ...{ run, part: { nth, parts } },
    only,
    points: values.points === undefined ? Number.POSITIVE_INFINITY : whole("points", values.points, 1),
    offsets: whole("offsets", values.offsets, 0),
    seed: whole("seed", values.seed, 0),
    lanes: only === null ? whole("lanes", values.lanes, 1) : 1,
  };
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

async function rehearse(lane: Lane): Promise<Rehearsals> {
  // The order of the runs of one app matters; first deploys are of another, on a host of its own.
  const inOrder = async () => ({
    deploy: await lane.rehearse("deploy"),
    rollback: await lane.rehearse("rollback"),
    recovery: await lane.rehearse("recovery"),
  });
  const [others, first] = await Promise.all([inOrder(), (bareLanes[0] as Lane).rehearse("first")]);
  const all = { ...others, first };
  for (const [kind, { steps, bytes }] of Object.entries(all)) {
    const names = steps.map((step) => step.kind).join(" ");
    console.log(
      `${kind}: ${steps.length} steps, ${bytes.toHost} bytes there, ${bytes.toRunner} back: ${names}`,
    );
  }
  return all;
}

function choose(rehearsals: Rehearsals): readonly Point[] {
  if (options.only !== null) return [options.only];
  const all = everyPoint(rehearsals, options.offsets, options.seed);
  const { nth, parts } = options.part;
  return sample(all, options.points, options.seed)
    .filter((_, index) => index % parts === nth - 1)
    .filter(({ run }) => options.run === null || run === options.run);
}

async function sweep(points: readonly Point[], rehearsals: Rehearsals): Promise<readonly Findings[]> {
  const found: Findings[] = [];
  const work = async (lane: Lane, left: Point[]) => {
    for (let point = left.shift(); point !== undefined; point = left.shift()) {
      const findings = await lane.disturb(point, rehearsals[point.run]);
      found.push(findings);
      tell(point, findings, `${found.length} of ${points.length}`);
    }
  };
  const first = points.filter(({ run }) => run === "first");
  const others = points.filter(({ run }) => run !== "first");
  await Promise.all([
    ...bareLanes.map((lane) => work(lane, first)),
    ...lanes.map((lane) => work(lane, others)),
  ]);
  return found;
}

function tell(point: Point, { wrong, story, aloneMs, nextMs, requests }: Findings, count: string): void {
  const alone = aloneMs === null ? "" : `; by itself after ${aloneMs} ms`;
  console.log(
    `${count}  ${wrong.length === 0 ? "ok   " : "WRONG"}  ${nameOf(point)}: ${story}${alone}; next run ${nextMs} ms; ${requests} requests`,
  );
  for (const what of wrong) console.log(`       ${what}`);
  if (wrong.length > 0) console.log(`       see it again: npm run sweep -- --only ${nameOf(point)}`);
}

function summarise(found: readonly Findings[], seconds: number): void {
  const wrong = found.filter((one) => one.wrong.length > 0).length;
  const sum = (of: (one: Findings) => number) => found.reduce((total, one) => total + of(one), 0);
  const times = (name: string, ms: readonly number[]) => {
    const sorted = [...ms].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    console.log(`${name}: median ${at(0.5)} ms, at most ${at(1)} ms (${sorted.length} times)`);
  };
  times(
    "the host left a pair by itself, the guardian's lease of 15 s included",
    found.flatMap(({ aloneMs }) => (aloneMs === null ? [] : [aloneMs])),
  );
  times(
    "the next run decided an unconfirmed switch",
    found.flatMap(({ settledMs }) => (settledMs === null ? [] : [settledMs])),
  );
  times(
    "the next run as a whole, its bake excluded",
    found.map(({ nextMs }) => nextMs),
  );
  console.log(`${sum((one) => one.requests)} requests, ${sum((one) => one.failed)} failed`);
  console.log(
    `${found.length} points in ${seconds.toFixed(0)} s: ${wrong === 0 ? "all as it must be" : `${wrong} WRONG`}`,
  );
  process.exitCode = wrong === 0 && found.length > 0 ? 0 : 1;
}
