import type { HostView, LedgerEntry, Pointer, ProxyView, ReleaseRecord } from "../core/model.js";
import { count, field, fields } from "./answer.js";
import { type Inspected, parseContainer } from "./containers.js";
import { secretsHash } from "./digest.js";
import { guardianVersion } from "./guardian.js";
import {
  type HostClock,
  parseGuard,
  parseLedger,
  parseLock,
  parseOutcome,
  parseRelease,
} from "./host-files.js";
import { guardianContainer, keyName, parsePointer, proxyContainer, slotName } from "./names.js";
import { parseSite } from "./site.js";
import type { Vocabulary } from "./vocabulary.js";

/** Reads what `observe` printed. Lines it does not know are passed over, so a host can say what it likes. */
export function parseHostView(stdout: string, vocabulary: Vocabulary): HostView {
  const lines = stdout.split("\n");
  const name = keyName(vocabulary.key);
  const file = (path: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${path}:`)).map((line) => line.slice(path.length + 1));
  const clock: HostClock = { uptimeMs: count(field(lines, "uptime")), bootId: field(lines, "boot") ?? "" };
  const [dockerVersion = "", architecture = ""] = (field(lines, "docker") ?? "").split(" ");

  const inspected = fields(lines, "container")
    .map(parseContainer)
    .filter((container) => container !== null);
  const root = field(lines, "root") ?? "";
  const ours = (container: Inspected) =>
    container.labels["evenkeel.root"] === root && container.labels["evenkeel.key"] === name;
  const own = inspected.filter((container) => ours(container) && container.slot !== null);
  const names = [slotName(vocabulary.key, "blue"), slotName(vocabulary.key, "green")];

  const pointer = parsePointer(file(`routes/${name}/active`)[0] ?? "");
  const tags = new Set(fields(lines, "tag"));
  const written = parseLedger(ledgerLines(lines)).entries;
  // The host is stopping it, at the end of its time as a way back.
  const leaving = file(`keys/${name}/leaving`)[0];
  const hostKey = file("hmac.key")[0] ?? field(lines, "key") ?? "";
  return {
    dockerVersion,
    architecture,
    ...disk(fields(lines, "disk")),
    memoryAvailableBytes: count(field(lines, "memory")) * 1024,
    fence: count(file(`keys/${name}/fence`)[0]),
    lock: parseLock(file(`keys/${name}/lock`), clock),
    pointer,
    guard: parseGuard(file(`guards/${name}/guard`), clock),
    outcome: parseOutcome(file(`guards/${name}/outcome`)),
    containers: own.flatMap(({ slot }) => (slot === null || slot.id === leaving ? [] : [slot])),
    foreignNames: inspected
      .filter((found) => names.includes(found.name) && !ours(found))
      .map((found) => found.name),
    ledger: wholeLedger(written, rebuiltLedger(own, pointer, tags)),
    releases: releases(lines, name, own, tags),
    tagged: [...tags].map((tag) => count(/^r(\d{1,9})(?:-stable)?$/.exec(tag)?.[1])),
    proxy: proxy(lines, inspected, root, file("proxy/image"), file(`proxy/sites/${name}.caddy`)),
    desiredSecretsHash: secretsHash(vocabulary.secrets, hostKey),
  };
}

/** A last line without its end was cut while it was written: it never happened. */
function ledgerLines(lines: readonly string[]): readonly string[] {
  const all = fields(lines, "ledger");
  return field(lines, "ledger-whole") === null ? all.slice(0, -1) : all;
}

/** The tightest of the disks that matter. A file system that counts no inodes has enough of them. */
function disk(said: readonly string[]): Pick<HostView, "diskFreeBytes" | "inodesFree"> {
  const disks = said.map((line) => line.split(" ").map(count));
  const smallest = (values: readonly number[]) => (values.length === 0 ? 0 : Math.min(...values));
  return {
    diskFreeBytes: smallest(disks.map(([blocks = 0, size = 0]) => blocks * size)),
    inodesFree: smallest(
      disks.map(([, , free = 0, all = 0]) => (all === 0 ? Number.MAX_SAFE_INTEGER : free)),
    ),
  };
}

function releases(
  lines: readonly string[],
  name: string,
  own: readonly Inspected[],
  tags: ReadonlySet<string>,
): readonly ReleaseRecord[] {
  const path = `keys/${name}/releases/`;
  const manifests = lines
    .filter((line) => line.startsWith(path))
    .map((line) => /^(\d{1,9})\/manifest\.json:(.*)$/.exec(line.slice(path.length)))
    .map((match) => ({ revision: count(match?.[1]), release: parseRelease(match?.[2] ?? null) }));
  const labels = own.map((container) => ({
    revision: container.slot?.revision ?? 0,
    release: parseRelease(container.labels["evenkeel.release"] ?? null),
  }));
  const known = new Map<number, ReleaseRecord>();
  for (const { revision, release } of [...labels, ...manifests]) {
    if (release !== null) known.set(revision, { revision, release, imagePresent: tags.has(`r${revision}`) });
  }
  return [...known.values()].sort((a, b) => a.revision - b.revision);
}

/**
 * A ledger begun anew after its folder was lost still knows which of the containers were proven, or the
 * first deploy after the loss would take away the way back.
 */
function wholeLedger(
  written: readonly LedgerEntry[],
  rebuilt: readonly LedgerEntry[],
): readonly LedgerEntry[] {
  if (written.length === 0) return rebuilt;
  const judged = new Set(
    written
      .filter((entry) => entry.event === "promoted" || entry.event === "rolled-back")
      .flatMap((entry) => [entry.revision, ...(entry.left === undefined ? [] : [entry.left])]),
  );
  return [
    ...rebuilt.filter((entry) => entry.event === "promoted" && !judged.has(entry.revision)),
    ...written,
  ];
}

/** A host with containers is never taken for one without a past: what the labels and tags tell becomes its ledger. */
function rebuiltLedger(
  own: readonly Inspected[],
  pointer: Pointer | null,
  tags: ReadonlySet<string>,
): readonly LedgerEntry[] {
  return own
    .map(({ slot, labels }): LedgerEntry | null => {
      if (slot === null) return null;
      const event = tags.has(`r${slot.revision}-stable`)
        ? "promoted"
        : pointer?.live === slot.slot
          ? "switched"
          : "started";
      return {
        at: new Date(slot.startedAtSeconds * 1000).toISOString(),
        fence: count(labels["evenkeel.fence"]),
        event,
        revision: slot.revision,
        image: slot.image,
        commit: labels["evenkeel.commit"] || null,
        by: "evenkeel",
        reason: "rebuilt from labels",
      };
    })
    .filter((entry) => entry !== null)
    .sort((a, b) => a.revision - b.revision);
}

function proxy(
  lines: readonly string[],
  inspected: readonly Inspected[],
  root: string,
  image: readonly string[],
  site: readonly string[],
): ProxyView {
  const routes = field(lines, "routes") ?? "";
  const state = (name: string, current: (container: Inspected) => boolean): ProxyView["state"] => {
    const found = inspected.find((container) => container.name === name);
    if (found === undefined) return "absent";
    if (found.labels["evenkeel.root"] !== root) return "foreign";
    // A container keeps the folders it was started with: of a folder made anew it sees nothing.
    return found.running && found.labels["evenkeel.routes"] === routes && current(found)
      ? "running"
      : "stopped";
  };
  const guardian = state(guardianContainer, ({ labels }) => labels["evenkeel.version"] === guardianVersion);
  const taken = fields(lines, "taken").filter((name) => name !== proxyContainer);
  return {
    state: state(proxyContainer, () => true),
    guardian: guardian === "foreign" ? "stopped" : guardian,
    image: image[0] ?? null,
    site: parseSite(site[0] ?? ""),
    filesChanged: field(lines, "files") === "changed",
    portTakenBy: taken[0] ?? null,
  };
}
