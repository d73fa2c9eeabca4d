import type { Key, Slot } from "../core/model.js";
import { keyName } from "./names.js";
import { prelude } from "./prelude.js";
import { raw, sh } from "./quote.js";

/** Which lines of a container's output are asked for. */
export interface Tail {
  /** Null: of what serves. */
  readonly slot: Slot | null;
  /** The last so many; null for all. */
  readonly lines: number | null;
  /** As `docker logs` takes it: seconds back (`90s`), or a time in ISO 8601. */
  readonly since: string | null;
  /** Whether it goes on with what is yet to come, until the container or the caller ends it. */
  readonly follow: boolean;
}

export interface TailSpelling {
  readonly script: string;
  /** Begins the line that says what is shown, or why nothing is; what came before it is not ours. */
  readonly mark: string;
}

/**
 * Shows a container's output on a channel of its own. It only reads, so it needs neither the lock nor a fence
 * number and never waits for a deploy. Stands in a brace group, so that a text that was cut does nothing.
 * When the caller's end of the channel is gone, so is the reader on the host: `docker logs` itself would
 * notice only at the next line, which a quiet app may never print.
 *
 * @param nonce letters and digits that nothing on the host can guess
 */
export function tail(key: Key, root: string | null, asked: Tail, nonce: string): TailSpelling {
  const words = [
    ...(asked.lines === null ? [] : ["--tail", String(asked.lines)]),
    ...(asked.since === null ? [] : ["--since", asked.since]),
    ...(asked.follow ? ["--follow"] : []),
  ];
  const show = asked.follow
    ? sh`exec 3<&0
docker logs ${words} "$C_ID" 2>&1 </dev/null &
ek_shown=$!
{ cat <&3 >/dev/null 2>&1; kill "$ek_shown" 2>/dev/null; } >/dev/null 2>&1 &
wait "$ek_shown"
exit $?`
    : sh`docker logs ${words} "$C_ID" 2>&1 </dev/null
exit $?`;
  const script = sh`${raw(prelude)}
{
ek_at ${root ?? ""} ${keyName(key)}
ek_wanted=${asked.slot ?? ""}
if [ -z "$ek_wanted" ]; then ek_pointer; ek_wanted=\${POINTER%%+*}; fi
case $ek_wanted in blue | green) ;; *) printf '\n%s nothing\n' ${nonce}; exit 0 ;; esac
if ! ek_slot "$ek_wanted"; then
  docker version >/dev/null || exit 71
  printf '\n%s gone %s\n' ${nonce} "$ek_wanted"
  exit 0
fi
printf '\n%s shown %s\n' ${nonce} "$ek_wanted"
${raw(show)}
}
`;
  return { script, mark: tailMark(nonce) };
}

export function tailMark(nonce: string): string {
  return `\n${nonce} `;
}
