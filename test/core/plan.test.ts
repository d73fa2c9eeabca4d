import { expect, test } from "vitest";
import type { DeployRequest, HostView } from "../../src/core/model.js";
import { planDeploy } from "../../src/core/plan.js";
import {
  aBareView,
  aContainer,
  anImage,
  aRelease,
  aRequest,
  aRuntime,
  aSite,
  aView,
} from "../support/builders.js";

const same = aRequest({ release: aRelease() });
const titles = (request: DeployRequest, view: HostView) => {
  const plan = planDeploy(request, view);
  return "steps" in plan ? plan.steps.map((step) => step.title) : plan.verdict;
};

test("what serves already plans nothing", () => {
  expect(planDeploy(same, aView())).toMatchObject({
    verdict: "nothing",
    reason: "revision 1 serves this image, configuration and secrets already",
  });
});

test.each([
  ["another image", aRequest(), aView(), "image differ from revision 1"],
  [
    "another configuration",
    aRequest({ release: aRelease({ configHash: "x" }) }),
    aView(),
    "configuration differ",
  ],
  ["other secrets", same, aView({ desiredSecretsHash: "x" }), "its secrets changed"],
  ["a release that was never promoted", same, aView({ ledger: [] }), "was never promoted"],
  ["a dead container", same, aView({ containers: [aContainer({ stage: "exited" })] }), "nothing serves yet"],
])("%s is deployed, and the reason is told", (_, request, view, why) => {
  const plan = planDeploy(request, view);
  expect(plan.verdict).toBe("deploy");
  expect(plan.reason).toContain(why);
});

test("both may differ, and a candidate that is told as different says in what", () => {
  expect(
    planDeploy(aRequest({ release: aRelease({ image: anImage("v2"), configHash: "x" }) }), aView()),
  ).toEqual(expect.objectContaining({ reason: "image and configuration differ from revision 1" }));
});

test.each([
  ["proxy", { state: "stopped" }, "the proxy is stopped, the guardian running"],
  ["guardian", { guardian: "stopped" }, "the proxy is running, the guardian stopped"],
] as const)("where the %s is down, what serves already is deployed anew", (_, differs, why) => {
  const plan = planDeploy(same, aView({ proxy: { ...aView().proxy, ...differs } }));
  expect(plan).toMatchObject({ verdict: "deploy", installProxy: true, routeChange: false });
  expect("steps" in plan ? plan.steps : []).toContainEqual({
    title: "install the proxy and its guardian",
    why,
  });
});

test("a plan carries all that the deploy needs", () => {
  const runtime = aRuntime({ port: 8080 });
  const plan = planDeploy(aRequest({ release: aRelease({ image: anImage("v2"), runtime }) }), aView());
  expect(plan).toMatchObject({
    verdict: "deploy",
    revision: 2,
    slot: "green",
    site: { slots: { blue: { port: 3000 }, green: { port: 8080 } } },
    installProxy: false,
    routeChange: true,
  });
  expect("steps" in plan ? plan.steps.map(({ why }) => why) : []).toEqual([
    "by digest, before the lock",
    expect.stringContaining("a reload closes idle connections"),
    "image differ from revision 1",
    "3 consecutive passes on /health",
    "the guardian goes back unless the bake confirms",
    "10 s",
    "confirmed, written to the ledger",
  ]);
});

test("the steps of a deploy beside what serves", () => {
  const preDeploy = { command: ["npm", "run", "migrate"], timeoutMs: 60_000 };
  const request = aRequest({ release: aRelease({ image: anImage("v2"), runtime: aRuntime({ preDeploy }) }) });
  expect(titles(request, aView())).toEqual([
    `pull ${anImage("v2")}`,
    "run the pre-deploy command",
    "start revision 2 in slot green",
    "gate",
    "switch, with slot blue standing by",
    "bake",
    "promote",
  ]);
});

test("a promotion gate is told of where there is one", () => {
  const promotion = (request: DeployRequest) => {
    const plan = planDeploy(request, aView());
    return "steps" in plan ? plan.steps.at(-1)?.why : null;
  };
  expect(promotion(aRequest())).toBe("confirmed, written to the ledger");
  expect(promotion(aRequest({ promotionGate: { timeoutMs: 4_000 } }))).toMatch(
    /^unless the promotion gate vetoes it; /,
  );
});

test("a bare host is given a proxy and a route first, and the switch is alone", () => {
  expect(titles(aRequest(), aBareView())).toEqual([
    `pull ${anImage("v2")}`,
    "install the proxy and its guardian",
    "reload the proxy with this app's route",
    "start revision 1 in slot blue",
    "gate",
    "switch, alone",
    "bake",
    "promote",
  ]);
  const plan = planDeploy(aRequest(), aBareView());
  expect("steps" in plan ? plan.steps : []).toContainEqual({
    title: "switch, alone",
    why: "nothing serves that could stand by",
  });
});

test("only another domain is a reload, whose cost is told", () => {
  const plan = planDeploy({ ...same, site: aSite({ domains: ["shop.example"] }) }, aView());
  expect(plan.verdict).toBe("reroute");
  expect("steps" in plan ? plan.steps[0]?.why : "").toContain("closes idle connections and WebSockets");
  expect(plan).toMatchObject({ site: { domains: ["shop.example"] }, serving: { revision: 1 } });
});

test("only a renewed certificate is a reload as well, and a deploy brings it along", () => {
  const proxy = { ...aView().proxy, filesChanged: true };
  const plan = planDeploy(same, aView({ proxy }));
  expect(plan).toMatchObject({ verdict: "reroute", reason: expect.stringContaining("certificate") });
  const request = aRequest({ release: aRelease({ image: anImage("v2") }) });
  expect(planDeploy(request, aView({ proxy }))).toMatchObject({ verdict: "deploy", routeChange: true });
  expect(planDeploy(request, aView())).toMatchObject({ verdict: "deploy", routeChange: false });
});

test("what an earlier run left open is settled first", () => {
  const view = aView({
    pointer: { mode: "pair", live: "green", standby: "blue" },
    containers: [aContainer(), aContainer({ id: "container-2", slot: "green", revision: 2 })],
  });
  expect(titles(aRequest(), view)).toContain("settle");
  expect(titles(aRequest(), view)).toContain("start revision 3 in slot green");
});

test("nothing is settled where nothing is open, and a pre-deploy command is told as it is run", () => {
  const preDeploy = { command: ["npm", "run", "migrate"], timeoutMs: 60_000 };
  const request = aRequest({ release: aRelease({ image: anImage("v2"), runtime: aRuntime({ preDeploy }) }) });
  const plan = planDeploy(request, aView());
  expect("steps" in plan ? plan.steps.map(({ why }) => why) : []).toContain("npm run migrate");
  expect(titles(request, aView())).not.toContain("settle");
});

test("what serves is deployed anew while an earlier run's switch is open", () => {
  const view = aView({
    guard: { token: "run-0", fence: 1, revision: 1, live: "blue", previous: "green", remainingMs: 1 },
  });
  expect(planDeploy(same, view).verdict).toBe("deploy");
});

test("the candidate goes where nothing serves", () => {
  const green = aContainer({ id: "container-2", slot: "green", revision: 2 });
  const ledger = [...aView().ledger, ...aView().ledger.map((entry) => ({ ...entry, revision: 2 }))];
  const view = aView({ pointer: { mode: "solo", live: "green" }, containers: [green], ledger });
  expect(planDeploy(aRequest(), view)).toMatchObject({ slot: "blue" });
});

test("a refusal tells every problem", () => {
  const plan = planDeploy(aRequest(), aView({ diskFreeBytes: 0, architecture: "arm64" }));
  expect(plan).toMatchObject({
    verdict: "refused",
    code: "disk-full",
    problems: [{ code: "disk-full" }, { code: "wrong-architecture" }],
    reason: expect.stringMatching(/^the host has 0 MiB of disk free .*; the image is for amd64/),
  });
});
