import type { Speak } from "../../../src/effects/host.js";
import { EvenkeelError } from "../../../src/errors.js";

/** Says whatever stands in a `logs` step's container id, so that tests can run any script. */
export const speakScripts: Speak = (step) => ({
  script: (step as { containerId: string }).containerId,
  parse: ({ code, stdout, stderr }) => {
    if (code === 71) throw new EvenkeelError("docker-unavailable", stderr);
    return code === 76 ? "fenced" : ({ text: stdout } as never);
  },
});

export function script(text: string) {
  return { kind: "logs", fence: 1, containerId: text, lines: 1 } as const;
}
