import { expect, test, vi } from "vitest";
import type { Promotable, Reply, StepKind, StepOf } from "../../src/core/model.js";
import { consulting, type PromotionCandidate, type PromotionGate } from "../../src/effects/promotion-gate.js";

const candidate: Promotable = {
  containerId: "c1",
  slot: "green",
  revision: 2,
  image: "registry.example/shop@sha256:v2",
  commit: "c0ffee",
};
const host = {
  ask: async <K extends StepKind>(step: StepOf<K>) =>
    ({ kind: "lost", nowMs: 1, reconnected: false, message: `asked to ${step.kind}` }) as Reply<K>,
};

async function ask(
  consulted: ReturnType<typeof consulting>,
  differs: Partial<Promotable> = {},
): Promise<{ readonly verdict: string; readonly reason: string }> {
  const reply = await consulted.ask({ kind: "consult", candidate: { ...candidate, ...differs } });
  if (reply.kind !== "answer") throw new Error(reply.kind);
  return reply.answer;
}

/** What it says once its promise had its turn. */
async function said(decide: unknown) {
  const consulted = consulting(host, { decide } as PromotionGate);
  expect((await ask(consulted)).verdict).toBe("undecided");
  await new Promise((resolve) => setImmediate(resolve));
  return ask(consulted);
}

test("it is asked once, told of the release, and its answer is kept", async () => {
  const decide = vi.fn((_: PromotionCandidate) => ({ verdict: "promote" as const, reason: "all well" }));
  const consulted = consulting(host, { decide });
  await ask(consulted);
  expect(await ask(consulted)).toEqual({ verdict: "promote", reason: "all well" });
  expect(await ask(consulted)).toEqual({ verdict: "promote", reason: "all well" });
  expect(decide.mock.calls).toEqual([
    [
      {
        slot: "green",
        revision: 2,
        image: candidate.image,
        commit: "c0ffee",
        signal: expect.any(AbortSignal),
      },
    ],
  ]);
});

test("as long as it has not decided it has not, and nobody waits for it", async () => {
  const consulted = consulting(host, { decide: () => new Promise(() => {}) });
  for (let time = 0; time < 3; time++)
    expect(await ask(consulted)).toEqual({ verdict: "undecided", reason: "" });
});

test.each<[string, unknown, string]>([
  ["a veto", () => ({ verdict: "veto", reason: "5 % of the orders fail" }), "5 % of the orders fail"],
  ["a veto without a reason", () => ({ verdict: "veto" }), "no reason was given"],
  [
    "a rejection",
    async () => {
      throw new Error("metrics: 503");
    },
    "it failed: metrics: 503",
  ],
  [
    "what it throws at once",
    () => {
      throw "no";
    },
    "it failed: no",
  ],
  ["nothing", () => undefined, "it answered undefined, which is neither promote nor veto"],
  ["a truth", () => true, "it answered true, which is neither promote nor veto"],
  [
    "another verdict",
    () => ({ verdict: "ok" }),
    'it answered {"verdict":"ok"}, which is neither promote nor veto',
  ],
  ["what is no function", undefined, "it failed: gate.decide is not a function"],
  ["a reason for a terminal", () => ({ verdict: "veto", reason: "a\u001b[31m\nb" }), "a b"],
])("%s is a veto", async (_, decide, reason) => {
  expect(await said(decide)).toEqual({ verdict: "veto", reason });
});

test("a reason of any length is cut", async () => {
  const { reason } = await said(() => ({ verdict: "veto", reason: "x".repeat(10_000) }));
  expect(reason).toHaveLength(501);
});

test("another candidate is decided on anew, and whoever still thinks of the first is told to stop", async () => {
  const signals: AbortSignal[] = [];
  const consulted = consulting(host, {
    decide: ({ signal, revision }) => {
      signals.push(signal);
      return revision === 2 ? new Promise(() => {}) : { verdict: "promote", reason: "" };
    },
  });
  await ask(consulted);
  await ask(consulted, { containerId: "c2", revision: 3 });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(await ask(consulted, { containerId: "c2", revision: 3 })).toMatchObject({ verdict: "promote" });
  consulted.end();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});

test("the run's signal is its signal, too", async () => {
  const stop = new AbortController();
  let signal: AbortSignal | undefined;
  const decide = (told: PromotionCandidate) => {
    signal = told.signal;
    return new Promise<never>(() => {});
  };
  await ask(consulting(host, { decide }, stop.signal));
  stop.abort(new Error("Ctrl-C"));
  expect(signal?.reason).toEqual(new Error("Ctrl-C"));
});

test("every other step is the host's", async () => {
  const consulted = consulting(host, { decide: () => ({ verdict: "promote", reason: "" }) });
  expect(await consulted.ask({ kind: "wait", ms: 5 })).toMatchObject({ message: "asked to wait" });
  consulted.end();
});
