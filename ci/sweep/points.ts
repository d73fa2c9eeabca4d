import * as fc from "fast-check";

/** What is disturbed: a deploy, a rollback, the deploy that finds another one's unconfirmed switch, or a host's first one. */
export type RunKind = "deploy" | "rollback" | "recovery" | "first";
export const runKinds: readonly RunKind[] = ["deploy", "rollback", "recovery", "first"];

/** The runner is killed; or its connection is cut, or silently dropped, while the host can be reached again. */
export type Fault = "kill" | "cut" | "stall";

export type Moment =
  /** Between two steps: so many are done, and of the next one nothing was sent. */
  | { readonly at: "after"; readonly steps: number }
  /** In the midst of the step that follows so many. */
  | { readonly at: "in"; readonly steps: number }
  /** So many bytes of the connection passed towards one side. */
  | { readonly at: "host-byte" | "runner-byte"; readonly byte: number };

export interface Point {
  readonly run: RunKind;
  readonly fault: Fault;
  readonly moment: Moment;
  /** Whether the next run comes at once, or only when the host has come to rest by itself. */
  readonly next: "at-once" | "alone";
}

/** A run that nothing disturbed. */
export interface Rehearsal {
  readonly steps: readonly { readonly kind: string; readonly tookMs: number }[];
  readonly bytes: { readonly toHost: number; readonly toRunner: number };
}

export type Rehearsals = Readonly<Record<RunKind, Rehearsal>>;

/** Every boundary and every midst of a step, and so many bytes chosen at random. */
export function everyPoint(rehearsals: Rehearsals, offsets: number, seed: number): readonly Point[] {
  const moments = runKinds.flatMap((run): Omit<Point, "next">[] => {
    const count = rehearsals[run].steps.length;
    const after = numbers(0, count).map((steps): Moment => ({ at: "after", steps }));
    const within = numbers(0, count - 1).map((steps): Moment => ({ at: "in", steps }));
    return [
      ...[...after, ...within].map((moment) => ({ run, fault: "kill" as const, moment })),
      // Before the first step and after the last there is no connection.
      ...after.slice(1, -1).flatMap((moment) => [
        { run, fault: "cut" as const, moment },
        { run, fault: "stall" as const, moment },
      ]),
    ];
  });
  const cuts = bytesOf(rehearsals, "cut", offsets, seed);
  const stalls = bytesOf(rehearsals, "stall", Math.ceil(offsets / 5), seed + 1);
  return [...moments, ...cuts, ...stalls].map((point, index) => ({
    ...point,
    // A run that was only cut off comes to its own end nearly always.
    next: index % (point.fault === "kill" ? 2 : 5) === 0 ? "alone" : "at-once",
  }));
}

function bytesOf(rehearsals: Rehearsals, fault: Fault, count: number, seed: number) {
  const one = fc.constantFrom(...runKinds).chain((run) => {
    const { toHost, toRunner } = rehearsals[run].bytes;
    const towards = (at: "host-byte" | "runner-byte", most: number) =>
      fc.integer({ min: 1, max: most }).map((byte) => ({ run, fault, moment: { at, byte } }));
    return fc.oneof(towards("host-byte", toHost), towards("runner-byte", toRunner));
  });
  return fc.sample(fc.noBias(one), { seed, numRuns: count });
}

/** So many of them, of each sort about as many. */
export function sample(points: readonly Point[], count: number, seed: number): readonly Point[] {
  const all = { minLength: points.length, maxLength: points.length };
  const [shuffled = []] = fc.sample(fc.shuffledSubarray([...points], all), { seed, numRuns: 1 });
  const sorts = Map.groupBy(shuffled, ({ run, fault, moment }) => `${run} ${fault} ${moment.at}`);
  const chosen: Point[] = [];
  for (let round = 0; chosen.length < Math.min(count, points.length); round++)
    for (const points of sorts.values()) chosen.push(...points.slice(round, round + 1));
  return chosen.slice(0, count);
}

/** As `--only` takes it: `deploy/kill/after/7/at-once`. */
export function nameOf({ run, fault, moment, next }: Point): string {
  return [run, fault, moment.at, "byte" in moment ? moment.byte : moment.steps, next].join("/");
}

export function pointNamed(name: string): Point | null {
  const [run, fault, at, where, next] = name.split("/");
  const number = Number(where);
  const known =
    runKinds.some((kind) => kind === run) &&
    ["kill", "cut", "stall"].includes(fault ?? "") &&
    ["after", "in", "host-byte", "runner-byte"].includes(at ?? "") &&
    Number.isInteger(number) &&
    ["at-once", "alone"].includes(next ?? "");
  if (!known) return null;
  const moment = at === "after" || at === "in" ? { at, steps: number } : { at, byte: number };
  return { run, fault, moment, next } as Point;
}

function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
