import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { eventJsonSchema, type RunEvent } from "../../../src/effects/reporters/event-schema.js";
import { createJsonReporter } from "../../../src/effects/reporters/json-reporter.js";
import { formattedJson } from "../../support/formatted-json.js";
import { toldRun } from "../../support/told-run.js";

const valid = new Ajv2020({ strict: false, validateFormats: false }).compile(eventJsonSchema());

function collect() {
  const lines: string[] = [];
  let nowMs = 500;
  const reporter = createJsonReporter(
    (line) => lines.push(line),
    { nowMs: () => nowMs++ },
    () => new Date("2030-01-02T03:04:05Z"),
  );
  const events = () => lines.map((line) => JSON.parse(line) as RunEvent);
  return { reporter, lines, events };
}

test("the schema is the one that is published (write it anew with `vitest -u`)", async () => {
  await expect(formattedJson(eventJsonSchema())).toMatchFileSnapshot(
    "../../../src/effects/reporters/events.schema.json",
  );
});

test.each([
  ["good", {}, "promoted"],
  ["failed", { afterSwitch: { afterMs: 2_000, does: "exits" } }, "rolled-back"],
  ["never healthy", { healthyAfterMs: null }, "aborted"],
] as const)(
  "a %s run is one event a line, each of them as the schema says",
  async (_, behaviour, outcome) => {
    const { reporter, lines, events } = collect();
    await toldRun(behaviour, { reporter });
    for (const line of lines) {
      expect(line).not.toMatch(/[^\P{C}]/u);
      expect(valid(JSON.parse(line)), `${line}\n${JSON.stringify(valid.errors)}`).toBe(true);
    }
    const kinds = events().map(({ event }) => event);
    expect(kinds[0]).toBe("start");
    expect(kinds.at(-1)).toBe("end");
    expect(kinds).toContain("health");
    expect(events().at(-1)).toMatchObject({
      v: 1,
      outcome,
      code: outcome === "promoted" ? null : expect.any(String),
    });
  },
);

test("a run that ends without an outcome says so as its last event", () => {
  const { reporter, events } = collect();
  reporter.failed?.({ code: "ssh-unreachable", message: "No SSH\u001b[2J\nNext: …" });
  expect(events()).toEqual([
    {
      v: 1,
      at: "2030-01-02T03:04:05.000Z",
      ms: 1,
      event: "failed",
      code: "ssh-unreachable",
      message: "No SSH\nNext: …",
    },
  ]);
});
