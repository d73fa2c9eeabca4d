import type { Notice, Outcome, Reply, Step, StepKind, StepOf } from "../../src/core/model.js";
import type { Script } from "../../src/core/script.js";
import { HostWentDown, type SimulatedHost } from "./simulated-host.js";

/** What goes wrong at one step of a run, counted from 0. */
export interface Fault {
  readonly at: number;
  readonly what:
    | { readonly kind: "runner-dies"; readonly when: "before" | "after" }
    | { readonly kind: "connection-lost"; readonly when: "before" | "after"; readonly reconnects: boolean }
    | { readonly kind: "host-reboots"; readonly parts: number; readonly reconnects: boolean }
    | { readonly kind: "disk-full"; readonly steps: number }
    | { readonly kind: "runner-pauses"; readonly ms: number; readonly meanwhile: (() => void) | null };
}

export interface Told<T> {
  /** Null when the runner died on the way. */
  readonly outcome: T | null;
  readonly steps: readonly Step[];
  readonly notices: readonly Notice[];
  readonly tookMs: number;
  /** How much of that the faults took: pauses, reconnections and reboots. */
  readonly faultMs: number;
}

/** A run that asks for more steps than this never ends. */
const MOST_STEPS = 3_000;
const RECONNECT_MS = 2_000;

/** Tells a script to its end, or to the runner's, with faults on the way. */
export function runScript<T = Outcome>(
  script: Script<T>,
  host: SimulatedHost,
  faults: readonly Fault[] = [],
  onAnswer: (step: Step, reply: Reply | "dead") => void = () => {},
): Told<T> {
  const steps: Step[] = [];
  const notices: Notice[] = [];
  const startedMs = host.nowMs;
  let fullUntil = -1;
  let faultMs = 0;
  const told = (outcome: T | null): Told<T> => {
    host.diskFull = false;
    return { outcome, steps, notices, tookMs: host.nowMs - startedMs, faultMs };
  };
  let turn = script.next();
  while (!turn.done) {
    const said = turn.value;
    if (said.kind === "phase" || said.kind === "note") {
      notices.push(said);
      turn = script.next();
      continue;
    }
    const at = steps.length;
    if (at >= MOST_STEPS) throw new Error(`the script asks for more than ${MOST_STEPS} steps`);
    steps.push(said);
    const here = faults.filter((fault) => fault.at === at).map((fault) => fault.what);
    const beforeMs = host.nowMs;
    for (const what of here) {
      if (what.kind === "disk-full") fullUntil = at + what.steps;
      if (what.kind === "runner-pauses") {
        what.meanwhile?.();
        host.advance(what.ms);
      }
    }
    host.diskFull = at < fullUntil;
    const reply = followThrough(host, said, here);
    if (here.length > 0) faultMs += host.nowMs - beforeMs;
    onAnswer(said, reply);
    if (reply === "dead") return told(null);
    turn = script.next(reply);
  }
  return told(turn.value);
}

function followThrough(host: SimulatedHost, step: Step, here: readonly Fault["what"][]): Reply | "dead" {
  const is = <K extends Fault["what"]["kind"]>(kind: K) =>
    here.find((what): what is Extract<Fault["what"], { kind: K }> => what.kind === kind) ?? null;
  const dies = is("runner-dies");
  const lost = is("connection-lost");
  const reboots = is("host-reboots");
  if (dies?.when === "before") return "dead";
  // Waiting needs no connection, so none can be lost over it.
  if (lost?.when === "before" && step.kind !== "wait") return cut(host, lost.reconnects);
  if (reboots !== null) {
    host.partsBeforeDown = reboots.parts;
    try {
      host.act(step as StepOf<StepKind>);
    } catch (cause) {
      if (!(cause instanceof HostWentDown)) throw cause;
    }
    if (host.partsBeforeDown !== null) {
      host.partsBeforeDown = null;
      host.goDown();
    }
    return dies === null ? cut(host, reboots.reconnects) : "dead";
  }
  const answer = host.act(step as StepOf<StepKind>);
  if (dies?.when === "after") return "dead";
  if (lost?.when === "after" && step.kind !== "wait") return cut(host, lost.reconnects);
  if (answer === "fenced") return { kind: "fenced", nowMs: host.nowMs };
  return { kind: "answer", nowMs: host.nowMs, answer };
}

function cut(host: SimulatedHost, reconnects: boolean): Reply {
  host.advance(RECONNECT_MS);
  return { kind: "lost", nowMs: host.nowMs, reconnected: reconnects, message: "connection reset" };
}
