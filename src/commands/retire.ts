import { type Answers, otherSlot, type StepOf } from "../core/model.js";
import { act } from "./act.js";
import { answerOf } from "./answer.js";
import { raw, sh } from "./quote.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

/** How long the host's own stopping of a hot slot waits while a run has the lock, before it looks again. */
const LOOK_AGAIN_SECONDS = 20;

/**
 * Takes a slot that serves nobody out of service. Left hot, it is stopped later by a process of the host
 * that asks again whether it may: same container, not in the pointer, nobody at work.
 */
export function retire(step: StepOf<"retire">, vocabulary: Vocabulary): Spelling<"retire"> {
  const drain = Math.ceil(step.drainMs / 1000);
  const words = { id: step.containerId, slot: step.slot };
  const stop = sh`docker stop --time ${drain} ${words.id} >/dev/null 2>&1 || :
ek_remove ${words.id} 2>/dev/null`;
  const now = sh`${raw(stop)} || ek_fail step-failed 'the container could not be removed'`;
  const later = sh`(
  trap '' HUP
  exec 9>&-
  sleep ${Math.ceil(step.afterMs / 1000)}
  while :; do
    [ -d "$S" ] || exit 0
    exec 9>>"$S/lock.flock"
    ek_flock 9 50 || { exec 9>&-; sleep ${LOOK_AGAIN_SECONDS}; continue; }
    ek_now
    if ek_read_lock && [ "$L_BOOT" = "$BOOT" ] && [ "$L_UNTIL" -gt "$NOW" ]; then
      exec 9>&-
      sleep ${LOOK_AGAIN_SECONDS}
      continue
    fi
    ek_pointer
    if [ -z "$POINTER" ] || ek_names ${words.slot}; then exit 0; fi
    # It may take its whole drain, during which nobody is kept from a deploy: what leaves is no way back any more.
    if ek_write "$S/leaving" 600 ${words.id} 2>/dev/null; then exec 9>&-; fi
${raw(stop)}
    exit 0
  done
) </dev/null >/dev/null 2>&1 &`;
  const body = sh`ek_pointer
if ek_names ${words.slot}; then
  ek_slot ${words.slot} || :
  case $C_ID in ${raw(words.id)}*) ek_fail slot-serving ${`slot ${words.slot} serves, or stands by`} ;; esac
fi
if [ -z "$POINTER" ] && [ "$(docker container inspect --format '{{.State.Running}}' ${words.id} 2>/dev/null)" = true ] && ! { ek_slot ${otherSlot(words.slot)} && [ "$C_UP" = true ]; }; then
  ek_fail slot-serving ${`the pointer is lost and slot ${words.slot} may be serving`}
fi
docker update --restart no ${words.id} >/dev/null || {
  docker container inspect --format x ${words.id} >/dev/null 2>&1 || exit 0
  exit 71
}
${raw(step.afterMs > 0 ? later : now)}`;
  return {
    script: act(vocabulary, step.fence, body, step.afterMs > 0 ? 0 : step.drainMs + 30_000),
    parse: (output) => answerOf(output, (): Answers["retire"] => ({ verdict: "done" })),
  };
}
