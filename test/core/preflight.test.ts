import { expect, test } from "vitest";
import { findProblems } from "../../src/core/preflight.js";
import { aContainer, aRelease, aRequest, aRuntime, aView, MIB } from "../support/builders.js";

const problems = (view = aView(), request = aRequest()) =>
  findProblems(view, request, "green").map(({ code, text }) => `${code}: ${text}`);

test("a host with room has no problems", () => {
  expect(problems()).toEqual([]);
});

test("disk: the image is counted three times over, and 256 MiB besides", () => {
  const request = aRequest({ imageBytes: 100 * MIB });
  expect(problems(aView({ diskFreeBytes: 556 * MIB }), request)).toEqual([]);
  expect(problems(aView({ diskFreeBytes: 555 * MIB }), request)).toEqual([
    "disk-full: the host has 555 MiB of disk free and the image needs about 556 MiB",
  ]);
  expect(problems(aView({ inodesFree: 1_999 }))).toEqual([
    "disk-full: the host's disk has only 1999 inodes free",
  ]);
  expect(problems(aView({ inodesFree: 2_000 }))).toEqual([]);
});

test("memory: a candidate that may get what serves killed is refused", () => {
  expect(problems(aView({ memoryAvailableBytes: 128 * MIB }))).toEqual([]);
  expect(problems(aView({ memoryAvailableBytes: 127 * MIB }))[0]).toContain(
    "preflight: the host has 127 MiB of memory available and the candidate may use 128 MiB",
  );
});

test("memory: a candidate without a limit asks for none", () => {
  const release = aRelease({ runtime: aRuntime({ memoryBytes: null }) });
  expect(problems(aView({ memoryAvailableBytes: 0 }), aRequest({ release }))).toEqual([]);
});

test.each([
  ["has exited", { stage: "exited" as const }, 64 * MIB],
  ["is of a release that is forgotten", { revision: 6 }, 64 * MIB],
  ["has no limit", {}, null],
])("memory: an idle container that %s frees none", (_, differs, memoryBytes) => {
  const idle = aContainer({ id: "idle", slot: "green", revision: 5, ...differs });
  const release = aRelease({ runtime: aRuntime({ memoryBytes }) });
  const releases = [{ revision: 5, release, imagePresent: true }];
  const view = aView({ memoryAvailableBytes: 64 * MIB, containers: [aContainer(), idle], releases });
  expect(problems(view)).toHaveLength(1);
});

test("memory: what the idle slot still holds is freed by the start", () => {
  const hot = aContainer({ id: "hot", slot: "green", revision: 5 });
  const releases = [
    { revision: 5, release: aRelease({ runtime: aRuntime({ memoryBytes: 64 * MIB }) }), imagePresent: true },
  ];
  const view = aView({ memoryAvailableBytes: 64 * MIB, containers: [aContainer(), hot], releases });
  expect(problems(view)).toEqual([]);
  expect(problems({ ...view, containers: [aContainer()] })).toHaveLength(1);
});

test("architecture: two names of one are one", () => {
  expect(problems(aView({ architecture: "x86_64" }), aRequest({ imageArchitecture: "amd64" }))).toEqual([]);
  expect(problems(aView({ architecture: "aarch64" }))).toEqual([
    "wrong-architecture: the image is for amd64, the host is arm64",
  ]);
  expect(problems(aView({ architecture: "aarch64" }), aRequest({ imageArchitecture: "arm64" }))).toEqual([]);
  expect(problems(aView({ architecture: "amd64" }), aRequest({ imageArchitecture: "x86_64" }))).toEqual([]);
  expect(problems(aView({ architecture: "riscv64" }), aRequest({ imageArchitecture: null }))).toEqual([]);
});

test("what is somebody else's is named and left alone", () => {
  expect(problems(aView({ foreignNames: ["shop-production-green"] }))[0]).toContain(
    "name-taken: the name shop",
  );
  const proxy = { ...aView().proxy, state: "absent" as const, portTakenBy: "nginx" };
  expect(problems(aView({ proxy }))[0]).toContain("port-taken: port 80 or 443 of the host is taken by nginx");
  const running = { ...aView().proxy, portTakenBy: "nginx" };
  expect(problems(aView({ proxy: running }))).toEqual([]);
  const foreign = { ...aView().proxy, state: "foreign" as const };
  expect(problems(aView({ proxy: foreign }))[0]).toContain("name-taken: a proxy of another account");
});

test("every problem is told at once", () => {
  expect(
    problems(aView({ diskFreeBytes: 0, inodesFree: 0, memoryAvailableBytes: 0, architecture: "arm64" })),
  ).toHaveLength(4);
});
