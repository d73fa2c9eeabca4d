/**
 * How long a deploy takes over the library path, bake excluded: nothing to do, a new version with a layer of
 * 1 MB, the first one on a bare host; where the time goes, and how often the host is spoken to. Medians of
 * several runs, printed with their spread.
 */
import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import { openLab, type Target } from "../../ci/lab/lab.js";
import { deploy, parseConfig, type Reporter } from "../../src/index.js";
import { buildVersions, settingsOf } from "./bench-app.js";
import { print, surroundings } from "./print.js";

const RUNS = 7;
const FIRSTS = 3;
/** Steps that are asked of no host. */
const LOCAL = ["wait", "visit"];
const lab = await openLab();
const target = await lab.freshTarget();
try {
  const images = await buildVersions(lab, RUNS + 1);
  const firsts: Run[] = [];
  for (const image of images.slice(0, FIRSTS)) {
    const bare = await lab.freshTarget();
    try {
      firsts.push(await timed(bare, image));
    } finally {
      await lab.destroyTarget(bare);
    }
    process.stderr.write(`${firsts.length} of ${FIRSTS} first deploys\n`);
  }
  const versions: Run[] = [];
  const noops: Run[] = [];
  for (const [index, image] of images.entries()) {
    const run = await timed(target, image);
    if (index > 0) versions.push(run);
    noops.push(await timed(target, image));
    process.stderr.write(`${index + 1} of ${images.length} versions deployed\n`);
  }
  print(
    "nothing to do, from the call to its end",
    noops.map((run) => run.totalMs),
  );
  print(
    "first deploy on a bare host, bake excluded",
    firsts.map((run) => run.totalMs - run.bakeMs),
  );
  printSteps(firsts);
  print(
    "new version with a 1 MB layer, bake excluded",
    versions.map((run) => run.totalMs - run.bakeMs),
  );
  print(
    "  of which the SSH connection and all before the first step",
    versions.map((run) => run.connectMs),
  );
  printSteps(versions);
  console.log("\nper deploy                     SSH handshakes   round trips   of which in the bake");
  for (const [what, runs] of Object.entries({
    "nothing to do": noops,
    first: firsts,
    "new version": versions,
  }))
    console.log(
      `  ${what.padEnd(28)} ${spread(runs, (run) => run.handshakes)} ${spread(runs, (run) => run.trips)} ${spread(runs, (run) => run.bakeTrips)}`,
    );
  console.log(`\n${RUNS} runs each, ${FIRSTS} first deploys; ${surroundings()}`);
  console.log("Kamal 2.12.0, measured on another day: new version 3.26 s, the same version again 3.29 s");
} finally {
  await lab.destroyTarget(target);
}

interface Run {
  readonly totalMs: number;
  readonly bakeMs: number;
  readonly connectMs: number;
  /** Outside the bake. */
  readonly steps: ReadonlyMap<string, number>;
  readonly handshakes: number;
  readonly trips: number;
  readonly bakeTrips: number;
}

async function timed(host: Target, image: string): Promise<Run> {
  const before = await handshakes(host);
  const started = performance.now();
  const steps = new Map<string, number>();
  let connectMs = 0;
  let bakeMs = 0;
  let baking = 0;
  let trips = 0;
  let bakeTrips = 0;
  const reporter: Reporter = {
    note: () => {},
    summary: () => {},
    phase: ({ at }) => {
      if (at.phase === "baking" && baking === 0) baking = performance.now();
    },
    step: ({ kind, tookMs }) => {
      connectMs ||= performance.now() - started - tookMs;
      if (baking > 0 && bakeMs === 0 && kind === "confirm") bakeMs = performance.now() - tookMs - baking;
      const inBake = baking > 0 && bakeMs === 0;
      if (!inBake) steps.set(kind, (steps.get(kind) ?? 0) + tookMs);
      if (LOCAL.includes(kind)) return;
      trips += 1;
      if (inBake) bakeTrips += 1;
    },
  };
  const config = parseConfig(stringify(settingsOf([image], { test: host })), { file: "evenkeel.yaml" });
  await deploy(config, {
    image,
    untested: true,
    reporter,
    credentials: { sshKey: readFileSync(host.privateKeyPath, "utf8") },
  });
  const totalMs = performance.now() - started;
  return {
    ...{ totalMs, bakeMs, connectMs, steps, trips, bakeTrips },
    handshakes: (await handshakes(host)) - before,
  };
}

/** How many logins the host's sshd has seen. */
async function handshakes(host: Target): Promise<number> {
  const { stdout } = await lab.onTarget(host, ["grep", "-c", "Accepted publickey", "/var/log/sshd.log"]);
  return Number(stdout);
}

function printSteps(runs: readonly Run[]): void {
  for (const kind of new Set(runs.flatMap((run) => [...run.steps.keys()])))
    print(
      `  ${kind}`,
      runs.map((run) => run.steps.get(kind) ?? 0),
    );
}

/** One number where all are the same, else the least and the most. */
function spread(runs: readonly Run[], number: (run: Run) => number): string {
  const values = runs.map(number);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${least === most ? least : `${least}–${most}`}`.padStart(14);
}
