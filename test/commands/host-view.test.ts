import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { guardianVersion } from "../../src/commands/guardian.js";
import { parseHostView } from "../../src/commands/host-view.js";
import { spell } from "../../src/commands/spell.js";
import { EvenkeelError } from "../../src/errors.js";
import { steps, vocabulary } from "./support/steps.js";

/** What a real host printed: Docker 20.10, Debian 12, two slots, after the guardian had kept the live one. */
const recorded = readFileSync(new URL("recorded/observe.txt", import.meta.url), "utf8").replace(
  /"evenkeel.version":"[0-9a-f]*"/,
  `"evenkeel.version":"${guardianVersion}"`,
);
const view = (text: string) => parseHostView(text, vocabulary);
const without = (sign: RegExp) =>
  recorded
    .split("\n")
    .filter((line) => !sign.test(line))
    .join("\n");

it("reads a real host", () => {
  const seen = view(recorded);
  expect(seen).toMatchObject({
    dockerVersion: "20.10.24+dfsg1",
    architecture: "x86_64",
    diskFreeBytes: 11_198_587 * 4096,
    inodesFree: 15_344_525,
    memoryAvailableBytes: 20_360_572 * 1024,
    fence: 2,
    lock: { holder: "me", reason: "it's", fence: 2, remainingMs: 0 },
    pointer: { mode: "solo", live: "green" },
    guard: null,
    outcome: { token: "halt", revision: 17, verdict: "halted", serving: "green" },
    foreignNames: [],
    proxy: { state: "running", guardian: "running", portTakenBy: null, site: { format: 1 } },
  });
  expect(seen.containers.map(({ slot, stage, restartPolicy }) => [slot, stage, restartPolicy])).toEqual([
    ["blue", "exited", "unless-stopped"],
    ["green", "running", "unless-stopped"],
  ]);
  expect(seen.releases.map((record) => record.revision)).toEqual([1, 2, 11, 12, 13, 14, 15, 16, 17]);
  expect(seen.releases.every((record) => record.imagePresent)).toBe(true);
  expect(seen.ledger.at(-1)).toMatchObject({ event: "switched", revision: 17, fence: 2 });
  expect(seen.desiredSecretsHash).toMatch(/^[0-9a-f]{64}$/);
});

it("takes a release that the host is stopping, at the end of its time, for none that could be gone back to", () => {
  const [blue, green] = view(recorded).containers;
  const leaving = view(`${recorded}\nkeys/shop-production/leaving:${blue?.id}\n`);
  expect(leaving.containers).toEqual([green]);
  expect(leaving.releases).toEqual(view(recorded).releases);
});

it("sees that a certificate on the host is another than the proxy's copy", () => {
  expect(view(recorded).proxy.filesChanged).toBe(false);
  expect(view(`${recorded}\nfiles changed\n`).proxy.filesChanged).toBe(true);
});

it("tells changed secrets by this host's key", () => {
  const secrets = new Map([["PEM", "other"]]);
  expect(parseHostView(recorded, { ...vocabulary, secrets }).desiredSecretsHash).not.toBe(
    view(recorded).desiredSecretsHash,
  );
  const other = recorded.replace(/hmac\.key:0f/, "hmac.key:10");
  expect(view(other).desiredSecretsHash).not.toBe(view(recorded).desiredSecretsHash);
});

it("reads when a commit was made, where a promotion tells it", () => {
  const line =
    '{"at":"2030-01-02T03:04:05Z","fence":3,"event":"promoted","revision":18,"image":"i","commit":"c","committedAt":"2030-01-01T00:00:00Z","by":"me","reason":""}';
  const seen = view(recorded.replace(/\n(ledger \{)/, `\nledger ${line}\n$1`)).ledger;
  expect(seen.find(({ revision }) => revision === 18)?.committedAt).toBe("2030-01-01T00:00:00Z");
  expect(seen.filter((entry) => "committedAt" in entry)).toHaveLength(1);
});

it("ignores the ledger's unterminated last line and foreign ones", () => {
  const whole = view(recorded).ledger.length;
  expect(view(without(/^ledger-whole/)).ledger).toHaveLength(whole - 1);
  expect(view(recorded.replace(/\n(ledger \{)/, "\nledger garbage\n$1")).ledger).toHaveLength(whole);
});

it("ignores lines whose numbers cannot be a revision's or a fence's, and takes no control characters over", () => {
  const entry = {
    at: "x",
    fence: 1,
    event: "promoted",
    revision: 15,
    image: "",
    commit: null,
    by: "b",
    reason: "r",
  };
  const added = (text: string) => view(recorded.replace(/\n(ledger \{)/, `\nledger ${text}\n$1`)).ledger;
  const whole = view(recorded).ledger.length;
  for (const differs of [
    { revision: -1 },
    { revision: 0.5 },
    { revision: 1e15 },
    { fence: 1e15 },
    { fence: -1 },
  ])
    expect(added(JSON.stringify({ ...entry, ...differs }))).toHaveLength(whole);
  expect(added(JSON.stringify(entry).replace('"revision":15', '"revision":1e999'))).toHaveLength(whole);
  expect(added("[".repeat(200_000))).toHaveLength(whole);
  const escapes = "\u001b[2J\u001b]0;owned\u0007c0ffee";
  expect(added(JSON.stringify({ ...entry, commit: escapes }))[0]).toMatchObject({ commit: "c0ffee" });
});

it("does not take a host with running containers for a first deploy when its folder is lost", () => {
  const seen = view(without(/^(?:keys\/|ledger|routes\/|guards\/)/));
  expect(seen.pointer).toBeNull();
  expect(seen.ledger.map(({ revision, event, reason }) => [revision, event, reason])).toEqual([
    [15, "promoted", "rebuilt from labels"],
    [17, "started", "rebuilt from labels"],
  ]);
  expect(seen.releases.map((record) => record.revision)).toEqual([15, 17]);
  expect(seen.releases[0]?.release.runtime.port).toBe(3000);
});

it("keeps the way back of a host whose ledger was begun anew", () => {
  const anew = without(/^ledger \{(?!.*"revision":17)/);
  const told = (text: string) => view(text).ledger.map(({ revision, event }) => `${revision} ${event}`);
  expect(told(anew)[0]).toBe("15 promoted");
  expect(
    told(anew)
      .slice(1)
      .every((line) => line.startsWith("17 ")),
  ).toBe(true);

  const left = anew.replace(
    /\n(ledger \{)/,
    '\nledger {"at":"x","fence":1,"event":"rolled-back","revision":15,"image":"","commit":null,"by":"b","reason":"r"}\n$1',
  );
  expect(told(left)).not.toContain("15 promoted");
});

it("counts a lease by the host's own clock and boot", () => {
  const later = (uptime: number) =>
    view(recorded.replace(/^uptime .*/m, `uptime ${uptime}`)).lock?.remainingMs;
  expect(later(3_398_630 - 5_000)).toBe(5_000);
  expect(
    view(recorded.replace(/^boot .*/m, "boot x").replace(/^uptime .*/m, "uptime 1")).lock?.remainingMs,
  ).toBe(0);
});

it("knows what belongs to somebody else", () => {
  const foreign = view(
    recorded.replaceAll('"evenkeel.root":"/home/deploy/.evenkeel"', '"evenkeel.root":"/root/.evenkeel"'),
  );
  expect(foreign.proxy.state).toBe("foreign");
  expect(foreign.containers).toEqual([]);
  expect(foreign.foreignNames).toEqual(["shop-production-blue", "shop-production-green"]);
});

it("a proxy that looks at a lost folder, and a guardian of another text, do not count as running", () => {
  expect(view(recorded.replace(/^routes .*/m, "routes 1")).proxy.state).toBe("stopped");
  expect(view(recorded.replace(guardianVersion, "0000")).proxy.guardian).toBe("stopped");
  expect(view(without(/evenkeel-proxy/)).proxy.state).toBe("absent");
  expect(view(`${without(/evenkeel-proxy/)}\ntaken nginx`).proxy.portTakenBy).toBe("nginx");
});

it("says that Docker does not answer, in its own words", () => {
  const observe = steps.find((step) => step.kind === "observe");
  const parse = observe && spell(observe, vocabulary).parse;
  expect(() => parse?.({ stdout: "", stderr: "Cannot connect to the Docker daemon", code: 71 })).toThrow(
    EvenkeelError,
  );
});
