import { type Answers, otherSlot, type Pointer, type StepOf } from "../core/model.js";
import { act, ledgerRest } from "./act.js";
import { answerOf } from "./answer.js";
import { armText, PATIENCE_MS } from "./guardian.js";
import { marks } from "./lock.js";
import { askArguments } from "./look.js";
import { guardianContainer, keyName, pointerText } from "./names.js";
import { raw, sh } from "./quote.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

/**
 * The order is the safety: the candidate survives a reboot and the guardian can go back, then the ledger
 * says so, and last, with the guard still armed and the proof still fresh, the pointer is renamed. Cut after any line,
 * the guardian and the next run find either the previous release serving or an armed way back to it.
 *
 * Not `unless-stopped`: a Docker daemon that was killed, or a signal such as SIGHUP, marks the container as stopped by
 * a person (moby issue 41302), and it would stay down.
 */
export function switchTo(step: StepOf<"switch">, vocabulary: Vocabulary): Spelling<"switch"> {
  const body = sh`${raw(proven(step.provenUntilMs))}UP=$(docker container inspect --format '{{.State.Running}} {{.Name}}' ${step.containerId} 2>/dev/null)
[ "$UP" = "true /$K-${raw(step.to.live)}" ] || ek_fail container-gone ${`the container for slot ${step.to.live} does not run`}
docker update --restart always ${step.containerId} >/dev/null &
${raw(step.guard === null ? "ek_guarded" : arm(step, step.guard, vocabulary))}
wait $! || exit 71
ek_ledger ${ledgerRest(step.entry)}
${raw(believed(step.believedFromMs))}${raw(step.guard === null ? "" : guarded(step.guard.token))}${raw(proven(step.provenUntilMs))}ek_point ${pointerText(step.to)}
${raw(step.guard === null ? disarm : "")}`;
  return done(act(vocabulary, step.fence, body));
}

/**
 * On a host that stands still the acts before may outlast the guard's lease: what the guardian has decided is not
 * undone, and between it and the pointer there is one winner. Without a token it is only held back.
 */
function guarded(token: string | null): string {
  const armed =
    token === null
      ? ""
      : sh`ek_token
[ "$TOKEN" = ${token} ] || ek_fail guard-gone 'the guardian has decided already'
`;
  return `ek_guarded\n${armed}`;
}

/** A runner that slept since its probes would move traffic on what was true then. */
function proven(untilMs: number | undefined): string {
  if (untilMs === undefined) return "";
  return sh`ek_now
[ "$NOW" -le ${Math.floor(untilMs)} ] || ek_fail step-failed 'the proof of health is too old: the run was stopped in between'
`;
}

/** Waits out what is left of the proxy's own time, which the acts before have mostly used up. Never a second. */
function believed(fromMs: number | undefined): string {
  if (fromMs === undefined) return "";
  return sh`ek_now
EARLY=$((${Math.ceil(fromMs)} - NOW))
if [ "$EARLY" -gt 0 ] && [ "$EARLY" -lt 1000 ]; then sleep "$(printf '0.%03d' "$EARLY")"; fi
`;
}

/** Armed inside the guardian: that proves that it runs and can write, and its own clock sets the end. */
function arm(
  step: StepOf<"switch">,
  guard: NonNullable<StepOf<"switch">["guard"]>,
  vocabulary: Vocabulary,
): string {
  const previous = {
    port: step.previousPort ?? step.port,
    health: step.previousHealth ?? step.health,
  };
  const words = [
    ...[keyName(vocabulary.key), guard.token, String(step.fence), String(guard.revision)],
    ...[guard.live, guard.previous, String(guard.leaseMs), String(PATIENCE_MS)],
  ];
  const asked = (slot: "live" | "previous") => {
    const { port, health } = slot === "live" ? step : previous;
    const words = askArguments(vocabulary, guard[slot], { port, health });
    return [...words, String(health.passes), (health.intervalMs / 1000).toFixed(3)].join(" ");
  };
  return sh`[ "$(docker exec ${guardianContainer} sh -c ${armText} arm ${words} "$BOOT" ${asked("live")} ${asked("previous")})" = armed ] || {
  wait $!
  docker update --restart no ${step.containerId} >/dev/null 2>&1
  if ek_full; then ek_fail disk-full 'no space left to arm the guardian'; fi
  ek_fail guard-gone 'the guardian could not be armed'
}`;
}

/**
 * What an earlier switch armed must not undo this one. It is held back, and dropped last: a pair that is left with
 * nothing armed would be decided by nobody if the host went down in between.
 */
const disarm = sh`ek_drop "$G/guard"
ek_drop "$G/outcome"`;

/**
 * The pointer, then the guard's removal, which is the confirmation, then the ledger. Cut before the guard
 * is gone, the guardian goes back and nobody was told of a success; cut after it, the next run finds a
 * release that serves alone and was never promoted, and bakes it anew.
 */
export function confirm(step: StepOf<"confirm">, vocabulary: Vocabulary): Spelling<"confirm"> {
  const body = sh`${raw(guarded(step.token))}ek_point ${step.live}
ek_drop "$G/guard"
ek_drop "$G/outcome"
ek_ledger ${ledgerRest(step.entry)}
exec 8>&-
${raw(marks(step.entry))}`;
  return done(act(vocabulary, step.fence, body));
}

/** Visitors first: the pointer, then what would move it again, then the ledger, then the restart policies. */
export function pointBack(step: StepOf<"point-back">, vocabulary: Vocabulary): Spelling<"point-back"> {
  const solo: Pointer = { mode: "solo", live: step.live };
  const body = sh`${raw(proven(step.provenUntilMs))}BACK=yes
ek_guarded
ek_point ${pointerText(solo)}
ek_drop "$G/guard"
ek_drop "$G/outcome"
ek_ledger ${ledgerRest(step.entry)}
exec 8>&-
if ek_slot ${otherSlot(step.live)}; then docker update --restart no "$C_ID" >/dev/null 2>&1 || :; fi
if ek_slot ${step.live}; then docker update --restart always "$C_ID" >/dev/null 2>&1 || :; fi
${raw(marks(step.entry))}`;
  return done(act(vocabulary, step.fence, body));
}

function done<K extends "switch" | "confirm" | "point-back">(script: string): Spelling<K> {
  return { script, parse: (output) => answerOf(output, (): Answers["switch"] => ({ verdict: "done" })) };
}
