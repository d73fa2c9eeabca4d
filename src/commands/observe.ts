import type { StepOf } from "../core/model.js";
import { place } from "./act.js";
import { dockerAway } from "./answer.js";
import { inspectFormat } from "./containers.js";
import { parseHostView } from "./host-view.js";
import { guardianContainer, proxyContainer } from "./names.js";
import { raw, sh } from "./quote.js";
import { MOST_BYTES, SUM } from "./site.js";
import type { Spelling, Vocabulary } from "./vocabulary.js";

/** Lines of the ledger that are read, and bytes: a decision never needs more. */
const LEDGER_TAIL = 500;
const LEDGER_BYTES = 2 * 1024 * 1024;

/**
 * Everything a decision needs, in one round trip. Docker's command line costs 30–40 ms a call, so its
 * calls run side by side, and every file is read by one `grep`, whose output names each line's file. The
 * only thing written is the host's own key, once. A Docker that leaves one of its questions unanswered, as while
 * it is started anew, is no host without containers: nothing is told then.
 */
export function observe(_: StepOf<"observe">, vocabulary: Vocabulary): Spelling<"observe"> {
  const script = sh`${place(vocabulary)}
ek_scratch
docker info --format '{{.ServerVersion}} {{.Architecture}} {{.DockerRootDir}}' >"$T/info" 2>>"$T/err" &
ASKED=$!
ek_inspect ${inspectFormat} "$K-blue" "$K-green" ${proxyContainer} ${guardianContainer} >"$T/named" 2>>"$T/err" &
ASKED="$ASKED $!"
docker ps -a --no-trunc --filter "label=evenkeel.key=$K" --format '{{.ID}} {{.Label "evenkeel.role"}} {{.Names}}' >"$T/labelled" 2>>"$T/err" &
ASKED="$ASKED $!"
docker image ls --format '{{.Tag}}' "evenkeel/$K" >"$T/tags" 2>>"$T/err" &
ASKED="$ASKED $!"
ek_now
printf 'uptime %s\nboot %s\nroot %s\n' "$NOW" "$BOOT" "$R"
if [ ! -s "$R/hmac.key" ]; then
  ek_new=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')
  # A link fails where the file exists: of two first observers, both read the same key afterwards.
  { mkdir -p "$R" && printf '%s' "$ek_new" >"$R/hmac.key.$$" && ek_sync "$R/hmac.key.$$" && ln "$R/hmac.key.$$" "$R/hmac.key"; rm -f "$R/hmac.key.$$"; } 2>/dev/null || :
  printf 'key %s\n' "$ek_new"
fi
while read -r ek_name ek_value _; do
  case $ek_name in MemAvailable:) printf 'memory %s\n' "$ek_value"; break ;; esac
done </proc/meminfo
if [ -d "$R" ]; then
  cd "$R" || exit 1
  grep -H '' hmac.key "keys/$K/fence" "keys/$K/lock" "keys/$K/leaving" "routes/$K/active" "guards/$K/guard" "guards/$K/outcome" proxy/image "proxy/sites/$K.caddy" "keys/$K/releases"/*/manifest.json 2>/dev/null | grep -v -e '^proxy/sites/[^:]*:[^#]' -e ${`^proxy/sites/[^:]*:${SUM}`}
  # A pipe would be waited for, and what is no certificate any more may be of any size.
  sed -n ${`s/^${SUM}//p`} "proxy/sites/$K.caddy" 2>/dev/null | while read -r ek_sum ek_path; do
    [ -f "$ek_path" ] && ek_found=$(head -c ${MOST_BYTES + 1} "$ek_path" 2>/dev/null | sha256sum) && [ "\${ek_found%% *}" = "$ek_sum" ] || echo 'files changed'
  done
  printf 'routes %s\n' "$(stat -c %i "$R/routes" 2>/dev/null)"
fi
for ek_asked in $ASKED; do
  wait "$ek_asked" || { cat "$T/err" >&2; exit 71; }
done
read -r ek_version ek_arch ek_dir <"$T/info"
printf 'docker %s %s\n' "$ek_version" "$ek_arch"
# Without the folders that may not exist yet, or that this account may not enter.
for ek_disk in "$R" "$ek_dir"; do
  stat -f -c 'disk %a %S %d %c' "$ek_disk" 2>/dev/null || stat -f -c 'disk %a %S %d %c' / 2>/dev/null
done
cat "$T/named"
sed 's/^/tag /' "$T/tags"
ek_more=
while read -r ek_id ek_role ek_name; do
  case $ek_role:$ek_name in slot:"$K-blue" | slot:"$K-green") ;; slot:*) ek_more="$ek_more $ek_id" ;; esac
done <"$T/labelled"
if [ -n "$ek_more" ]; then
  # shellcheck disable=SC2086
  docker container inspect --format ${inspectFormat} $ek_more 2>/dev/null | sed 's/^/container /'
fi
if ! grep -q '"name":"/${raw(proxyContainer)}".*"stage":"running"' "$T/named"; then
  docker ps --filter publish=80 --filter publish=443 --format 'taken {{.Names}}' 2>/dev/null
  # 0A: listening; ports 80 and 443 in hexadecimal.
  awk '$4 == "0A" && $2 ~ /:(0050|01BB)$/ { print "taken process"; exit }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
fi
if [ -f "$S/ledger.jsonl" ]; then
  if [ -z "$(tail -c 1 "$S/ledger.jsonl")" ]; then echo ledger-whole yes; fi
  tail -c ${LEDGER_BYTES} "$S/ledger.jsonl" | tail -n ${LEDGER_TAIL} | sed 's/^/ledger /'
fi
exit 0`;
  return {
    script,
    parse: (output) => {
      if (output.code !== 0) throw dockerAway(output);
      return parseHostView(output.stdout, vocabulary);
    },
  };
}
