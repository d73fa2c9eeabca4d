/**
 * The switch, beside its peers: the same load over many switches of each, in one run; then a release that
 * breaks right after the switch. `--switches N`, `--per-second N`, `--only NAME` (may be repeated),
 * `--logs FOLDER` for one JSON line of each switch.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { surroundings } from "./print.js";
import { type Evenkeel, openEvenkeel } from "./switch/evenkeel.js";
import { type Fault, type FaultFigures, faults, spoilDeploy, spoilPeer } from "./switch/faults.js";
import { HELD } from "./switch/long-connections.js";
import { figuresOf } from "./switch/measure.js";
import type { Mechanism } from "./switch/mechanism.js";
import { openPeer, peerNames } from "./switch/peers.js";
import { type RollbackFigures, rollBackOnce } from "./switch/rollbacks.js";
import { type Load, switchOften } from "./switch/run.js";
import { openStage, type Stage } from "./switch/stage.js";
import { faultTable, type SwitchRow, switchRow, switchTable } from "./switch/tables.js";
import { targetTable } from "./switch/targets.js";

const ROLLBACKS = 7;
const names = ["evenkeel", ...peerNames];
const { switches, load, only, log } = readOptions();
const started = performance.now();
const programs: string[] = [];
const switchRows: SwitchRow[] = [];
const faultRows: FaultFigures[] = [];
const rollbacks: RollbackFigures[] = [];

const stage = await openStage();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void stage.close().finally(() => process.exit(1)));
try {
  if (only.includes("evenkeel")) await benchEvenkeel();
  for (const name of peerNames.filter((peer) => only.includes(peer))) await benchPeer(name);
} finally {
  await stage.close();
}
console.log(report());

async function benchEvenkeel(): Promise<void> {
  say("evenkeel: two deploys, which install the proxy");
  const evenkeel = await openEvenkeel(stage);
  await benchSwitches(evenkeel, switches);
  // As the ledger has it, before deploys go on from there.
  await evenkeel.switchTo("green");
  for (const fault of Object.keys(faults) as Fault[])
    await benchFault(evenkeel, fault, () => spoilDeploy(stage, evenkeel, fault, load));
  await benchRollbacks(evenkeel);
  await evenkeel.close();
}

async function benchPeer(name: string): Promise<void> {
  await withPeer(stage, name, (peer) => benchSwitches(peer, Math.min(switches, 100)));
  for (const fault of Object.keys(faults) as Fault[])
    await withPeer(stage, name, (peer) => benchFault(peer, fault, () => spoilPeer(stage, peer, fault, load)));
}

async function withPeer(on: Stage, name: string, work: (peer: Mechanism) => Promise<void>): Promise<void> {
  const peer = await openPeer(on, name);
  await work(peer);
  await peer.close();
}

async function benchSwitches(mechanism: Mechanism, count: number): Promise<void> {
  const { name } = mechanism;
  programs.push(mechanism.program);
  const ran = await switchOften(mechanism, count, load, (progress) => say(`${name}: ${progress}`));
  const figures = figuresOf(ran.switches, ran.samples, ran.cuts);
  for (const one of figures) log({ what: "switch", mechanism: name, ...one });
  const row = switchRow(name, ran, figures);
  log({ what: "switches", ...row });
  switchRows.push(row);
}

async function benchFault(mechanism: Mechanism, fault: Fault, spoil: () => Promise<FaultFigures>) {
  say(`${mechanism.name}: the new release ${fault} after the switch`);
  const row = await spoil();
  log({ what: "fault", ...row });
  faultRows.push(row);
}

async function benchRollbacks(evenkeel: Evenkeel): Promise<void> {
  for (let run = 1; run <= ROLLBACKS; run++) {
    say(`evenkeel: rollback ${run} of ${ROLLBACKS}`);
    const figures = await rollBackOnce(evenkeel, `left-${run}`, load);
    log({ what: "rollback", ...figures });
    rollbacks.push(figures);
  }
}

function report(): string {
  const minutes = Math.round((performance.now() - started) / 60_000);
  const [evenkeel] = switchRows;
  return [
    `${surroundings()}; ${minutes} minutes`,
    `${programs.join(", ")}. ${load.perSecond} requests a second, ${HELD.webSockets} WebSockets and ${HELD.downloads} downloads of 20 s held open.`,
    switchTable(switchRows),
    faultTable(faultRows),
    ...(evenkeel?.mechanism === "evenkeel" ? [targetTable(evenkeel, faultRows, rollbacks)] : []),
  ].join("\n\n");
}

function say(what: string): void {
  process.stderr.write(`${new Date().toTimeString().slice(0, 8)} ${what}\n`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      switches: { type: "string", default: "1000" },
      "per-second": { type: "string", default: "400" },
      only: { type: "string", multiple: true, default: names },
      logs: { type: "string" },
    },
  });
  const refuse = (why: string): never => {
    console.error(why);
    process.exit(2);
  };
  const whole = (name: "switches" | "per-second") => {
    const value = Number(values[name]);
    return Number.isInteger(value) && value > 0 ? value : refuse(`--${name} takes a whole number from 1 on`);
  };
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) refuse(`--only takes one of: ${names.join(", ")}; not ${unknown}`);
  return {
    switches: whole("switches"),
    load: { perSecond: whole("per-second") } satisfies Load,
    only: values.only,
    log: values.logs === undefined ? () => {} : logInto(values.logs, refuse),
  };
}

/** One JSON line for everything that was measured, in a file of this run. */
function logInto(folder: string, refuse: (why: string) => never): (line: object) => void {
  const root = resolve(import.meta.dirname, "../..");
  if (!relative(root, resolve(folder)).startsWith("..")) refuse(`--logs takes a folder outside ${root}`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `switch-${new Date().toISOString().replaceAll(/[:.]/g, "-")}.jsonl`);
  process.stderr.write(`raw figures go to ${file}\n`);
  return (line) => appendFileSync(file, `${JSON.stringify(line)}\n`);
}
