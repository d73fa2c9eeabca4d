/**
 * How long a deploy takes over the library path, bake excluded: nothing to do, a new version with a layer of
 * 1 MB, and where the time goes. Medians of several runs on one host, printed with their spread.
 */
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Lab, openLab, type Target } from "../../ci/lab/lab.js";
import { deploy, parseConfig, type Reporter } from "../../src/index.js";
import { pushed } from "../support/lab-registry.js";
import { print } from "./print.js";

const RUNS = 7;
const lab = await openLab();
const target = await lab.freshTarget("bench");
try {
  const images = await buildVersions(lab, RUNS + 1);
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
    "new version with a 1 MB layer, bake excluded",
    versions.map((run) => run.totalMs - run.bakeMs),
  );
  print(
    "of which the SSH connection and all before the first step",
    versions.map((run) => run.connectMs),
  );
  const kinds = [...new Set(versions.flatMap((run) => [...run.steps.keys()]))];
  for (const kind of kinds)
    print(
      `  ${kind}`,
      versions.map((run) => run.steps.get(kind) ?? 0),
    );
  console.log(`${RUNS} runs each; ${process.arch}, Node ${process.version}`);
} finally {
  await lab.destroyTarget(target);
}

interface Run {
  readonly totalMs: number;
  readonly bakeMs: number;
  readonly connectMs: number;
  readonly steps: ReadonlyMap<string, number>;
}

async function timed(host: Target, image: string): Promise<Run> {
  const started = performance.now();
  const steps = new Map<string, number>();
  let connectMs = 0;
  let bakeMs = 0;
  let baking = 0;
  const reporter: Reporter = {
    note: () => {},
    summary: () => {},
    phase: ({ at }) => {
      if (at.phase === "baking" && baking === 0) baking = performance.now();
    },
    step: ({ kind, tookMs }) => {
      connectMs ||= performance.now() - started - tookMs;
      if (baking > 0 && bakeMs === 0 && kind === "confirm") bakeMs = performance.now() - tookMs - baking;
      if (baking === 0 || bakeMs > 0) steps.set(kind, (steps.get(kind) ?? 0) + tookMs);
    },
  };
  await deploy(configOf(host, image), {
    image,
    untested: true,
    reporter,
    credentials: { sshKey: readFileSync(host.privateKeyPath, "utf8") },
  });
  return { totalMs: performance.now() - started, bakeMs, connectMs, steps };
}

function configOf(host: Target, image: string) {
  const text = `
app: bench
image: ${image.replace(/@.*/, "")}
container: { port: 3000, drain: 1s }
health: { interval: 100ms, passes: 3 }
bake: { duration: 1s, interval: 200ms, minimumSamples: 3 }
environments:
  test:
    host: ${host.host}
    port: ${host.port}
    user: root
    knownHosts: ${JSON.stringify(host.hostKeyLine)}
`;
  return parseConfig(text, { file: "evenkeel.yaml" });
}

/** Images that differ from each other in one layer of 1 MB that does not compress. */
async function buildVersions(from: Lab, count: number): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));
  try {
    copyFileSync(
      fileURLToPath(new URL("../e2e/support/app/server.js", import.meta.url)),
      join(folder, "server.js"),
    );
    writeFileSync(
      join(folder, "Dockerfile"),
      `FROM ${from.nodeImage}\nCOPY server.js /app/server.js\nCOPY layer /app/layer\nCMD ["node", "/app/server.js"]\n`,
    );
    const images: string[] = [];
    for (let index = 0; index < count; index++) {
      writeFileSync(join(folder, "layer"), randomBytes(1024 * 1024));
      const name = `evenkeel-lab-bench:${index}`;
      await from.docker("build", "--quiet", "--tag", name, folder);
      images.push(await pushed(from, name, `bench/app:${index}`));
    }
    return images;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
