import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type Config,
  createLinesReporter,
  type DeployOptions,
  defineConfig,
  deploy,
  type ErrorCode,
  EvenkeelError,
  type HostKey,
  history,
  hostKeys,
  loadConfig,
  type PlannedStep,
  type PromotionGate,
  plan,
  type Reporter,
  type Run,
  type RunEvent,
  type RunReport,
  release,
  rollback,
  test as runTests,
  status,
  unlock,
  upgradeProxy,
  type Work,
} from "../src/index.js";

/** The public surface as a user's compiler sees it: these lines are checked by `tsc`, and by running. */
const config = defineConfig({
  app: "shop",
  image: "registry.example.com/team/shop",
  environments: { production: { host: "127.0.0.1", port: 9, user: "deploy" } },
});
const options = {
  image: `registry.example.com/team/shop@sha256:${"0".repeat(64)}`,
  credentials: { sshKey: "x" },
};

describe("types", () => {
  it("a run is a promise of its report, and an iterable of events", () => {
    expectTypeOf(deploy).returns.toEqualTypeOf<Run<RunReport>>();
    expectTypeOf(rollback).returns.toEqualTypeOf<Run<RunReport>>();
    expectTypeOf(upgradeProxy).returns.toEqualTypeOf<Run<RunReport>>();
    expectTypeOf(release).returns.toEqualTypeOf<Run<RunReport>>();
    expectTypeOf<Run<RunReport>>().toExtend<Promise<RunReport>>();
    expectTypeOf<Run<RunReport>>().toExtend<AsyncIterable<RunEvent>>();
    expectTypeOf<Awaited<ReturnType<typeof deploy>>>().toEqualTypeOf<RunReport>();
  });

  it("an event is told apart by its name, and has what belongs to it", () => {
    const describeEvent = (event: RunEvent): string => {
      if (event.event === "phase") return `${event.phase} ${event.tookMs}`;
      if (event.event === "note") return event.text;
      // @ts-expect-error only a note has a text
      return event.text;
    };
    expectTypeOf(describeEvent).returns.toBeString();
    expectTypeOf<Extract<RunEvent, { event: "end" }>["outcome"]>().toEqualTypeOf<
      "nothing-to-do" | "promoted" | "aborted" | "rolled-back" | "halted" | "lost"
    >();
  });

  it("what only looks returns data with its text", () => {
    type Plan = Awaited<ReturnType<typeof plan>>;
    expectTypeOf<Plan["verdict"]>().toEqualTypeOf<"nothing" | "refused" | "deploy" | "reroute">();
    expectTypeOf<Plan["steps"]>().toEqualTypeOf<readonly PlannedStep[]>();
    expectTypeOf<Plan["text"]>().toBeString();
    expectTypeOf<Awaited<ReturnType<typeof hostKeys>>["keys"]>().toEqualTypeOf<readonly HostKey[]>();
    expectTypeOf<Awaited<ReturnType<typeof unlock>>["verdict"]>().toEqualTypeOf<"taken" | "free">();
    expectTypeOf<Awaited<ReturnType<typeof status>>["text"]>().toBeString();
    expectTypeOf<Awaited<ReturnType<typeof history>>["text"]>().toBeString();
  });

  it("a configuration is written with its keys, and those of an environment in part", () => {
    expectTypeOf(defineConfig).returns.toEqualTypeOf<Config>();
    expectTypeOf(loadConfig).returns.toEqualTypeOf<Config>();
    const place = { host: "shop.example.com", user: "deploy" };
    const least = { app: "shop", image: "registry.example.com/shop" };
    const accepted = [
      () => defineConfig({ ...least, environments: { production: place } }),
      () => defineConfig({ ...least, environments: { production: { ...place, bake: { duration: "1m" } } } }),
      () =>
        defineConfig({ ...least, test: { command: ["npm", "test"] }, environments: { production: place } }),
      // @ts-expect-error a duration has a unit
      () => defineConfig({ ...least, bake: { duration: 60 }, environments: { production: place } }),
      // @ts-expect-error an environment has a host
      () => defineConfig({ ...least, environments: { production: { user: "deploy" } } }),
      // @ts-expect-error a key with a typo in it
      () => defineConfig({ ...least, environments: { production: { ...place, helth: {} } } }),
      // @ts-expect-error the same deeper down
      () => defineConfig({ ...least, environments: { production: { ...place, bake: { durtion: "1m" } } } }),
      // @ts-expect-error there are environments
      () => defineConfig(least),
    ];
    expect(accepted.map((define) => typeof define)).toHaveLength(8);
  });

  it("a gate says yes or no, with a reason", () => {
    expectTypeOf<DeployOptions["promotionGate"]>().toEqualTypeOf<PromotionGate | undefined>();
    const gate: PromotionGate = { decide: async () => ({ verdict: "veto", reason: "no" }) };
    // @ts-expect-error a truth is no verdict
    const wrong: PromotionGate = { decide: () => true };
    expect([gate, wrong]).toHaveLength(2);
  });

  it("errors have a code of the catalogue, and the parts of their message", () => {
    expectTypeOf<EvenkeelError["code"]>().toEqualTypeOf<ErrorCode>();
    expectTypeOf<ErrorCode>().toExtend<string>();
    expectTypeOf<"vetoed" | "stopped" | "locked">().toExtend<ErrorCode>();
    expectTypeOf<EvenkeelError["report"]>().toEqualTypeOf<RunReport | null>();
  });

  it("the pipeline's functions take a client of the Dagger SDK", () => {
    expectTypeOf(runTests).parameter(0).toEqualTypeOf<Work>();
    expectTypeOf(release).parameter(0).toEqualTypeOf<Work>();
    expectTypeOf<Work["client"]>().toHaveProperty("container");
  });

  it("a reporter is an object of functions", () => {
    expectTypeOf(createLinesReporter).returns.toEqualTypeOf<Reporter>();
  });
});

describe("a signal that was given before the call", () => {
  const reason = new Error("changed my mind");
  const given = { ...options, signal: AbortSignal.abort(reason) };

  it.each<[string, () => Promise<unknown>]>([
    ["deploy", () => deploy(config, given)],
    ["plan", () => plan(config, given)],
    ["rollback", () => rollback(config, given)],
    ["status", () => status(config, given)],
    ["history", () => history(config, given)],
    ["unlock", () => unlock(config, given)],
    ["upgradeProxy", () => upgradeProxy(config, given)],
    ["hostKeys", () => hostKeys(config, given)],
    ["release", () => release({ config } as Work, { ...given, image: null, login: null })],
  ])("%s ends at once, with a code of its own and the signal's reason", async (_, call) => {
    const error = await call().then(
      () => null,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(EvenkeelError);
    expect(error).toMatchObject({
      code: "stopped",
      detail: "Stopped before anything was changed.",
      cause: reason,
    });
  });
});

it("a call that cannot be is rejected, and its events end with that", async () => {
  const run = deploy(config, { ...options, environment: "staging" });
  const seen: RunEvent[] = [];
  await expect(async () => {
    for await (const event of run) seen.push(event);
  }).rejects.toMatchObject({ code: "environment-unknown" });
  expect(seen).toEqual([]);
});
