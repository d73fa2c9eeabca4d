/** What a session says to a host: the prelude once, then each step in a frame. */
import type { Step, StepKind, StepOf } from "../core/model.js";
import { acquire, record, unlock } from "./lock.js";
import { logs, probe, watch } from "./look.js";
import { observe } from "./observe.js";
import { installProxy, route } from "./proxy.js";
import { pull } from "./pull.js";
import { retire } from "./retire.js";
import { retain, stage } from "./stage.js";
import { preDeploy, start } from "./start.js";
import { confirm, pointBack, switchTo } from "./switch.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

export { frame, mark } from "./frame.js";
export { prelude } from "./prelude.js";
export type { Spelling, Vocabulary } from "./vocabulary.js";

/**
 * The script for a step and the reader of its answer.
 * @throws RangeError for the steps that no host is asked (`visit`, `consult`, `wait`).
 */
export function spell<K extends StepKind>(step: StepOf<K>, vocabulary: Vocabulary): Spelling<K> {
  return speak(step as Step, vocabulary) as unknown as Spelling<K>;
}

function speak(step: Step, vocabulary: Vocabulary): Spelling<StepKind> {
  switch (step.kind) {
    case "observe":
      return observe(step, vocabulary);
    case "pull":
      return pull(step, vocabulary);
    case "acquire":
      return acquire(step, vocabulary);
    case "install-proxy":
      return installProxy(step, vocabulary);
    case "route":
      return route(step, vocabulary);
    case "stage":
      return stage(step, vocabulary);
    case "pre-deploy":
      return preDeploy(step, vocabulary);
    case "start":
      return start(step, vocabulary);
    case "probe":
      return probe(step, vocabulary);
    case "switch":
      return switchTo(step, vocabulary);
    case "watch":
      return watch(step, vocabulary);
    case "confirm":
      return confirm(step, vocabulary);
    case "point-back":
      return pointBack(step, vocabulary);
    case "logs":
      return logs(step, vocabulary);
    case "retire":
      return retire(step, vocabulary);
    case "record":
      return record(step, vocabulary);
    case "retain":
      return retain(step, vocabulary);
    case "unlock":
      return unlock(step, vocabulary);
    case "visit":
    case "consult":
    case "wait":
      throw new RangeError(`no host is asked to ${step.kind}`);
  }
}
