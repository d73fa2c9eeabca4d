import type {
  HealthPolicy,
  LogPosition,
  ProbeReport,
  ProbeSample,
  Slot,
  StepOf,
  TrafficReport,
  Watched,
  WatchReport,
} from "../core/model.js";
import { act } from "./act.js";
import { answerOrFenced, count, field, fields, plain } from "./answer.js";
import { inspectFormat, parseContainer } from "./containers.js";
import { lookText } from "./guardian.js";
import { guardianContainer, keyName, slotName } from "./names.js";
import { sh } from "./quote.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

/** How often a watch tries to ask a guardian that is not there, a second apart: in time before its lease is over. */
const GUARDIAN_TRIES = 5;

/** Characters of an answer's body that are kept for a person to read. */
const BODY_LIMIT = 2_048;

export function probe(step: StepOf<"probe">, vocabulary: Vocabulary): Spelling<"probe"> {
  const { slots, count, intervalMs, compare } = step;
  const lengthMs = count * (intervalMs + Math.max(...slots.map(({ health }) => health.timeoutMs)));
  const log = compare === null ? null : { ...compare, since: null };
  // Inspected after the samples: a container that died meanwhile has not passed.
  const script = act(
    vocabulary,
    step.fence,
    // Where the guardian is gone nobody has asked, which is no answer: then there is no time of it.
    sh`if docker exec ${guardianContainer} sh -c ${lookText} look ${lookArguments(vocabulary, { log, count, intervalMs, slots })}; then
  ek_now
  printf 'uptime %s\n' "$NOW"
fi
ek_inspect ${inspectFormat} ${slots.map((slot) => slot.containerId)}
exit 0`,
    lengthMs,
  );
  return {
    script,
    parse: (output) =>
      answerOrFenced(output, (lines) => ({
        reports: slots.map((watched) => report(lines, watched, vocabulary, output.stderr)),
        traffic: traffic(lines),
      })),
  };
}

export function watch(step: StepOf<"watch">, vocabulary: Vocabulary): Spelling<"watch"> {
  const slots = step.standby === null ? [step.live] : [step.live, step.standby];
  const script = act(
    vocabulary,
    step.fence,
    sh`ek_scratch
ek_inspect ${inspectFormat} ${slots.map((slot) => slot.containerId)} >"$T/containers" &
INSPECTED=$!
# Another app's deploy may be replacing the guardian, which takes about a second.
ek_tries=0
until docker exec ${guardianContainer} sh -c ${lookText} look ${lookArguments(vocabulary, { guard: step, log: { ...step, notBeforeSeconds: 0 }, count: 1, intervalMs: 0, slots })} >"$T/look"; do
  docker version >/dev/null || exit 71
  ek_tries=$((ek_tries + 1))
  if [ "$ek_tries" -ge ${GUARDIAN_TRIES} ]; then break; fi
  sleep 1
done
cat "$T/look"
ek_now
printf 'uptime %s\n' "$NOW"
wait "$INSPECTED" || exit 71
cat "$T/containers"
exit 0`,
  );
  return {
    script,
    parse: (output) =>
      answerOrFenced(output, (lines) => ({
        guard: step.token === null ? "armed" : guardOf(field(lines, "guard")),
        live: report(lines, step.live, vocabulary, output.stderr),
        standby: step.standby === null ? null : report(lines, step.standby, vocabulary, output.stderr),
        traffic: traffic(lines),
      })),
  };
}

interface Look {
  readonly guard?: { readonly token: string | null; readonly leaseMs: number };
  readonly log: {
    readonly since: LogPosition | null;
    readonly notBeforeSeconds: number;
    readonly slowMs: number;
  } | null;
  readonly count: number;
  readonly intervalMs: number;
  readonly slots: readonly Watched[];
}

function lookArguments(vocabulary: Vocabulary, look: Look): readonly string[] {
  const { guard, log, slots } = look;
  return [
    keyName(vocabulary.key),
    guard?.token ?? "",
    String(guard?.leaseMs ?? 0),
    String(look.count),
    seconds(look.intervalMs),
    log === null || log.since === null ? "last" : String(log.since.inode),
    String(log?.since?.offset ?? 0),
    String(log?.notBeforeSeconds ?? 0),
    log === null ? "" : String(log.slowMs),
    ...slots.flatMap((watched) => [
      watched.slot,
      ...askArguments(vocabulary, watched.slot, watched),
      watched.commit ?? "",
    ]),
  ];
}

function guardOf(said: string | null): WatchReport["guard"] {
  return said === "armed" || said === "unsaved" ? said : "gone";
}

/** Host, port, path and limit, as the guardian's `g_ask` takes them. */
export function askArguments(
  vocabulary: Vocabulary,
  slot: Slot,
  asked: { readonly port: number; readonly health: HealthPolicy },
): readonly string[] {
  return [
    slotName(vocabulary.key, slot),
    String(asked.port),
    pathOf(asked.health),
    seconds(asked.health.timeoutMs),
  ];
}

/** A path that stands in a request line as one word, whatever the configuration let through. */
export function pathOf(health: HealthPolicy): string {
  return health.path.replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
}

export function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function report(
  lines: readonly string[],
  watched: Watched,
  vocabulary: Vocabulary,
  stderr: string,
): ProbeReport {
  const containers = fields(lines, "container").map(parseContainer);
  const found =
    containers.find((container) => container?.slot?.id.startsWith(watched.containerId))?.slot ?? null;
  // Asked by name: a container that has lost the slot's name is not the one that answered.
  const container = found?.name === slotName(vocabulary.key, watched.slot) ? found : null;
  const samples = fields(lines, "sample")
    .filter((line) => line.startsWith(`${watched.slot} `))
    .map((line) => sample(line.slice(watched.slot.length + 1), watched.commit));
  const silent: ProbeSample = {
    status: null,
    durationMs: 0,
    detail: plain(stderr, 300).trim(),
    commitMatches: false,
  };
  return {
    container,
    samples: samples.length === 0 ? [silent] : samples,
    atMs: count(field(lines, "uptime")),
  };
}

function sample(line: string, commit: string | null): ProbeSample {
  const [duration, code, answer, said] = line.split(" ");
  const response = Buffer.from(answer ?? "", "base64").toString("utf8");
  const status = /^HTTP\/[\d.]+ ([1-5]\d\d)\b/.exec(response)?.[1];
  if (status === undefined) {
    return {
      status: null,
      durationMs: count(duration),
      detail: silence(response, code, said),
      commitMatches: false,
    };
  }
  const body = bodyOf(response);
  return {
    status: Number(status),
    durationMs: count(duration),
    detail: plain(body.slice(0, BODY_LIMIT), BODY_LIMIT).trim(),
    commitMatches: commit === null || body.includes(commit),
  };
}

function silence(response: string, code: string | undefined, said: string | undefined): string {
  if (response !== "") return "the answer is not HTTP";
  if (code === "137") return "no answer in time";
  const words = plain(Buffer.from(said ?? "", "base64").toString("utf8"), 200).trim();
  // Only one of the two busyboxes has words for it.
  if (words === "") return code === "0" ? "closed without an answer" : "connection refused";
  return words.replace(/^nc: /, "");
}

function bodyOf(response: string): string {
  const end = response.indexOf("\r\n\r\n");
  if (end < 0) return "";
  const body = response.slice(end + 4);
  if (!/^transfer-encoding:.*chunked/im.test(response.slice(0, end))) return body;
  // Sizes count bytes and the body is text by now, so the chunks' lines are dropped instead of counted.
  return body.replaceAll(/(?:^|\r\n)[0-9a-f]{1,8}(?:;[^\r\n]*)?\r\n/gi, "");
}

function traffic(lines: readonly string[]): TrafficReport | null {
  const position = field(lines, "position")?.split(" ");
  if (position === undefined || count(position[0]) === 0) return null;
  const of = (slot: Slot) => {
    const [requests, failures, slow] = field(lines, `tally ${slot}`)?.split(" ") ?? [];
    return { requests: count(requests), failures: count(failures), slow: count(slow) };
  };
  return {
    position: { inode: count(position[0]), offset: count(position[1]) },
    slots: { blue: of("blue"), green: of("green") },
  };
}

export function logs(step: StepOf<"logs">, vocabulary: Vocabulary): Spelling<"logs"> {
  const script = act(
    vocabulary,
    step.fence,
    sh`docker logs --tail ${step.lines} ${step.containerId} 2>&1 | tail -c ${LOG_LIMIT}
exit 0`,
  );
  return {
    script,
    parse: (output) => answerOrFenced(output, () => ({ text: plain(output.stdout, LOG_LIMIT).trimEnd() })),
  };
}

const LOG_LIMIT = 65_536;
