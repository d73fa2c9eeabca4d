import { expect, test } from "vitest";
import type { LedgerEvent, Outcome } from "../../src/core/model.js";
import { resilient } from "../../src/core/resilience.js";
import { ask, beginRun, Interruption, type Run, type Script } from "../../src/core/script.js";
import { anEntry, anImage, aRelease, aRuntime } from "../support/builders.js";
import { type Fault, runScript } from "../support/run-script.js";
import { createContainer, healthy } from "../support/simulated-container.js";
import { aSimulatedHost, type SimulatedHost } from "../support/simulated-host.js";

const errand = {
  token: "run-1",
  holder: "run-1",
  reason: "why",
  keepReleases: 5,
  publicUrl: null,
  promotionGate: null,
};
const fine: Outcome = { phase: "nothing-to-do", revision: 1, slot: "blue", reason: "told to its end" };

/** One look at the host, and that is all. */
function* aLook(run: Run): Script<Outcome> {
  yield* ask(run, { kind: "observe" });
  return fine;
}

/** biome-ignore lint/correctness/useYield: it ends before it asks for anything. */
function* interrupted(why: "fenced" | "deadline"): Script<Outcome> {
  throw new Interruption(why, true, `it was ${why}`);
}

function tell(
  host: SimulatedHost,
  faults: readonly Fault[] = [],
  { story = aLook, ...differs }: Partial<Run> & { story?: (run: Run) => Script<Outcome> } = {},
) {
  const run: Run = { ...beginRun(60_000), fence: host.fence, ...differs };
  let times = 0;
  const again = () => {
    times += 1;
    return story(run);
  };
  const told = runScript(resilient(run, errand, null, again), host, faults);
  return { ...told, times, kinds: told.steps.map(({ kind }) => kind) };
}

const lostAt = (at: number, reconnects = true): Fault => ({
  at,
  what: { kind: "connection-lost", when: "before", reconnects },
});
const fullFrom = (at: number): Fault => ({ at, what: { kind: "disk-full", steps: 50 } });
const byRun = (by: string, event: LedgerEvent, revision = 2) => anEntry({ event, revision, by });

/** Revision 1 in blue; this run has started 2 in green. */
function withCandidate(): SimulatedHost {
  const host = aSimulatedHost(aRelease({ runtime: aRuntime({ hotMs: 77 }) }));
  const release = aRelease({ image: anImage("v2") });
  host.containers.push(createContainer("container-2", "green", 2, release, healthy, 0));
  host.releases.push({ revision: 2, release, imagePresent: true });
  return host;
}

/** It has switched to it, too. */
function withOpenSwitch(): SimulatedHost {
  const host = withCandidate();
  host.pointer = { mode: "pair", live: "green", standby: "blue" };
  return host;
}

function guardOf(token: string): NonNullable<SimulatedHost["guard"]> {
  return {
    token,
    revision: 2,
    live: "green",
    previous: "blue",
    expiresMs: 9e9,
    looksAtMs: 9e9,
    looks: 0,
    passes: { previous: 0, live: 0 },
    needed: { previous: 1, live: 1 },
  };
}

test("a story that nothing interrupts is told once", () => {
  const told = tell(aSimulatedHost(aRelease()));
  expect(told).toMatchObject({ outcome: fine, times: 1, kinds: ["observe"], notices: [] });
});

test("when the connection comes back the host is read, and the story told again", () => {
  const told = tell(aSimulatedHost(aRelease()), [lostAt(0)]);
  expect(told).toMatchObject({ outcome: fine, times: 2 });
  expect(told.kinds).toEqual(["observe", "observe", "observe", "observe"]);
  expect(told.notices).toEqual([
    {
      kind: "note",
      level: "warning",
      text: "the host was lost (connection reset) and is back: reading it again",
    },
  ]);
});

test("without the lock there is no switch to take back", () => {
  expect(tell(aSimulatedHost(aRelease()), [lostAt(0)], { fence: 0 }).kinds).toHaveLength(3);
});

test("when it does not come back, that is told, and what the host does", () => {
  const told = tell(aSimulatedHost(aRelease()), [lostAt(0, false)]);
  expect(told.outcome).toMatchObject({ phase: "lost", code: "lost", serving: null, logs: "" });
  expect(told.outcome?.reason).toMatch(/^connection reset; what served keeps serving/);
  expect(told.kinds).toHaveLength(1);
});

test("four times it is tried, and no more", () => {
  const told = tell(
    aSimulatedHost(aRelease()),
    [0, 1, 2, 3].map((at) => lostAt(at)),
  );
  expect(told.outcome?.phase).toBe("lost");
  expect(told.outcome?.reason).toMatch(/^connection reset;/);
  expect(told.kinds).toHaveLength(4);
  const once = tell(
    aSimulatedHost(aRelease()),
    [0, 1, 2].map((at) => lostAt(at)),
  );
  expect(once.outcome).toEqual(fine);
});

test("a mistake of ours is no interruption", () => {
  const broken = () => tell(aSimulatedHost(aRelease()), [], { story: () => fail(new Error("a bug")) });
  expect(broken).toThrow("a bug");
});

function fail(cause: Error): never {
  throw cause;
}

test("a run whose time is over before it has the lock just ends", () => {
  const told = tell(aSimulatedHost(aRelease()), [], { fence: 0, story: () => interrupted("deadline") });
  expect(told.kinds).toEqual([]);
  expect(told.outcome).toMatchObject({
    phase: "aborted",
    code: "deadline",
    serving: null,
    reason: "it was deadline",
  });
});

test("with the lock it brings the host in order, though its time is over", () => {
  const host = withOpenSwitch();
  host.guard = guardOf("run-1");
  host.ledger.push(byRun("run-1", "switched"));
  const told = tell(host, [], { deadlineMs: 0, story: () => interrupted("deadline") });
  expect(told.outcome).toMatchObject({ phase: "rolled-back", code: "deadline", serving: 1 });
  expect(told.times).toBe(1);
  expect(told.kinds[0]).toBe("acquire");
  expect(told.kinds.at(-1)).toBe("unlock");
  expect(host.guard).toBeNull();
});

test("so it does after a connection that was lost over it", () => {
  const told = tell(aSimulatedHost(aRelease()), [lostAt(0)], { story: () => interrupted("deadline") });
  expect(told.kinds).toEqual(["acquire", "acquire", "observe", "unlock"]);
  expect(told).toMatchObject({ outcome: { phase: "aborted", code: "deadline", serving: 1 }, times: 1 });
});

test("where a rival holds the host by then, the rival brings it in order", () => {
  const host = aSimulatedHost(aRelease());
  host.lock = { holder: "rival", reason: "deploy", leaseMs: 30_000, expiresMs: host.nowMs + 30_000 };
  const told = tell(host, [], { story: () => interrupted("deadline") });
  expect(told).toMatchObject({
    outcome: { phase: "aborted", code: "deadline", serving: 1, reason: expect.stringContaining("by rival") },
    kinds: ["acquire", "observe"],
  });
});

test.each([
  ["promoted", "green", { phase: "promoted", revision: 2 }],
  [
    "rolled-back",
    "blue",
    { phase: "rolled-back", serving: 1, reason: expect.stringContaining("rolled-back") },
  ],
] as const)(
  "what it had %s stays so, though a rival, or an act of its own that goes on, has the lock",
  (event, live, outcome) => {
    const host = withCandidate();
    host.pointer = { mode: "solo", live };
    host.ledger.push(byRun("run-1", "switched"), { ...byRun("run-1", event), reason: `it ${event}` });
    host.lock = { holder: "rival", reason: "deploy", leaseMs: 30_000, expiresMs: host.nowMs + 30_000 };
    expect(tell(host, [lostAt(0)])).toMatchObject({ outcome, times: 1 });
  },
);

test("a run that lost the lock looks at the host, and does nothing more", () => {
  const told = tell(aSimulatedHost(aRelease()), [], { story: () => interrupted("fenced") });
  expect(told.kinds).toEqual(["observe"]);
  expect(told.outcome).toEqual({
    phase: "aborted",
    code: "fenced",
    serving: 1,
    reason: "another run took the lock; this one has stopped and touched nothing since",
    logs: "",
  });
  const blind = tell(aSimulatedHost(aRelease()), [lostAt(0)], { story: () => interrupted("fenced") });
  expect(blind.outcome).toMatchObject({ phase: "aborted", code: "fenced", serving: null });
  expect(blind.kinds).toHaveLength(1);
});

test("a mistake of ours in that look is no interruption either", () => {
  const script = resilient(beginRun(60_000), errand, null, () => interrupted("fenced"));
  script.next();
  expect(() => script.throw(new Error("a bug"))).toThrow("a bug");
});

test("a release that the bake rejected is not tried again", () => {
  const told = tell(aSimulatedHost(aRelease()), [lostAt(0)], {
    rejected: { code: "vetoed", reason: "5 % failed" },
  });
  expect(told).toMatchObject({
    outcome: { phase: "aborted", code: "vetoed", reason: "5 % failed" },
    times: 1,
  });
});

test("where the guardian has acted on this run, it is over; where on another, it is not", () => {
  for (const [token, times] of [
    ["run-1", 1],
    ["run-0", 2],
  ] as const) {
    const host = withCandidate();
    host.ledger.push(byRun(token, "switched"));
    host.outcome = { token, revision: 2, verdict: "reverted", serving: "blue" };
    expect(tell(host, [lostAt(0)])).toMatchObject({ times });
  }
});

test("where the ledger has its end, it is over, and told with that", () => {
  const host = aSimulatedHost(aRelease());
  host.ledger.push(anEntry({ event: "aborted", revision: 2, by: "run-1", reason: "404" }));
  const told = tell(host, [lostAt(0)]);
  expect(told).toMatchObject({ outcome: { phase: "aborted", code: "lost", reason: "404" }, times: 1 });
  expect(told.kinds).toEqual(["observe", "observe", "acquire", "observe", "unlock"]);
});

test("what is hot beside an abort stays hot", () => {
  const host = withCandidate();
  host.ledger.push(byRun("run-0", "promoted"), byRun("run-0", "promoted", 1), byRun("run-1", "aborted", 3));
  expect(tell(host, [lostAt(0)]).kinds).not.toContain("retire");
});

test("where it was promoted, what served before goes in its time", () => {
  const host = withCandidate();
  host.pointer = { mode: "solo", live: "green" };
  host.ledger.push(byRun("run-1", "switched"), byRun("run-1", "promoted"));
  const told = tell(host, [lostAt(0)]);
  expect(told).toMatchObject({ outcome: { phase: "promoted", revision: 2, slot: "green" }, times: 1 });
  expect(told.steps).toContainEqual(
    expect.objectContaining({ kind: "retire", containerId: "container-0-r1", afterMs: 77 }),
  );
});

test.each([
  [
    "armed the guard",
    (host: SimulatedHost) => {
      host.guard = guardOf("run-1");
    },
  ],
  ["written its switch", (host: SimulatedHost) => host.ledger.push(byRun("run-1", "switched"))],
])("where it has %s, that is settled before the story is told again", (_, does) => {
  const host = withOpenSwitch();
  does(host);
  const told = tell(host, [lostAt(0)]);
  expect(told).toMatchObject({ outcome: fine, times: 2 });
  expect(told.kinds.slice(0, 4)).toEqual(["observe", "observe", "observe", "acquire"]);
  expect(host.pointer).toEqual({ mode: "solo", live: "blue" });
});

test("what another run left open is that run's, until the story comes to it", () => {
  const host = withOpenSwitch();
  host.guard = guardOf("run-0");
  host.ledger.push(byRun("run-0", "switched"));
  expect(tell(host, [lostAt(0)]).kinds).not.toContain("acquire");
});

test("where a rival has the lock by then, the rival settles it", () => {
  const host = withOpenSwitch();
  host.guard = guardOf("run-1");
  host.lock = { holder: "rival", reason: "deploy", leaseMs: 30_000, expiresMs: host.nowMs + 30_000 };
  expect(tell(host, [lostAt(0)])).toMatchObject({
    // Nobody has gone back from it yet: no run may say that it never switched.
    outcome: { phase: "halted", code: "locked", reason: expect.stringContaining("by rival") },
    times: 1,
  });
});

test("where it cannot be settled, that is how the run ends, and the lock is given back", () => {
  const host = withOpenSwitch();
  host.ledger.push(byRun("run-1", "switched"));
  const told = tell(host, [lostAt(0), fullFrom(4)]);
  expect(told).toMatchObject({ outcome: { phase: "halted", code: "unconfirmed-switch" }, times: 1 });
  expect(told.outcome?.reason).toContain("it could not be settled; the switch to revision 2");
  expect(told.kinds.at(-1)).toBe("unlock");
  expect(told.notices).toContainEqual({ kind: "phase", at: told.outcome });
});
