import { setTimeout as sleep } from "node:timers/promises";
import type { Interval, Traffic } from "../traffic/traffic.js";
import type { Called } from "./dagger.js";
import type { Seen, Visitors } from "./visitors.js";

/** One step of the demo: what it tells, what it does, and what must come of it. */
export interface Scene {
  readonly number: string;
  readonly title: string;
  /** Told before anything happens. */
  readonly story: string;
  readonly play: () => Promise<Played>;
  readonly expected: Expected;
}

export interface Played extends Called {
  /** What differs from what it should be, beyond what `expected` can say. */
  readonly differences?: readonly string[];
}

export interface Expected {
  /** In a word or two, for the table. */
  readonly outcome: string;
  readonly exitCode: number | "not 0";
  /** What the output must contain. */
  readonly says: readonly RegExp[];
  /** What visitors must see afterwards. */
  readonly serves: Seen;
  /** Why the visitors' losses during this step are more than they may be; null when they are not. */
  readonly tooManyFailures: (during: Interval) => string | null;
}

export interface Result {
  readonly number: string;
  readonly title: string;
  readonly outcome: string;
  readonly exitCode: number;
  /** Null before there was anything to visit. */
  readonly during: Interval | null;
  readonly seconds: number;
  readonly differences: readonly string[];
}

export const nothingLost = ({ failed }: Interval): string | null =>
  failed === 0 ? null : `${failed} requests failed, and none may`;

export const atMost =
  (most: number, why: string) =>
  ({ failed }: Interval): string | null =>
    failed <= most ? null : `${failed} requests failed, and at most ${most} may: ${why}`;

/** Plays one scene under the traffic and compares it with what is expected. */
export async function perform(
  scene: Scene,
  visitors: Visitors,
  traffic: Traffic | null,
  settleMs = 2000,
): Promise<Result> {
  const { number, title, story, expected } = scene;
  announce(number, title, story);
  await traffic?.mark(title);
  const startedAt = performance.now();
  const { exitCode, output, differences = [] } = await scene.play();
  const seconds = (performance.now() - startedAt) / 1000;
  const seen = await visitors.look();
  // What comes to an end only after the command, such as connections being drained, belongs to this step.
  if (traffic !== null) await sleep(settleMs);
  const during = (await traffic?.mark("between two steps")) ?? null;
  const all = [...compare(expected, exitCode, output, seen, during), ...differences];
  tell({ seen, during, exitCode, seconds });
  for (const difference of all) console.log(`  ✗ ${difference}`);
  if (all.length > 0) console.log(indent(output.trimEnd().split("\n").slice(-60).join("\n"), "    : "));
  else console.log(`  ✓ as it should be: ${expected.outcome}`);
  const outcome = all.length === 0 ? expected.outcome : "NOT AS IT SHOULD BE";
  return { number, title, outcome, exitCode, during, seconds, differences: all };
}

export function announce(number: string, title: string, story: string): void {
  console.log(`\n━━ ${number}. ${title}\n${indent(story, "   ")}\n`);
}

export function table(results: readonly Result[]): string {
  const rows = [
    ["step", "outcome", "exit code", "requests", "failed", "duration"],
    ...results.map(({ number, title, outcome, exitCode, during, seconds }) => [
      `${number}. ${title}`,
      outcome,
      String(exitCode),
      during === null ? "–" : String(during.requests),
      during === null ? "–" : String(during.failed),
      `${seconds.toFixed(0)} s`,
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ");
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...body.map(line)].join("\n");
}

function compare(
  expected: Expected,
  exitCode: number,
  output: string,
  seen: Seen | null,
  during: Interval | null,
): string[] {
  const differences: string[] = [];
  if (expected.exitCode === "not 0" ? exitCode === 0 : exitCode !== expected.exitCode) {
    differences.push(`the exit code is ${exitCode}, and should be ${expected.exitCode}`);
  }
  for (const words of expected.says) {
    if (!words.test(output)) differences.push(`nowhere in the output: ${words.source}`);
  }
  const { version, slogan } = expected.serves;
  if (seen?.version !== version || seen.slogan !== slogan) {
    differences.push(`visitors should see ${version} “${slogan}”`);
  }
  const loss = during === null ? null : expected.tooManyFailures(during);
  if (loss !== null) differences.push(loss);
  return differences;
}

function tell(of: { seen: Seen | null; during: Interval | null; exitCode: number; seconds: number }): void {
  const { seen, during, exitCode, seconds } = of;
  console.log(`\n  exit code ${exitCode} after ${seconds.toFixed(1)} s`);
  console.log(
    seen === null ? "  visitors get no answer" : `  visitors see Unleash ${seen.version}, “${seen.slogan}”`,
  );
  if (during === null) return;
  const { requests, failed, latencies, reasons, failingForMs, maxLagMs } = during;
  const times = `${latencies.p50Ms.toFixed(0)} ms in the middle, ${latencies.p99Ms.toFixed(0)} ms at the 99th percentile`;
  console.log(`  ${requests} requests meanwhile, ${failed} failed; ${times}`);
  if (maxLagMs > 1000)
    console.log(`  (this machine was too busy to send on time: up to ${maxLagMs.toFixed(0)} ms late)`);
  if (failed === 0) return;
  const counted = Object.entries(reasons).map(([reason, count]) => `${count} × ${reason}`);
  console.log(`  failed: ${counted.join(", ")}; from first to last ${(failingForMs / 1000).toFixed(1)} s`);
}

function indent(text: string, by: string): string {
  return text
    .split("\n")
    .map((line) => `${by}${line}`)
    .join("\n");
}
