import { acquire, giveBack, giveUp } from "./locking.js";
import type { Outcome } from "./model.js";
import { ask, beginRun, end, isFailure, note, type Script } from "./script.js";
import { servingContainer } from "./serving.js";
import { settled } from "./settle.js";

/**
 * Replaces the proxy and the guardian by the version this evenkeel is made for: a step of its own, never a
 * part of a deploy, because it interrupts every app of the host for the moment between two containers.
 */
export function* upgradeProxy(holder: string, reason: string, deadlineMs: number): Script<Outcome> {
  const run = beginRun(deadlineMs);
  const locked = yield* acquire(run, holder, reason);
  if (locked !== null) return locked;
  const { view } = yield* settled(run, holder, null);
  const serving = servingContainer(view);
  if (serving === null)
    return yield* giveUp(run, view, "preflight", "nothing serves here, so there is no proxy to upgrade yet");
  yield* note("warning", "the proxy is replaced: requests of every app on this host fail for about a second");
  const upgraded = yield* ask(run, { kind: "install-proxy", fence: run.fence, upgrade: true });
  if (isFailure(upgraded)) return yield* giveUp(run, view, upgraded.code, upgraded.message);
  const after = yield* ask(run, { kind: "observe" });
  const image = after.proxy.image ?? "";
  yield* ask(run, {
    kind: "record",
    fence: run.fence,
    entry: {
      event: "proxy",
      revision: serving.revision,
      image,
      commit: null,
      by: holder,
      reason: `the proxy is ${image}`,
    },
  });
  yield* giveBack(run);
  return yield* end({
    phase: "promoted",
    revision: serving.revision,
    slot: serving.slot,
    reason: `the proxy is ${image} now`,
  });
}
