import type { LockView, StepOf } from "../core/model.js";
import { act, ledgerRest, place } from "./act.js";
import { answerOf, count, field, jsonText, plain } from "./answer.js";
import { raw, sh } from "./quote.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

/**
 * Takes the lock. The next fence number is durable before the lock is: a number is never given out twice,
 * not even when the folder was lost (then the numbers go on well beyond those on the containers' labels).
 */
export function acquire(step: StepOf<"acquire">, vocabulary: Vocabulary): Spelling<"acquire"> {
  const holder = JSON.stringify(step.holder);
  const reason = JSON.stringify(step.reason);
  const script = sh`${place(vocabulary)}
{ mkdir -p "$S/releases" "$P" "$G" "$R/logs" "$R/proxy/sites" && chmod 700 "$R" "$R/guards" && chmod 755 "$R/routes" "$P" "$R/logs"; } 2>/dev/null || ek_unwritable "$S"
[ -e "$R/routes/.spare" ] || dd if=/dev/zero of="$R/routes/.spare" bs=32768 count=1 2>/dev/null || rm -f "$R/routes/.spare"
exec 9>>"$S/lock.flock"
BUSY=''
ek_flock 9 50 || BUSY=1
ek_now
if ek_read_lock; then
  LEFT=0
  if [ "$L_BOOT" = "$BOOT" ] && [ "$L_UNTIL" -gt "$NOW" ]; then LEFT=$((L_UNTIL - NOW)); fi
  if [ "$L_WHO" = ${holder} ] && [ -z "$BUSY" ]; then LEFT=0; fi
  if [ "$LEFT" -gt 0 ] || [ -n "$BUSY" ]; then
    printf 'held %s\nleft %s\nholder %s\nreason %s\n' "$L_FENCE" "$LEFT" "$L_WHO" "$L_WHY"
    exit 0
  fi
elif [ -n "$BUSY" ]; then
  echo held 0
  exit 0
fi
LAST=
if [ -f "$S/fence" ]; then read -r LAST <"$S/fence" || :; fi
case $LAST in
  '' | *[!0-9]*)
    LAST=0
    for ek_label in $(docker ps -a --filter "label=evenkeel.key=$K" --format '{{.Label "evenkeel.fence"}}'); do
      case $ek_label in *[!0-9]*) continue ;; esac
      if [ "$((ek_label + 1000))" -gt "$LAST" ]; then LAST=$((ek_label + 1000)); fi
    done
    ;;
esac
F=$((LAST + 1))
ek_put "$S/fence" 600 "$F"
ek_put "$S/lock" 600 "$F
${step.leaseMs}
$BOOT
$((NOW + ${step.leaseMs}))
"${holder}"
"${reason}
printf 'granted %s\n' "$F"`;
  return {
    script,
    parse: (output) => {
      const lines = output.stdout.split("\n");
      const granted = count(field(lines, "granted"));
      if (output.code === 0 && granted > 0) return { verdict: "granted", fence: granted };
      return { verdict: "held", lock: heldBy(lines, output.stderr) };
    },
  };
}

function heldBy(lines: readonly string[], stderr: string): LockView {
  const fence = count(field(lines, "held"));
  if (fence > 0) {
    return {
      holder: jsonText(field(lines, "holder")),
      reason: jsonText(field(lines, "reason")),
      fence,
      remainingMs: count(field(lines, "left")),
    };
  }
  const failed = field(lines, "ek-failed") ?? plain(stderr, 300).trim();
  const reason = failed === "" ? "an act has not ended yet" : `the lock could not be written: ${failed}`;
  return { holder: "the host itself", reason, fence: 0, remainingMs: 5_000 };
}

/** Removes the lock; a lock that this fence number no longer holds stays, and its absence is no error. */
export function unlock(step: StepOf<"unlock">, vocabulary: Vocabulary): Spelling<"unlock"> {
  const script = sh`${place(vocabulary)}
[ -d "$S" ] || exit 0
exec 9>>"$S/lock.flock"
ek_flock 9 200 || exit 75
if [ ! -e "$S/lock" ]; then exit 0; fi
if ek_read_lock && [ "$L_FENCE" != ${step.fence} ]; then exit 76; fi
ek_drop "$S/lock"`;
  return { script, parse: (output) => answerOf(output, () => ({ verdict: "done" })) };
}

export function record(step: StepOf<"record">, vocabulary: Vocabulary): Spelling<"record"> {
  const script = act(
    vocabulary,
    step.fence,
    sh`ek_ledger ${ledgerRest(step.entry)}
${raw(marks(step.entry))}`,
  );
  return { script, parse: (output) => answerOf(output, () => ({ verdict: "done" })) };
}

/** Keeps the tags that say which revisions are stable in step with the ledger; they matter only once it is lost. */
export function marks(entry: StepOf<"record">["entry"]): string {
  const lines: string[] = [];
  if (entry.event === "promoted") {
    const tag = `r${entry.revision}`;
    lines.push(sh`docker tag "evenkeel/$K":${tag} "evenkeel/$K":${tag}-stable >/dev/null 2>&1 || :`);
  }
  const unstable = entry.event === "rolled-back" ? entry.revision : entry.left;
  if (unstable !== undefined)
    lines.push(sh`docker image rm "evenkeel/$K":${`r${unstable}-stable`} >/dev/null 2>&1 || :`);
  return lines.join("\n");
}
