/**
 * How long a deploy takes over `dagger call`: nothing to do, a new version with a layer of 1 MB, the first one on a
 * bare host; beside the least that any function of the module takes, which is to start and to read the
 * configuration. Medians of several runs with their spread; the phases are the run's own.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { execute } from "../../ci/lab/command.js";
import { openLab, type Target } from "../../ci/lab/lab.js";
import { createProject } from "../e2e/support/committed-project.js";
import { buildVersions, settingsOf } from "./bench-app.js";
import { print, surroundings } from "./print.js";

const RUNS = 7;
const FIRSTS = 3;
const root = resolve(import.meta.dirname, "../..");
const lab = await openLab();
const target = await lab.freshTarget();
const bare: Target[] = [];
const folder = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));
const key = join(folder, ".git", "key");
try {
  for (let index = 0; index < FIRSTS; index++) bare.push(await lab.freshTarget());
  const versions = await buildVersions(lab, RUNS + 1);
  const hosts = { test: target, ...Object.fromEntries(bare.map((host, index) => [`bare${index}`, host])) };
  await createProject(
    folder,
    { lab, target, app: "bench" },
    { "evenkeel.yaml": stringify(settingsOf(versions, hosts)) },
  );
  copyFileSync(target.privateKeyPath, key);

  // The engine loads the module, and the host gets the layers that all versions share.
  await deploy("test", versions[0] ?? "");
  const firsts: Run[] = [];
  for (const index of bare.keys()) {
    firsts.push(await deploy(`bare${index}`, versions[0] ?? ""));
    process.stderr.write(`${index + 1} of ${FIRSTS} first deploys\n`);
  }
  const trivials: number[] = [];
  const noops: Run[] = [];
  const news: Run[] = [];
  for (const [index, version] of versions.slice(1).entries()) {
    news.push(await deploy("test", version));
    noops.push(await deploy("test", version));
    trivials.push((await call(["host-key", "--environment=nowhere"])).tookMs);
    process.stderr.write(`${index + 1} of ${RUNS} versions deployed\n`);
  }
  print("dagger call: a function that only reads the configuration", trivials);
  printRuns("dagger call: deploy --image of what already serves", noops);
  print(
    "  of which more than the function that only reads",
    noops.map(({ totalMs }, run) => totalMs - (trivials[run] ?? 0)),
  );
  printRuns("dagger call: a new version with a 1 MB layer, bake excluded", news);
  printRuns("dagger call: the first on a bare host, bake excluded", firsts);
  console.log(`${RUNS} runs each, ${FIRSTS} first deploys; ${surroundings()}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
  for (const host of [target, ...bare]) await lab.destroyTarget(host);
}

interface Run {
  /** From the call to its end, without the bake. */
  readonly totalMs: number;
  /** As the run says them, in tenths of a second; without the bake. */
  readonly phases: ReadonlyMap<string, number>;
}

async function deploy(environment: string, image: string): Promise<Run> {
  const words = [`--environment=${environment}`, `--image=${image}`, "--untested", `--ssh-key=file://${key}`];
  const { code, said, tookMs } = await call(["deploy", ...words]);
  const took = /took [\d.]+ s: ([\w., ]+)/.exec(said)?.[1];
  if (code !== 0 || took === undefined) throw new Error(said);
  const phases = new Map(
    [...took.matchAll(/(\w+) ([\d.]+) s/g)].map(([, name = "", s]) => [name, Number(s) * 1000]),
  );
  const bakeMs = phases.get("bake") ?? 0;
  phases.delete("bake");
  return { totalMs: tookMs - bakeMs, phases };
}

function printRuns(what: string, runs: readonly Run[]): void {
  print(
    what,
    runs.map(({ totalMs }) => totalMs),
  );
  for (const name of new Set(runs.flatMap(({ phases }) => [...phases.keys()])))
    print(
      `  ${name}`,
      runs.map(({ phases }) => phases.get(name) ?? 0),
    );
}

async function call(args: readonly string[]) {
  const started = performance.now();
  const { code, stdout, stderr } = await execute(
    ["dagger", "--progress=plain", "call", "-m", root, "--source=.", ...args],
    { cwd: folder, env: lab.env },
  );
  return { tookMs: performance.now() - started, code, said: `${stdout}\n${stderr}` };
}
