import type { Answers, StepKind, StepOf } from "../../src/core/model.js";
import type { SimulatedHost } from "./simulated-host.js";

/** The host answers a kind of step as told; what it did stays done. */
export function answering<K extends StepKind>(
  host: SimulatedHost,
  kind: K,
  change: (answer: Answers[K], time: number) => Answers[K],
): SimulatedHost {
  const act = host.act.bind(host);
  let time = 0;
  host.act = ((step: StepOf<StepKind>) => {
    const answer = act(step);
    if (step.kind !== kind || answer === "fenced") return answer;
    time += 1;
    return change(answer as Answers[K], time);
  }) as typeof host.act;
  return host;
}
