import { EvenkeelError, type Reporter, type RunReport } from "../../src/index.js";
import { until } from "../../test/e2e/support/expectations.js";
import { openShop, type ReleaseOf, type Shop } from "../../test/e2e/support/shop.js";
import { type FlakyProxy, startFlakyProxy } from "../../test/support/flaky-proxy.js";
import type { Target } from "../lab/lab.js";
import { startTraffic, type Traffic } from "../traffic/traffic.js";
import type { Moment, Point, Rehearsal, RunKind } from "./points.js";

/** The guardian's lease is 15 s, the lock's 30 s; the host has 5 s beyond. */
const REVERTED_WITHIN_MS = 20_000;
const UNLOCKED_WITHIN_MS = 35_000;
const VISITS_PER_SECOND = 25;

/** What one point came to. */
export interface Findings {
  /** What was not as it must be; empty when all was well. */
  readonly wrong: readonly string[];
  /** Where the run was when it was disturbed, and how it ended. */
  readonly story: string;
  /** How long the host took by itself to leave a pair; null when it was in none, or was not waited for. */
  readonly aloneMs: number | null;
  /** How long the next run took to decide an unconfirmed switch; null when there was none. */
  readonly settledMs: number | null;
  /** How long it took as a whole, its bake excluded. */
  readonly nextMs: number;
  readonly requests: number;
  readonly failed: number;
}

/** An app that is disturbed again and again, while visitors come. */
export interface Lane {
  /** An undisturbed run of each kind, with the times and bytes to choose moments from. */
  rehearse(kind: RunKind): Promise<Rehearsal>;
  disturb(point: Point, rehearsal: Rehearsal): Promise<Findings>;
  close(): Promise<void>;
}

/** Of every two lanes one keeps no previous release running, so that its rollbacks start from an image. */
export async function openLane(target: Target, index: number): Promise<Lane> {
  const lane = await openWorkplace(target, index, index % 2 === 0 ? "5m" : "0s");
  for (let count = 0; count < 2; count++) await lane.shop.deploy(nextRelease(lane.state));
  return laneOf(lane);
}

/** One whose host is bare before each disturbance, so that nobody visits it: every deploy is a first one. */
export async function openBareLane(target: Target, index: number): Promise<Lane> {
  return laneOf({ ...(await openWorkplace(target, index, "5m")), traffic: null });
}

function laneOf(lane: Workplace): Lane {
  return {
    rehearse: (kind) => rehearse(lane, kind),
    disturb: (point, rehearsal) => disturb(lane, point, rehearsal),
    close: lane.close,
  };
}

async function openWorkplace(target: Target, index: number, keep: string): Promise<Workplace> {
  const app = `lane${index}`;
  const domain = `${app}.example.com`;
  const shop = await openShop({ app, domain, target });
  const link = await startFlakyProxy(target.port, target.host);
  // The same app, reached over a connection that can be disturbed.
  const [, ...key] = target.hostKeyLine.split(" ");
  const near = {
    ...{ ...target, host: "127.0.0.1", port: link.port },
    hostKeyLine: `[127.0.0.1]:${link.port} ${key.join(" ")}`,
  };
  const through = await openShop({ app, domain, target: near });
  const state: State = { version: 0, keep };
  const visitors = { path: "/", mustContain: "version", headers: { host: domain } };
  const write = { ...visitors, body: "{name}", namePrefix: app, share: 0.3 };
  let traffic: Promise<Traffic> | null = null;
  return {
    ...{ shop, through, link, state },
    // Not before every app has its route: to add one, the proxy is loaded anew.
    traffic: () => {
      traffic ??= startTraffic({ url: shop.url, perSecond: VISITS_PER_SECOND, read: visitors, write });
      return traffic;
    },
    close: async () => {
      await (await traffic)?.stop();
      await link.stop();
    },
  };
}

interface State {
  /** Of the release that was deployed last. */
  version: number;
  readonly keep: string;
}

interface Workplace {
  readonly shop: Shop;
  readonly through: Shop;
  readonly link: FlakyProxy;
  readonly state: State;
  /** Null where nobody comes. */
  readonly traffic: (() => Promise<Traffic>) | null;
  readonly close: () => Promise<void>;
}

function nextRelease(state: State): ReleaseOf {
  state.version += 1;
  return releaseOf(state);
}

function releaseOf({ version, keep }: State): ReleaseOf {
  return {
    version: String(version),
    bake: "{ duration: 1s, interval: 250ms, deadline: 10s }",
    keep: `{ hot: ${keep} }`,
  };
}

async function rehearse(lane: Workplace, kind: RunKind): Promise<Rehearsal> {
  const { link, state } = lane;
  await lane.traffic?.();
  if (kind === "first") await strip(lane.shop);
  if (kind === "recovery") await leaveUnconfirmed(lane);
  const steps: { kind: string; tookMs: number }[] = [];
  const from = { toHost: link.passed("server"), toRunner: link.passed("client") };
  await runThrough(lane, kind, { step: ({ kind, tookMs }) => void steps.push({ kind, tookMs }) });
  const bytes = {
    toHost: link.passed("server") - from.toHost,
    toRunner: link.passed("client") - from.toRunner,
  };
  if (kind === "rollback") await lane.shop.deploy(nextRelease(state));
  return { steps, bytes };
}

/** A deploy that was killed right after its switch, whose lock nobody holds any more. */
async function leaveUnconfirmed({ shop, state }: Workplace): Promise<void> {
  const runner = shop.startRunner(nextRelease(state));
  await runner.reached("switched");
  await runner.kill();
  await shop.unlock();
}

function runThrough(lane: Workplace, kind: RunKind, told: Pick<Reporter, "step">): Promise<RunReport> {
  const reporter: Reporter = { phase: () => {}, note: () => {}, summary: () => {}, ...told };
  return kind === "rollback"
    ? lane.through.rollback(undefined, { reporter })
    : lane.through.deploy(nextRelease(lane.state), { reporter });
}

async function disturb(lane: Workplace, point: Point, rehearsal: Rehearsal): Promise<Findings> {
  const traffic = await lane.traffic?.();
  await traffic?.mark("disturbed");
  // Told once each: what is asked for at the end is of this point alone.
  await traffic?.samples();
  const wrong: string[] = [];
  const must: Must = (holds, what) => {
    if (!holds) wrong.push(what());
  };
  const course = await disturbed(lane, point, rehearsal, must).catch((error: unknown) => {
    wrong.push(error instanceof Error ? error.message : String(error));
    return { story: "not seen to its end", aloneMs: null, settledMs: null, nextMs: 0 };
  });
  const seen = await traffic?.mark("between");
  const { requests, failed } = seen ?? { requests: 0, failed: 0 };
  if (traffic !== undefined && failed > 0)
    wrong.push(`of ${requests} requests ${failed} failed: ${await failuresOf(traffic)}`);
  return { wrong, ...course, requests, failed };
}

/** Each with when it was due and how late this machine sent it, to be held against what the run did by then. */
async function failuresOf(traffic: Traffic): Promise<string> {
  const samples = await traffic.samples();
  const from = Math.min(...samples.map(({ dueAt }) => dueAt));
  return samples
    .filter(({ failure }) => failure !== null)
    .slice(0, 5)
    .map(({ kind, connection, failure, dueAt, lagMs }) => {
      const due = `due after ${((dueAt - from) / 1000).toFixed(1)} s, sent ${Math.round(lagMs)} ms late`;
      return `a ${kind} on a ${connection} connection, ${due}: ${failure}`;
    })
    .join("; ");
}

type Course = Pick<Findings, "story" | "aloneMs" | "settledMs" | "nextMs">;

async function disturbed(lane: Workplace, point: Point, rehearsal: Rehearsal, must: Must): Promise<Course> {
  const { shop, state } = lane;
  if (point.run === "first") await strip(shop);
  const before = [await visit(shop)];
  if (point.run === "recovery") {
    await leaveUnconfirmed(lane);
    before.push(await visit(shop));
  }
  const status = await shop.status();
  const back = /would go to revision (\d+)/.exec(status)?.[1];
  const ended =
    point.fault === "kill"
      ? await killed(lane, point, rehearsal)
      : await disconnected(lane, point.run, point.fault, point.moment);
  const finished = ended.code === null;
  must(ended.code !== "bug" && ended.code !== "not an EvenkeelError", () => `it ended with ${ended.text}`);

  const from = Date.now();
  const aloneMs = point.next === "alone" && !finished ? await comesToRest(shop, from, must) : null;
  const serves = servingRevision(await shop.status());
  if (point.run === "rollback") {
    const may = finished ? [back] : [servingRevision(status), back];
    must(may.includes(serves), () => `revision ${serves} serves, in place of ${may.join(" or ")}`);
  } else {
    const wanted = `version ${state.version}`;
    const may = finished ? [wanted] : [...before, wanted];
    const served = await visit(shop);
    must(may.includes(served), () => `visitors get ${served}, in place of ${may.join(" or ")}`);
  }
  const told = /Revision (\d+) serves/.exec(ended.text)?.[1];
  must(told === undefined || told === serves, () => `it said "${ended.text}", and revision ${serves} serves`);
  if (point.next === "at-once" && !finished) await shop.unlock();

  const times = await nextRun(lane, must);
  await staysAsItIs(lane, must);
  return { story: ended.story, aloneMs, ...times };
}

type Must = (holds: boolean, what: () => string) => void;

interface Ended {
  /** The error's code; null after a success, "killed" when the runner was. */
  readonly code: string | null;
  readonly text: string;
  readonly story: string;
}

async function killed(lane: Workplace, { run, moment }: Point, rehearsal: Rehearsal): Promise<Ended> {
  if (!("steps" in moment)) throw new Error("a runner is killed at a step, not at a byte");
  const midst = Math.max(1, Math.round((rehearsal.steps[moment.steps]?.tookMs ?? 0) / 2));
  const dies = { afterSteps: moment.steps, thenMs: moment.at === "in" ? midst : 0 };
  const does = run === "rollback" ? "rollback" : "deploy";
  const release = run === "rollback" ? releaseOf(lane.state) : nextRelease(lane.state);
  const runner = lane.shop.startRunner(release, { does, dies });
  const [steps, end] = await Promise.all([runner.steps, runner.ended.catch(() => null)]);
  const story = `${moment.at} ${steps.length} steps, the last ${steps.at(-1) ?? "none"}`;
  return end === null ? { code: "killed", text: "", story } : { ...end, story: `ended before, ${story}` };
}

async function disconnected(
  lane: Workplace,
  run: RunKind,
  fault: "cut" | "stall",
  moment: Moment,
): Promise<Ended> {
  const { link } = lane;
  const steps: string[] = [];
  let connections = link.connections();
  if ("byte" in moment) link.after(moment.byte, moment.at === "host-byte" ? "server" : "client", fault);
  const outcome = await runThrough(lane, run, {
    step: ({ kind }) => {
      steps.push(kind);
      if ("steps" in moment && steps.length === moment.steps) link[fault]();
    },
  }).then(
    ({ text }) => ({ code: null, text }),
    (error: unknown) => ({
      code: error instanceof EvenkeelError ? error.code : "not an EvenkeelError",
      text: error instanceof EvenkeelError ? error.detail : String(error),
    }),
  );
  link.calm();
  connections = link.connections() - connections;
  return { ...outcome, story: `${connections} connections, ended ${outcome.code ?? "well"}` };
}

/** Nobody does anything: the host leaves a pair by itself, and the dead runner's lock ends. */
async function comesToRest(shop: Shop, from: number, must: Must): Promise<number | null> {
  let aloneMs: number | null = null;
  const pair = async () => (await shop.pointer().catch(() => "")).includes("+");
  if (await pair()) {
    await until("the host reverts", UNLOCKED_WITHIN_MS, async () => !(await pair()), 500);
    aloneMs = Date.now() - from;
    must(aloneMs <= REVERTED_WITHIN_MS, () => `the host reverted only after ${aloneMs} ms`);
  }
  // Each look is a connection of its own, and takes from the machine what the other apps need.
  const free = async () => /lock +free/.test(await shop.status());
  await until("the lock ends", UNLOCKED_WITHIN_MS, free, 3_000);
  return aloneMs;
}

/** As a job that is repeated: it puts everything in order and serves what was asked for. */
async function nextRun(lane: Workplace, must: Must): Promise<Pick<Findings, "settledMs" | "nextMs">> {
  const { shop, state } = lane;
  const started = Date.now();
  let settledMs: number | null = null;
  let bakeMs = 0;
  let bakingSince: number | null = null;
  const reporter: Reporter = {
    note: () => {},
    summary: () => {},
    step: ({ kind }) => {
      if (kind === "point-back") settledMs ??= Date.now() - started;
    },
    phase: ({ at }) => {
      if (at.phase === "baking") bakingSince ??= Date.now();
      else if (bakingSince !== null) bakeMs = Date.now() - bakingSince;
    },
  };
  const { outcome } = await shop.deploy(releaseOf(state), { reporter });
  const nextMs = Date.now() - started - bakeMs;
  must(outcome.phase === "promoted" || outcome.phase === "nothing-to-do", () => `then ${outcome.phase}`);
  return { settledMs, nextMs };
}

/** To recover twice is to recover once; and everything that can be asked says the same. */
async function staysAsItIs(lane: Workplace, must: Must): Promise<void> {
  const { shop, state } = lane;
  const once = await fingerprint(shop);
  const { outcome } = await shop.deploy(releaseOf(state));
  must(outcome.phase === "nothing-to-do", () => `a second time it was ${outcome.phase}`);
  const twice = await fingerprint(shop);
  must(once === twice, () => `a second time changed this:\n${once}\nto this:\n${twice}`);

  const wanted = `version ${state.version}`;
  const visited = await shop.visit();
  must(visited === wanted, () => `visitors get ${visited} in place of ${wanted}`);
  const status = await shop.status();
  must(!/unsettled/.test(status), () => `status says ${/unsettled.*/.exec(status)?.[0]}`);
  must(/lock +free/.test(status), () => `status says ${/lock .*/.exec(status)?.[0]}`);
  const revision = servingRevision(status);
  const events = (await shop.history()).split("\n").filter((line) => of(line) === revision);
  must(/ promoted /.test(events.at(-1) ?? ""), () => `the ledger ends with ${events.at(-1)}`);
}

/** As the host was before anybody deployed to it, but for its images. */
async function strip(shop: Shop): Promise<void> {
  const lines = [
    "docker ps -aq | xargs -r docker rm -f",
    "docker network rm evenkeel 2>/dev/null || :",
    "rm -rf /root/.evenkeel",
  ];
  await shop.onHost("sh", "-ec", lines.join("; "));
}

/** What visitors get; before the proxy is there, nothing. */
function visit(shop: Shop): Promise<string> {
  return shop.visit().catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED" || error.code === "ECONNRESET") return "HTTP 503";
    throw error;
  });
}

/** The revision that a line of the ledger is about. */
function of(line: string): string | undefined {
  return /^\S+ +revision (\d+) /.exec(line)?.[1];
}

async function fingerprint(shop: Shop): Promise<string> {
  const pointer = await shop.pointer();
  const container = await shop.onHost("docker", "inspect", "-f", "{{.Id}}", `${shop.key}-${pointer}`);
  return [pointer, container, await shop.history()].join("\n");
}

function servingRevision(status: string): string | undefined {
  return /serving +revision (\d+) in slot/.exec(status)?.[1];
}
