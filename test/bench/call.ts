/**
 * What `dagger call … deploy --image=…` of what already serves costs beyond the least that any function of the
 * module does, which is to start and to read the configuration. Alternating runs on one host; medians with
 * their spread.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { execute } from "../../ci/lab/command.js";
import { openLab } from "../../ci/lab/lab.js";
import { createProject } from "../e2e/support/committed-project.js";
import { appImage } from "../e2e/support/image.js";
import { print, surroundings } from "./print.js";

const RUNS = 9;
const root = resolve(import.meta.dirname, "../..");
const lab = await openLab();
const target = await lab.freshTarget("bench-call");
const folder = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));
try {
  const { repository, reference } = await appImage(lab);
  const settings = {
    app: "bench",
    image: repository,
    container: { port: 3000 },
    bake: { duration: "1s", interval: "500ms", minimumSamples: 2 },
    environments: { test: { host: target.host, user: "root", knownHosts: "known_hosts" } },
  };
  await createProject(folder, { lab, target, app: "bench" }, { "evenkeel.yaml": stringify(settings) });
  copyFileSync(target.privateKeyPath, join(folder, ".git", "key"));
  const words = ["deploy", "--environment=test", `--image=${reference}`, "--untested"];
  const deploy = [...words, `--ssh-key=file://${join(folder, ".git", "key")}`];
  const least = ["host-key", "--environment=nowhere"];

  const first = await call(deploy);
  if (first.code !== 0) throw new Error(first.said);
  const nothing: number[] = [];
  const trivial: number[] = [];
  for (let run = 1; run <= RUNS; run++) {
    trivial.push((await call(least)).tookMs);
    const again = await call(deploy);
    if (!/nothing to do/i.test(again.said)) throw new Error(again.said);
    nothing.push(again.tookMs);
    process.stderr.write(`${run} of ${RUNS} runs\n`);
  }
  print("dagger call: a function that only reads the configuration", trivial);
  print("dagger call: deploy --image of what already serves", nothing);
  print(
    "of which more than the function that only reads",
    nothing.map((tookMs, run) => tookMs - (trivial[run] ?? 0)),
  );
  console.log(`${RUNS} runs each; ${surroundings()}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
  await lab.destroyTarget(target);
}

async function call(args: readonly string[]) {
  const started = performance.now();
  const { code, stdout, stderr } = await execute(
    ["dagger", "--progress=plain", "call", "-m", root, "--source=.", ...args],
    { cwd: folder, env: lab.env },
  );
  return { tookMs: performance.now() - started, code, said: `${stdout}\n${stderr}` };
}
