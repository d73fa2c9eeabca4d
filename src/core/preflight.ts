import { runtimeOf } from "./ledger.js";
import type { HostView, OutcomeCode, Release, Slot } from "./model.js";
import { inSlot, isUp } from "./serving.js";

/** Disk that a pull and a start need besides the image itself. */
const DISK_FLOOR_BYTES = 256 * 1024 * 1024;
/** An image on disk takes about this many times its compressed size, with its layers while unpacking. */
const UNPACKED_RATIO = 3;
const INODES_FLOOR = 2_000;

export interface Candidate {
  readonly release: Omit<Release, "secretsHash">;
  readonly imageBytes: number;
  readonly imageArchitecture: string | null;
}

export interface Problem {
  readonly code: OutcomeCode;
  readonly text: string;
}

/** What stands in the way of a deploy, with the numbers, before anything on the host is touched. */
export function findProblems(view: HostView, candidate: Candidate, slot: Slot): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (code: OutcomeCode, text: string) => problems.push({ code, text });

  const disk = DISK_FLOOR_BYTES + UNPACKED_RATIO * candidate.imageBytes;
  if (view.diskFreeBytes < disk) {
    add(
      "disk-full",
      `the host has ${mebibytes(view.diskFreeBytes)} of disk free and the image needs about ${mebibytes(disk)}`,
    );
  }
  if (view.inodesFree < INODES_FLOOR)
    add("disk-full", `the host's disk has only ${view.inodesFree} inodes free`);

  const limit = candidate.release.runtime.memoryBytes ?? 0;
  const available = view.memoryAvailableBytes + freedByStart(view, slot);
  if (available < limit) {
    add(
      "preflight",
      `the host has ${mebibytes(available)} of memory available and the candidate may use ${mebibytes(limit)}: started beside what serves it could get that killed`,
    );
  }
  const architecture = normalArchitecture(view.architecture);
  if (
    candidate.imageArchitecture !== null &&
    normalArchitecture(candidate.imageArchitecture) !== architecture
  ) {
    add("wrong-architecture", `the image is for ${candidate.imageArchitecture}, the host is ${architecture}`);
  }
  for (const name of view.foreignNames) {
    add(
      "name-taken",
      `the name ${name} belongs to a container that evenkeel did not make, and which it will not touch`,
    );
  }
  if (view.proxy.state === "foreign") {
    add(
      "name-taken",
      "a proxy of another account of this host, or of something else, has the name evenkeel-proxy",
    );
  }
  if (view.proxy.portTakenBy !== null && view.proxy.state !== "running") {
    add(
      "port-taken",
      `port 80 or 443 of the host is taken by ${view.proxy.portTakenBy}, which evenkeel will not touch`,
    );
  }
  return problems;
}

/** Starting removes what the idle slot holds, and with it its memory. */
function freedByStart(view: HostView, slot: Slot): number {
  const held = inSlot(view, slot);
  if (held === null || !isUp(held)) return 0;
  return runtimeOf(view, held)?.memoryBytes ?? 0;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / (1024 * 1024))} MiB`;
}

function normalArchitecture(name: string): string {
  return ({ x86_64: "amd64", aarch64: "arm64" } as Record<string, string>)[name] ?? name;
}
