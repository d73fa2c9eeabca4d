import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lab, openLab, type Target } from "../lab/lab.js";
import type { TrafficReport } from "../traffic/traffic.js";
import { scenes } from "./scenes.js";
import { announce, perform, type Result, type Scene, table } from "./stage.js";
import { databaseNetwork, databaseUrl, startDatabase } from "./surroundings.js";
import { ranges, requestsPerSecond, type Tokens, type Visitors, visitorsOf } from "./visitors.js";
import { createWorkingCopy } from "./working-copy.js";

const repository = join(import.meta.dirname, "../..");

async function main(): Promise<boolean> {
  const startedAt = performance.now();
  announce("0", "A host, a database, a project", prologue);
  const lab = await openLab({ targets: 0 });
  const target = await lab.freshTarget(`demo-${randomBytes(3).toString("hex")}`);
  const secrets = await mkdtemp(join(tmpdir(), "evenkeel-demo-secrets-"));
  let good = false;
  try {
    const { first, rest, visitors } = await prepare(lab, target, secrets);
    const results: Result[] = [await perform(first, visitors, null)];
    if (!results.every(asExpected)) return report(results, [], startedAt);
    const traffic = await visitors.start();
    console.log(
      `\n  From here on, ${requestsPerSecond} requests per second come through the public address.`,
    );
    for (const scene of rest) results.push(await perform(scene, visitors, traffic));
    const lost = await readBack(visitors, await traffic.stop());
    good = report(results, lost, startedAt);
    return good;
  } finally {
    await rm(secrets, { recursive: true, force: true });
    if (good) await lab.destroyTarget(target);
    else
      console.log(
        `The host ${target.name} (${target.host}) is left as it is; \`npm run lab down\` removes it.`,
      );
  }
}

const prologue = `The lab brings up a real Dagger engine, a registry and a bare host that only knows SSH and Docker.
On the host runs PostgreSQL. The project is a copy of examples/unleash: Unleash, a feature-flag server,
in a git repository of its own. Each step below commits something to it and calls \`dagger call\` as you would.`;

async function prepare(lab: Lab, target: Target, secrets: string) {
  const password = randomBytes(16).toString("hex");
  const tokens: Tokens = {
    admin: `*:*.${randomBytes(16).toString("hex")}`,
    client: `default:development.${randomBytes(16).toString("hex")}`,
  };
  await startDatabase(lab, target, password);
  const environmentFile = join(secrets, "production.env");
  const lines = [
    `DATABASE_URL=${databaseUrl(password)}`,
    `UNLEASH_SECRET=${randomBytes(16).toString("hex")}`,
    `INIT_ADMIN_API_TOKENS=${tokens.admin}`,
    `INIT_BACKEND_API_TOKENS=${tokens.client}`,
  ];
  await writeFile(environmentFile, `${lines.join("\n")}\n`, { mode: 0o600 });
  const copy = await createWorkingCopy(join(repository, "examples/unleash"), {
    image: `${lab.registry}/demo/flags`,
    host: target.host,
    user: target.users.deploy,
    hostKeyLine: target.hostKeyLine,
    network: databaseNetwork,
  });
  const visitors = visitorsOf(`http://${target.host}`, tokens);
  console.log(`  host ${target.host}, account ${target.users.deploy}; project in ${copy.folder}`);
  const [first, ...rest] = scenes({ lab, target, copy, visitors, module: repository, environmentFile });
  return { first: first as Scene, rest, visitors };
}

/** Asks for every flag whose creation was acknowledged; returns those that are not there. */
async function readBack(visitors: Visitors, traffic: TrafficReport): Promise<readonly string[]> {
  announce("10", "Every acknowledged write is read back", epilogue);
  const found = await visitors.readBack();
  const lost = traffic.acknowledged.filter((name) => !found.has(name));
  const there = traffic.acknowledged.filter((name) => found.has(name));
  console.log(`  acknowledged ${traffic.acknowledged.length}, found ${there.length}, missing ${lost.length}`);
  for (const range of ranges(there)) console.log(`    ${range}`);
  for (const name of lost) console.log(`  ✗ missing: ${name}`);
  const unsure = traffic.unacknowledged;
  if (unsure.length > 0) {
    const made = unsure.filter((name) => found.has(name)).length;
    console.log(
      `  answered with an error or not at all: ${unsure.length}, of which ${made} exist all the same`,
    );
  }
  return lost;
}

const epilogue = `While all this happened, the administrator created flags. Each one that Unleash confirmed must be there,
whichever release confirmed it.`;

function asExpected({ differences }: Result): boolean {
  return differences.length === 0;
}

function report(results: readonly Result[], lost: readonly string[], startedAt: number): boolean {
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  const wrong = results.filter((result) => !asExpected(result)).map(({ number }) => number);
  console.log(`\n${table(results)}\n`);
  const good = wrong.length === 0 && lost.length === 0;
  if (good) console.log(`Everything came out as it should, in ${minutes} min.`);
  if (wrong.length > 0) console.log(`Not as it should be: step ${wrong.join(", ")}. It took ${minutes} min.`);
  if (lost.length > 0) console.log(`${lost.length} acknowledged writes are missing.`);
  return good;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(130)); // so that what runs for us is ended, too
}
main().then(
  (good) => process.exit(good ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
