import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import type { Step } from "../../src/core/model.js";
import { readStep } from "../../src/forced-command/steps.js";
import { release, site, steps } from "../commands/support/steps.js";
import { histories, replay } from "../support/histories.js";
import { SimulatedHost } from "../support/simulated-host.js";

afterEach(() => void vi.restoreAllMocks());

/** As it arrives on a host, where containers and images have the ids that Docker gives them. */
function sent(step: Step): unknown {
  const idOf = (name: string) => createHash("sha256").update(name).digest("hex");
  const real = (key: string, value: unknown) => {
    if (typeof value !== "string") return value;
    if (key === "containerId") return idOf(value);
    return key === "image" ? value.replace(/(?<=@sha256:).*/, idOf) : value;
  };
  return JSON.parse(JSON.stringify(step, real));
}

const one = (kind: Step["kind"]) => sent(steps.find((step) => step.kind === kind) as Step) as object;

test("one of every step is read as what it is, with nothing lost", () => {
  // A path of the host with a space, which the configuration would not let through.
  const usual = steps.filter((step) => !JSON.stringify(step).includes("/etc/a b.pem"));
  for (const step of usual) expect(readStep(sent(step))).toEqual(sent(step));
  expect(new Set(usual.map(({ kind }) => kind)).size).toBe(18);
});

test("whatever deploys, rollbacks and recoveries ask for is let through, also where things go wrong", () => {
  const asked = new Map<string, Step>();
  const act = SimulatedHost.prototype.act;
  vi.spyOn(SimulatedHost.prototype, "act").mockImplementation(function (this: SimulatedHost, step) {
    const shape = JSON.stringify(step, (_, value) => (typeof value === "object" ? value : typeof value));
    if (!["wait", "visit", "consult"].includes(step.kind)) asked.set(`${step.kind} ${shape}`, step as Step);
    return act.call(this, step) as never;
  });
  for (const history of fc.sample(histories(2), { seed: 1, numRuns: 300 })) replay(history);

  expect(new Set([...asked.values()].map(({ kind }) => kind)).size).toBeGreaterThan(13);
  for (const step of asked.values()) expect(readStep(sent(step))).toEqual(sent(step));
});

test.each<readonly [string, unknown]>([
  ["a step that is done where the run is", { kind: "wait", ms: 1 }],
  ["an address to visit", { kind: "visit", url: "http://127.0.0.1/" }],
  ["no step at all", null],
  ["a text", "observe"],
  ["what every object has", { kind: "toString" }],
  ["its prototype", JSON.parse('{"__proto__":{"kind":"observe"}}')],
  ["a field too many", { ...one("start"), privileged: true }],
  ["one inside", { ...one("start"), release: { ...release, runtime: { ...release.runtime, user: "root" } } }],
  ["a field too few", { kind: "unlock" }],
  ["text for a number", { ...one("unlock"), fence: "1; id" }],
  ["a number that is none", { ...one("unlock"), fence: 1.5 }],
  ["a container by its name", { ...one("logs"), containerId: "postgres" }],
  ["the short form of an id", { ...one("retire"), containerId: "c0ffee000000" }],
  ["a third slot", { ...one("start"), slot: "proxy" }],
  ["a folder of the host as a volume", volume("/", "/host")],
  ["Docker's socket", volume("/var/run/docker.sock", "/socket")],
  ["the volume of the proxy, with everybody's keys", volume("evenkeel-caddy-data", "/data")],
  ["a volume with options of its own", volume("data", "/data:rw")],
  ["the host's network by an option", { ...one("start"), release: runtime({ networks: ["--net=host"] }) }],
  ["an image without a digest", { ...one("pull"), image: "registry.example/app:latest" }],
  ["an option as an image", { ...one("pull"), image: `--all-tags@sha256:${"a".repeat(64)}` }],
  ["a line end in a token", { ...one("confirm"), token: "run\nprevious green" }],
  ["a lock for good", { ...one("acquire"), leaseMs: 1e12 }],
  ["a domain that is configuration", route({ domains: ["a.test {\nrespond pwned\n}"] })],
  ["a path that is configuration", routed("/health\nhandle { respond pwned }")],
  [
    "an authority that is configuration",
    route({ tls: { mode: "acme", email: null, server: "https://a {\n}" } }),
  ],
  [
    "a certificate with a line end",
    route({ tls: { mode: "files", certificate: "/etc/a.pem\nx", key: "/etc/k" } }),
  ],
])("refused: %s", (_, asked) => {
  expect(() => readStep(asked)).toThrow(RangeError);
});

test("what is wrong is told with its place", () => {
  expect(() => readStep(volume("/", "/host"))).toThrow(
    "start: release.runtime.volumes.0.name: a volume's name: letters, digits, _, . and -, and none of evenkeel's own (evenkeel-…)",
  );
});

function runtime(change: object) {
  return { ...release, runtime: { ...release.runtime, ...change } };
}

function volume(name: string, path: string) {
  return { ...one("start"), release: runtime({ volumes: [{ name, path, readOnly: false }] }) };
}

function route(change: object) {
  return { kind: "route", fence: 1, site: { ...site, ...change } };
}

function routed(healthPath: string) {
  return route({ slots: { ...site.slots, blue: { port: 3000, healthPath } } });
}
