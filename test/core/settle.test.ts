import { expect, test } from "vitest";
import { deploy } from "../../src/core/deploy.js";
import type { ContainerView, LedgerEvent, Slot } from "../../src/core/model.js";
import { beginRun, type Run } from "../../src/core/script.js";
import { letProxyForget, settled } from "../../src/core/settle.js";
import { answering } from "../support/answering.js";
import { anEntry, anImage, aRelease, aRequest, aRuntime, aSite } from "../support/builders.js";
import { type Fault, runScript } from "../support/run-script.js";
import { type Behaviour, createContainer, healthy } from "../support/simulated-container.js";
import { SimulatedHost } from "../support/simulated-host.js";

const mute: Partial<Behaviour> = { healthyAfterMs: null };

interface Found {
  readonly revision: number;
  readonly behaviour?: Partial<Behaviour>;
  readonly exited?: true;
  /** Its folder is gone. */
  readonly forgotten?: true;
}

/** A host where these containers are found, blue serving alone, and these lines in the ledger. */
function hostOf(
  slots: Partial<Record<Slot, Found>>,
  lines: readonly (readonly [LedgerEvent, number])[] = [],
): SimulatedHost {
  const host = new SimulatedHost();
  host.fence = 3;
  host.pointer = { mode: "solo", live: "blue" };
  host.proxy = { ...host.proxy, state: "running", guardian: "running" };
  host.ledger = lines.map(([event, revision]) => anEntry({ event, revision }));
  for (const [slot, found] of Object.entries(slots) as [Slot, Found][]) {
    const { revision } = found;
    const release = aRelease({
      image: anImage(`v${revision}`),
      runtime: aRuntime({ drainMs: revision * 100 }),
    });
    const behaviour = { ...healthy, ...found.behaviour };
    const container = createContainer(`${slot}-${revision}`, slot, revision, release, behaviour, host.nowMs);
    host.containers.push(Object.assign(container, { stage: found.exited ? "exited" : "running" }));
    if (!found.forgotten) host.releases.push({ revision, release, imagePresent: true });
  }
  host.advance(1_000);
  return host;
}

function settle(
  host: SimulatedHost,
  faults: readonly Fault[] = [],
  rejected: Run["rejected"] = null,
  deadlineMs = 600_000,
  makesRoom = false,
) {
  const run: Run = { ...beginRun(deadlineMs), fence: host.fence, rejected };
  const told = runScript(settled(run, "run-5", null, makesRoom ? { makesRoom } : {}), host, faults);
  return { ...told, kinds: told.steps.map(({ kind }) => kind) };
}

/** Green was switched to and never confirmed; blue is the way back. */
function openSwitch(slots: Partial<Record<Slot, Found>>): SimulatedHost {
  const host = hostOf(slots, [["promoted", 1]]);
  host.pointer = { mode: "pair", live: "green", standby: "blue" };
  return host;
}

/** The guardian has time enough, and decides later. */
function arm(host: SimulatedHost): void {
  host.guard = {
    ...{ token: "run-2", revision: 2, live: "green", previous: "blue", looks: 0 },
    ...{ expiresMs: host.nowMs + 1e9, looksAtMs: host.nowMs + 1e9 },
    ...{ passes: { previous: 0, live: 0 }, needed: { previous: 1, live: 1 } },
  };
}

function outcomeOf(host: SimulatedHost, verdict: "reverted" | "halted", serving: Slot): SimulatedHost {
  host.pointer = { mode: "solo", live: serving };
  host.outcome = { token: "run-2", revision: 2, verdict, serving };
  return host;
}

test("a run whose time is over leaves a previous release that is starting to the guardian, which asks on", () => {
  const starting = () => openSwitch({ blue: { revision: 1, behaviour: mute }, green: { revision: 2 } });
  const host = starting();
  arm(host);
  const told = settle(host, [], null, 0);
  expect(told.kinds).not.toContain("point-back");
  expect(host.guard).not.toBeNull();
  expect(told.outcome?.blocked).toContain("did not confirm it");

  // Where nobody else would decide, the run does.
  const alone = starting();
  settle(alone, [], null, 0);
  expect(alone.pointer).toEqual({ mode: "solo", live: "green" });
});

test("a host in order is looked at once", () => {
  const told = settle(hostOf({ blue: { revision: 1 } }, [["promoted", 1]]));
  expect(told.kinds).toEqual(["observe"]);
  expect(told.outcome?.blocked).toBeNull();
  expect(told.notices).toEqual([]);
});

test("that the guardian went back is written down, and what it left is taken away for good", () => {
  const host = outcomeOf(
    hostOf({ blue: { revision: 1 }, green: { revision: 2 } }, [["promoted", 1]]),
    "reverted",
    "blue",
  );
  const told = settle(host);
  expect(told.steps.slice(1, 4)).toEqual([
    {
      kind: "point-back",
      fence: 3,
      live: "blue",
      entry: {
        event: "reverted",
        revision: 2,
        image: anImage("v2"),
        commit: null,
        by: "run-5",
        reason: "never confirmed; decided by the guardian",
      },
    },
    { kind: "retire", fence: 3, containerId: "green-2", slot: "green", drainMs: 200, afterMs: 0 },
    // The proxy holds what the rejected release did against its slot for so long.
    { kind: "wait", ms: 5_000 },
  ]);
  expect(host.outcome).toBeNull();
  expect(told.outcome?.view.containers.map(({ revision }) => revision)).toEqual([1]);
  expect(told.notices).toEqual([
    {
      kind: "note",
      level: "warning",
      text: "revision 2 was switched to and never confirmed; the guardian went back to slot blue",
    },
  ]);
});

test("that the guardian kept what it could not go back from is written down, and that is kept", () => {
  const host = outcomeOf(hostOf({ green: { revision: 2 } }, [["promoted", 1]]), "halted", "green");
  const told = settle(host);
  expect(told.kinds).toEqual(["observe", "point-back", "observe"]);
  expect(host.ledger.at(-1)).toMatchObject({ event: "halted", revision: 2, image: anImage("v2") });
});

test("what the guardian left may be gone already", () => {
  const host = outcomeOf(hostOf({ blue: { revision: 1 } }, [["promoted", 1]]), "reverted", "blue");
  expect(settle(host).kinds).toEqual(["observe", "point-back", "observe"]);
  expect(host.ledger.at(-1)).toMatchObject({ event: "reverted", revision: 2, image: "" });
});

test("an open switch is gone back from, with proof, and its release is taken away", () => {
  const host = openSwitch({ blue: { revision: 1 }, green: { revision: 2 } });
  const told = settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(host.ledger.at(-1)).toMatchObject({
    event: "reverted",
    revision: 2,
    image: anImage("v2"),
    by: "run-5",
    reason: "unconfirmed switch settled: revision 1 answers its health probes",
  });
  expect(told.kinds).toEqual([
    "observe",
    ...["probe", "probe", "point-back"],
    ...["retire", "wait"],
    "observe",
  ]);
  expect(told.outcome?.blocked).toBeNull();
});

/** A rollback to revision 2, which is stable, was never confirmed: so it is gone back from to what it left. */
function openRollback(lines: readonly (readonly [LedgerEvent, number])[], green: Partial<Found> = {}) {
  const host = hostOf({ blue: { revision: 3 }, green: { revision: 2, ...green } }, lines);
  host.pointer = { mode: "pair", live: "green", standby: "blue" };
  return host;
}

test("a stable release that was only not confirmed stays hot for its time, beside a stable one", () => {
  const both = [
    ["promoted", 2],
    ["promoted", 3],
  ] as const;
  const retired = (host: SimulatedHost, rejected: Parameters<typeof settle>[2] = null) =>
    settle(host, [], rejected).steps.flatMap((step) => (step.kind === "retire" ? [step.afterMs] : []));
  expect(retired(openRollback(both))).toEqual([60_000]);
  // Its release is forgotten, and with it for how long.
  expect(retired(openRollback(both, { forgotten: true }))).toEqual([0]);
  // Beside one that was never promoted it stays until something better is there.
  expect(retired(openRollback([["promoted", 2]]))).toEqual([]);
  // And where nothing is beside it.
  const alone = outcomeOf(hostOf({ green: { revision: 2 } }, [["promoted", 2]]), "reverted", "blue");
  expect(retired(alone)).toEqual([]);
  // What this run's own bake found broken is no way back.
  expect(retired(openRollback(both), { code: "bake-failed", reason: "5 % failed" })).toEqual([0]);
});

test("what this run's own bake found broken is rolled back from, and no longer stable", () => {
  const open = openSwitch({ blue: { revision: 1 }, green: { revision: 2 } });
  settle(open, [], { code: "bake-failed", reason: "5 % failed" });
  expect(open.ledger.at(-1)).toMatchObject({ event: "rolled-back", revision: 2 });
  const acted = outcomeOf(hostOf({ blue: { revision: 1 } }, [["promoted", 1]]), "reverted", "blue");
  settle(acted, [], { code: "bake-failed", reason: "5 % failed" });
  expect(acted.ledger.at(-1)).toMatchObject({ event: "rolled-back", revision: 2 });
});

test("the way back is given time to start, as long as the guardian would", () => {
  const slow = openSwitch({
    blue: { revision: 1, behaviour: { healthyAfterMs: 25_000 } },
    green: { revision: 2 },
  });
  settle(slow);
  expect(slow.pointer).toEqual({ mode: "solo", live: "blue" });
  const slower = openSwitch({
    blue: { revision: 1, behaviour: { healthyAfterMs: 40_000 } },
    green: { revision: 2 },
  });
  const told = settle(slower);
  expect(slower.pointer).toEqual({ mode: "solo", live: "green" });
  expect(slower.ledger.at(-1)).toMatchObject({
    event: "halted",
    revision: 2,
    reason: "unconfirmed switch settled: revision 2 answers its health probes",
  });
  expect(told.tookMs).toBeGreaterThan(30_000);
  expect(told.tookMs).toBeLessThan(36_000);
});

test("nor longer than the run may take", () => {
  const host = openSwitch({
    blue: { revision: 1, behaviour: { healthyAfterMs: 25_000 } },
    green: { revision: 2 },
  });
  expect(settle(host, [], null, 6_000).tookMs).toBeLessThan(15_000);
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
});

test("where what was switched to is gone, it goes back, and nothing is taken away", () => {
  const host = openSwitch({ blue: { revision: 1 } });
  expect(settle(host).kinds).not.toContain("retire");
  expect(host.ledger.at(-1)).toMatchObject({ event: "reverted", revision: 0, image: "" });
});

test("a way back that does not even run is not waited for", () => {
  const host = openSwitch({ blue: { revision: 1, exited: true }, green: { revision: 2 } });
  expect(settle(host).tookMs).toBeLessThan(10_000);
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
  expect(host.inSlot("green")?.revision).toBe(2);
});

test("where neither answers, it goes back, but that is no rollback with proof", () => {
  const host = openSwitch({
    blue: { revision: 1, behaviour: mute },
    green: { revision: 2, behaviour: mute },
  });
  settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(host.ledger.at(-1)).toMatchObject({ event: "halted", revision: 2 });
  expect(host.inSlot("green")).toBeNull();
});

test("where nothing is there at all, the pointer goes back, and nothing is taken away", () => {
  const host = openSwitch({});
  const told = settle(host);
  expect(told.kinds).toEqual(["observe", "observe", "point-back", "observe"]);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(host.ledger.at(-1)).toMatchObject({ event: "halted", image: "" });
});

test("on a full disk an open switch stays open, is not waited for, and blocks the host", () => {
  const host = openSwitch({ blue: { revision: 1 }, green: { revision: 2 } });
  const told = settle(host, [{ at: 1, what: { kind: "disk-full", steps: 50 } }]);
  expect(told.kinds).toEqual(["observe", "probe", "install-proxy", "probe", "probe", "observe"]);
  expect(told.outcome?.blocked).toBe("the switch to revision 2 was never confirmed");
});

test("where the way back could not be asked for a moment, the guardian asks on, and the other one does not win by that", () => {
  const host = openSwitch({ blue: { revision: 1 }, green: { revision: 2 } });
  arm(host);
  const told = settle(host, [{ at: 1, what: { kind: "disk-full", steps: 2 } }]);
  expect(told.kinds).toEqual(["observe", "probe", "install-proxy", "observe"]);
  expect(host.pointer).toEqual({ mode: "pair", live: "green", standby: "blue" });
  expect(host.guard).not.toBeNull();
});

test("what cannot be settled is tried once, not for ever", () => {
  const host = openSwitch({ blue: { revision: 1 }, green: { revision: 2 } });
  const told = settle(host, [{ at: 3, what: { kind: "disk-full", steps: 50 } }]);
  expect(told.kinds.filter((kind) => kind === "point-back")).toHaveLength(1);
  expect(told.outcome?.blocked).not.toBeNull();
});

test("a host that shows something else each time is not followed for ever", () => {
  const host = hostOf({ blue: { revision: 1 }, green: { revision: 2 } }, [["promoted", 1]]);
  const [blue, green] = host.observe().containers;
  answering(host, "observe", (view, time) => ({
    ...view,
    containers: [blue, { ...green, revision: 10 + time }] as ContainerView[],
  }));
  const { kinds, outcome } = settle(host);
  expect(kinds.filter((kind) => kind === "retire")).toHaveLength(4);
  expect(outcome?.blocked).toBeNull();
});

test("a lost pointer is found again at the release that was promoted last", () => {
  const host = hostOf({ blue: { revision: 4 }, green: { revision: 3 } }, [
    ["promoted", 4],
    ["promoted", 3],
  ]);
  host.pointer = null;
  settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
  expect(host.ledger.at(-1)).toMatchObject({
    event: "halted",
    revision: 3,
    image: anImage("v3"),
    reason: "the pointer was lost: revision 3 answers its health probes",
  });
});

test("a lost pointer is found again at what was promoted before what was not, and else at what is newer", () => {
  const promoted = hostOf({ blue: { revision: 3 }, green: { revision: 4 } }, [["promoted", 3]]);
  promoted.pointer = null;
  settle(promoted);
  expect(promoted.pointer).toEqual({ mode: "solo", live: "blue" });
  const untried = hostOf({ blue: { revision: 3 }, green: { revision: 4 } });
  untried.pointer = null;
  settle(untried);
  expect(untried.pointer).toEqual({ mode: "solo", live: "green" });
});

test("a lost pointer is found again at what answers", () => {
  const host = hostOf({ blue: { revision: 4, behaviour: mute }, green: { revision: 3 } }, [["promoted", 4]]);
  host.pointer = null;
  settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
  expect(host.ledger.at(-1)).toMatchObject({ event: "halted", revision: 3, image: anImage("v3") });
});

test("a lost pointer is found again at what runs, whatever else is there", () => {
  const host = hostOf({ blue: { revision: 3 }, green: { revision: 4, exited: true } }, [["promoted", 4]]);
  host.pointer = null;
  const told = settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(told.kinds.filter((kind) => kind === "probe")).toHaveLength(1);
});

test("a lost pointer is not found again at what the proxy cannot be told how to reach", () => {
  const lost = (slots: Parameters<typeof hostOf>[0]) => {
    const host = Object.assign(hostOf(slots, [["promoted", 3]]), { pointer: null });
    const site = aSite();
    const blue = { port: 4000, healthPath: "/up" };
    host.proxy = { ...host.proxy, site: { ...site, slots: { ...site.slots, blue } } };
    return host;
  };
  const failing = answering(lost({ blue: { revision: 3 } }), "route", () => ({
    verdict: "failed",
    code: "proxy-failed",
    message: "no",
  }));
  expect(settle(failing).kinds).toContain("route");
  expect(failing.pointer).toBeNull();

  // Nothing is known of how to reach what is forgotten, so that it is reached as before.
  const forgotten = lost({ blue: { revision: 3, forgotten: true } });
  expect(settle(forgotten).kinds).not.toContain("route");
  expect(forgotten.pointer).toEqual({ mode: "solo", live: "blue" });
});

test("where the host cannot ask, a lost pointer stays lost and blocks the host", () => {
  const host = hostOf({ blue: { revision: 3 } }, [["promoted", 3]]);
  host.pointer = null;
  const told = settle(host, [{ at: 1, what: { kind: "disk-full", steps: 50 } }]);
  expect(told.kinds).not.toContain("point-back");
  expect(told.outcome?.blocked).toContain("the pointer that says which one serves is lost");
});

/** Where the run stands still for longer than what it saw holds, just before it would act on that. */
function asleep(make: () => SimulatedHost) {
  const at = settle(make()).kinds.indexOf("point-back");
  const host = make();
  const before = host.pointer;
  const dies = () => {
    for (const container of host.containers) Object.assign(container, { stage: "exited" });
  };
  const told = settle(host, [{ at, what: { kind: "runner-pauses", ms: 10_001, meanwhile: dies } }]);
  return { told, host, before };
}

test.each<[string, () => SimulatedHost]>([
  ["an open switch", () => openSwitch({ blue: { revision: 1 }, green: { revision: 2 } })],
  [
    "a lost pointer",
    () => Object.assign(hostOf({ blue: { revision: 3 } }, [["promoted", 3]]), { pointer: null }),
  ],
  [
    "a dead release",
    () =>
      hostOf({ blue: { revision: 3, exited: true }, green: { revision: 2 } }, [
        ["promoted", 2],
        ["promoted", 3],
      ]),
  ],
])("%s is not settled on what was true before the run stood still", (_, make) => {
  const { told, host, before } = asleep(make);
  expect(told.kinds).toContain("point-back");
  expect(host.pointer).toEqual(before);
  expect(host.ledger.at(-1)?.event).toBe("promoted");
});

const deadBeside = (other: Found, lines: readonly (readonly [LedgerEvent, number])[]) =>
  hostOf({ blue: { revision: 3, exited: true }, green: other }, lines);
const makingRoom = (host: SimulatedHost) => settle(host, [], null, 600_000, true);

test("a candidate gets the place of the dead release, not that of a stable one that runs and answers nothing yet", () => {
  const lines = [
    ["promoted", 2],
    ["promoted", 3],
  ] as const;
  const host = deadBeside({ revision: 2, behaviour: mute }, lines);
  const told = makingRoom(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
  expect(host.ledger.at(-1)).toMatchObject({
    event: "halted",
    revision: 2,
    reason: "took over: revision 3, which should serve, does not run; it answers no probes, but runs",
  });
  expect(told.outcome?.blocked).toBeNull();

  const idle = deadBeside({ revision: 2, behaviour: mute }, lines);
  settle(idle);
  expect(idle.pointer).toEqual({ mode: "solo", live: "blue" });
});

test("what has started again while the other one was asked keeps its place", () => {
  const host = deadBeside({ revision: 2, behaviour: mute }, [
    ["promoted", 2],
    ["promoted", 3],
  ]);
  const starts = () => Object.assign(host.inSlot("blue") ?? {}, { stage: "running" });
  const told = settle(
    host,
    [{ at: 1, what: { kind: "runner-pauses", ms: 2_000, meanwhile: starts } }],
    null,
    600_000,
    true,
  );
  expect(told.kinds).toEqual(["observe", "probe", "observe", "observe"]);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(told.outcome?.blocked).toBeNull();
});

test("a deploy makes that room: its candidate starts in the slot of the dead release", () => {
  const host = deadBeside({ revision: 2, behaviour: mute }, [
    ["promoted", 2],
    ["promoted", 3],
  ]);
  const { steps, outcome } = runScript(
    deploy(aRequest({ release: aRelease({ image: anImage("v4") }) })),
    host,
  );
  expect(steps.find(({ kind }) => kind === "start")).toMatchObject({ slot: "blue", revision: 4 });
  expect(outcome).toMatchObject({ phase: "promoted", revision: 4, slot: "blue" });
});

test("what was never stable, and what the host could not ask, takes over from nobody without proof", () => {
  const untried = deadBeside({ revision: 2, behaviour: mute }, []);
  makingRoom(untried);
  expect(untried.pointer).toEqual({ mode: "solo", live: "blue" });

  const broken = hostOf({ blue: { revision: 3, behaviour: mute }, green: { revision: 2, behaviour: mute } }, [
    ["promoted", 2],
  ]);
  makingRoom(broken);
  expect(broken.pointer).toEqual({ mode: "solo", live: "blue" });

  const full = deadBeside({ revision: 2 }, [["promoted", 2]]);
  settle(full, [{ at: 1, what: { kind: "disk-full", steps: 2 } }], null, 600_000, true);
  expect(full.pointer).toEqual({ mode: "solo", live: "blue" });
});

test("for a dead release another that answers takes over", () => {
  const host = hostOf({ blue: { revision: 3, exited: true }, green: { revision: 2 } }, [
    ["promoted", 2],
    ["promoted", 3],
  ]);
  const told = settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
  expect(told.steps).toContainEqual({
    kind: "point-back",
    fence: 3,
    live: "green",
    provenUntilMs: expect.any(Number),
    entry: {
      event: "rolled-back",
      revision: 3,
      image: anImage("v3"),
      commit: null,
      by: "run-5",
      reason: "took over: revision 3, which should serve, does not run",
    },
  });
});

test("the one that takes over gets its own port back from the proxy first, and nothing moves where that fails", () => {
  const begin = () => {
    const host = hostOf({ blue: { revision: 3, exited: true }, green: { revision: 2 } }, [
      ["promoted", 2],
      ["promoted", 3],
    ]);
    const site = aSite();
    const green = { port: 4000, healthPath: "/up" };
    host.proxy = { ...host.proxy, site: { ...site, slots: { ...site.slots, green } } };
    return host;
  };
  const host = begin();
  const told = settle(host);
  expect(told.kinds.indexOf("route")).toBeLessThan(told.kinds.indexOf("point-back"));
  expect(host.proxy.site).toEqual(aSite());
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });

  const failing = begin();
  answering(failing, "route", () => ({ verdict: "failed", code: "proxy-failed", message: "no" }));
  expect(settle(failing).outcome?.blocked).toContain("revision 3, which should serve, does not run");
  expect(failing.pointer).toEqual({ mode: "solo", live: "blue" });
});

test("so it does for none at all", () => {
  const host = hostOf({ green: { revision: 2 } }, [["promoted", 2]]);
  settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
  expect(host.ledger.at(-1)).toMatchObject({
    event: "rolled-back",
    revision: 0,
    image: "",
    reason: "took over: nothing runs where requests are sent",
  });
});

test("one that does not answer takes nothing over, and is no obstacle", () => {
  const host = hostOf({ blue: { revision: 3, exited: true }, green: { revision: 2, behaviour: mute } }, [
    ["promoted", 2],
    ["promoted", 3],
  ]);
  const told = settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(told.kinds).toEqual(["observe", "probe", "observe"]);
  expect(told.outcome?.blocked).toBeNull();
});

test("a release that was never promoted keeps the traffic while it answers", () => {
  const host = hostOf({ blue: { revision: 3 }, green: { revision: 2 } }, [["promoted", 2]]);
  const told = settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
  expect(told.kinds).toEqual(["observe", "probe", "observe"]);
  expect(told.outcome?.blocked).toBeNull();
});

test("one that does not is gone back from, and then it is left over", () => {
  const host = hostOf({ blue: { revision: 3, behaviour: mute }, green: { revision: 2 } }, [["promoted", 2]]);
  settle(host);
  expect(host.pointer).toEqual({ mode: "solo", live: "green" });
  expect(host.containers.map(({ revision }) => revision)).toEqual([2]);
});

test.each([
  ["what serves", { blue: { revision: 3 }, green: { revision: 2 } }, 1],
  ["what could take over", { blue: { revision: 3, exited: true }, green: { revision: 2 } }, 1],
] as const)("where the host cannot ask %s, no slot may be taken", (_, slots, probes) => {
  const told = settle(hostOf(slots, [["promoted", 2]]), [{ at: 1, what: { kind: "disk-full", steps: 50 } }]);
  expect(told.kinds.filter((kind) => kind === "probe")).toHaveLength(probes);
  expect(told.outcome?.blocked).toContain("runs in the other slot");
});

test("nor where it cannot write that another takes over", () => {
  const host = hostOf({ blue: { revision: 3, exited: true }, green: { revision: 2 } }, [["promoted", 2]]);
  const told = settle(host, [{ at: 2, what: { kind: "disk-full", steps: 50 } }]);
  expect(told.kinds).toContain("point-back");
  expect(told.outcome?.blocked).toContain("runs in the other slot");
});

test("what is left over is stopped in its own time, and the proxy has nothing to forget", () => {
  const host = hostOf({ blue: { revision: 1 }, green: { revision: 2 } }, [["promoted", 1]]);
  const told = settle(host);
  expect(told.steps[1]).toEqual({
    kind: "retire",
    fence: 3,
    containerId: "green-2",
    slot: "green",
    drainMs: 200,
    afterMs: 0,
  });
  expect(told.kinds).toEqual(["observe", "retire", "observe"]);
});

test("what is left over and cannot be taken away is no obstacle", () => {
  const host = hostOf({ blue: { revision: 1 }, green: { revision: 2 } }, [["promoted", 1]]);
  const told = settle(host, [{ at: 1, what: { kind: "disk-full", steps: 50 } }]);
  expect(told.kinds).toEqual(["observe", "retire", "observe"]);
  expect(told.outcome?.blocked).toBeNull();
});

test("what is left over of a release that is forgotten has five seconds", () => {
  const host = hostOf({ blue: { revision: 1 }, green: { revision: 2, forgotten: true } }, [["promoted", 1]]);
  expect(settle(host).steps[1]).toMatchObject({ kind: "retire", drainMs: 5_000 });
});

test("the proxy is given time to forget only where there is some", () => {
  const wants = (nowMs: number) => {
    const turn = letProxyForget({ ...beginRun(10_000), startedMs: 0, nowMs }).next();
    return turn.done ? null : turn.value;
  };
  expect(wants(4_999)).toEqual({ kind: "wait", ms: 5_000 });
  expect(wants(5_000)).toBeNull();
});
