/**
 * A run as lines of JSON, one event a line, for other programs. Fields are only ever added within a version;
 * `v` goes up when one is taken away or changes its meaning.
 */
import { z } from "zod";

export const EVENT_VERSION = 1;

const text = z.string();
const milliseconds = z.number().min(0);
const count = z.number().int().min(0);
const revision = count.nullable();
const slot = z.enum(["blue", "green"]);

const head = {
  v: z.literal(EVENT_VERSION).describe("The version of this format."),
  at: z.iso.datetime().describe("By the clock of the machine that runs this."),
  ms: milliseconds.describe("Milliseconds since the first event, by a clock that never jumps."),
};

const start = z
  .object({
    ...head,
    event: z.literal("start"),
    does: z.enum(["deploy", "rollback", "upgrade-proxy"]),
    app: text,
    environment: text,
    host: text.describe("The host's name or address."),
    url: text.nullable().describe("The address that visitors use, where the configuration says it."),
    image: text.nullable().describe("`repository@sha256:…`; null where the host chooses it."),
    commit: text.nullable(),
    holder: text.describe("Who runs this, as the lock and the ledger name it."),
    reason: text,
  })
  .describe("What is begun, before the host is reached.");

const phase = z
  .object({
    ...head,
    event: z.literal("phase"),
    phase: z.enum([
      "idle",
      "pulled",
      "locked",
      "started",
      "gated",
      "switched",
      "baking",
      "promoted",
      "nothing-to-do",
      "aborted",
      "rolled-back",
      "halted",
      "lost",
    ]),
    from: text.describe("The phase before."),
    tookMs: milliseconds.describe("Since the phase before."),
    revision,
    slot: slot.nullable(),
    words: text.describe("What there is to say of it, for a person."),
  })
  .describe("The run has come to a phase.");

const note = z
  .object({ ...head, event: z.literal("note"), level: z.enum(["info", "warning"]), text })
  .describe("Something a person should know.");

const step = z
  .object({
    ...head,
    event: z.literal("step"),
    step: text.describe("What the host was asked for."),
    tookMs: milliseconds,
    reply: z.enum(["answer", "lost", "fenced"]),
  })
  .describe("The host was asked for something. Which steps there are may change with every version.");

const health = z
  .object({
    ...head,
    event: z.literal("health"),
    during: z
      .enum(["gate", "bake"])
      .describe("`gate`: traffic is what there was before. `bake`: what came since the look before."),
    slots: z
      .array(
        z.object({
          slot,
          revision: revision.describe("Null when the container is gone."),
          answers: z.array(
            z.object({
              status: z.number().int().nullable().describe("Null when no answer came."),
              durationMs: milliseconds,
              detail: text.describe("The beginning of the answer, or why there was none."),
            }),
          ),
          traffic: z
            .object({ requests: count, failures: count, slow: count })
            .nullable()
            .describe("Null when the proxy's access log could not be read."),
        }),
      )
      .describe("The slot that is judged comes first."),
  })
  .describe("A look at the containers.");

const end = z
  .object({
    ...head,
    event: z.literal("end"),
    outcome: z.enum(["nothing-to-do", "promoted", "aborted", "rolled-back", "halted", "lost"]),
    code: text.nullable().describe("Of the catalogue of errors; null after a success."),
    reason: text,
    serving: revision.describe("What serves now, as far as is known."),
    logs: text.nullable().describe("The last lines of a release that failed."),
    totalMs: milliseconds,
    timeline: z.array(z.object({ activity: text, tookMs: milliseconds })),
  })
  .describe("How a run ended. Only a note may follow, as of a webhook that could not be told.");

const failed = z
  .object({ ...head, event: z.literal("failed"), code: text, message: text })
  .describe(
    "A run ended without an outcome: no connection came about, or there is a bug. Only a note may follow.",
  );

export const runEvent = z
  .discriminatedUnion("event", [start, phase, note, step, health, end, failed])
  .describe("One line of `--format json`: an event of a run.");

export type RunEvent = z.output<typeof runEvent>;

export function eventJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(runEvent, { io: "output" });
}
