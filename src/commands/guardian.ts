import { sha256 } from "./digest.js";
import { raw, sh } from "./quote.js";

/**
 * What runs inside the guardian's container: busybox ash, with the folders /routes, /guards (writable) and
 * /logs (read-only), on the proxy's network, without Docker's socket. `nc` asks the slots: of the two
 * busyboxes that matter only one has a `wget` with a time limit, and none shows the body of an error.
 */
const shared = sh`umask 077
export LC_ALL=C
g_now() {
  read -r g_up _ </proc/uptime
  NOW=\${g_up%.*}\${g_up#*.}0
  read -r BOOT </proc/sys/kernel/random/boot_id
}
# On a full disk a way back must still be writable: what is kept for that is given up, and for nothing else.
g_put() { g_write "$@" || { rm -f /routes/.spare && g_write "$@"; }; }
g_write() { printf '%s' "$3" >"$1.tmp" && chmod "$2" "$1.tmp" && sync "$1.tmp" && mv -f "$1.tmp" "$1" && sync "\${1%/*}"; }
# KEY: between a confirmation, a renewal and a reversal there is one winner.
g_lock() {
  exec 9>>"/guards/$1/flock"
  g_tries=0
  until flock -n 9; do
    g_tries=$((g_tries + 1))
    [ "$g_tries" -lt 300 ] || return 1
    sleep 0.1
  done
}
g_load() {
  token='' fence='' revision='' live='' previous='' boot='' hostboot='' armed='' until='' patience='' ask_live='' ask_previous=''
  while read -r g_name g_value; do
    case $g_name in token | fence | revision | live | previous | boot | hostboot | armed | until | patience | ask_live | ask_previous) eval "$g_name=\$g_value" ;; esac
  done <"/guards/$1/guard" 2>/dev/null
  case $until$armed in '' | *[!0-9]*) return 1 ;; esac
}
g_save() {
  g_write "/guards/$1/guard" 600 "token $token
fence $fence
revision $revision
live $live
previous $previous
boot $boot
hostboot $hostboot
armed $armed
until $until
patience $patience
ask_live $ask_live
ask_previous $ask_previous
"
}
# FOLDER HOST PORT PATH LIMIT: one GET; STATUS is 000 without an answer. The connection is given to a
# program (-e), because otherwise one of the busyboxes never sees that the server closed it, and the other
# way to end it, half of it closed, is taken for a visitor who left.
g_ask() {
  mkdir -p "$1" && : >"$1/out"
  timeout -s KILL "$5" nc "$2" "$3" -e sh -c 'printf "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: evenkeel\r\nAccept: */*\r\nConnection: close\r\n\r\n" "$3" "$1" "$2"; exec head -c 16384 >"$4"' ask "$2" "$3" "$4" "$1/out" 2>"$1/err"
  echo $? >"$1/code"
  g_protocol='' STATUS=''
  read -r g_protocol STATUS _ <"$1/out" || :
  case $g_protocol:$STATUS in HTTP/*:[1-5][0-9][0-9]*) ;; *) STATUS=000 ;; esac
}
`;

/** How long after the end of the lease the previous slot may take to answer before the live one is kept. */
export const PATIENCE_MS = 30_000;

/**
 * The dead man's switch. A lease that is over, and a reboot, lead to the previous slot, alone, once it has
 * passed its probes. If it does not within its patience and the live one does, that one is kept, alone.
 * While neither answers, the pair stays: it serves whichever comes back first, and the probes go on.
 * The pointer is renamed before the guard is removed: cut in between, the same is done once more.
 */
export const guardianLoop = sh`#!/bin/sh
${raw(shared)}
g_passes() {
  set -f
  # shellcheck disable=SC2086
  set -- "$1" $2
  set +f
  g_left=$6
  while [ "$g_left" -gt 0 ]; do
    g_ask "$1" "$2" "$3" "$4" "$5" || return 1
    case $STATUS in 2??) ;; *) return 1 ;; esac
    g_left=$((g_left - 1))
    if [ "$g_left" -gt 0 ]; then sleep "$7"; fi
  done
}
g_expired() {
  g_now
  [ "$BOOT" != "$boot" ] || [ "$NOW" -lt "$armed" ] || [ "$NOW" -ge "$until" ]
}
# KEY VERDICT SLOT
g_settle() {
  g_token=$token
  (
    g_lock "$1" || exit 1
    g_load "$1" && [ "$token" = "$g_token" ] && g_expired || exit 1
    g_put "/routes/$1/active" 644 "$3" &&
      g_put "/guards/$1/outcome" 600 "token $token
revision $revision
verdict $2
serving $3
" && rm -f "/guards/$1/guard" && sync "/guards/$1" && echo "$1: revision $revision was not confirmed: $2, $3 serves"
  )
}
g_watch() {
  g_since=/tmp/$1.since
  [ -s "$g_since" ] || echo "$token $NOW" >"$g_since"
  read -r g_of g_from <"$g_since"
  if [ "$g_of" != "$token" ]; then g_from=$NOW; echo "$token $NOW" >"$g_since"; fi
  if g_passes "/tmp/$1" "$ask_previous"; then
    g_settle "$1" reverted "$previous"
  elif g_now; [ $((NOW - g_from)) -ge "$patience" ] && g_passes "/tmp/$1" "$ask_live"; then
    g_settle "$1" halted "$live"
  fi
}
# The first process of a container has no default for signals.
trap 'exit 0' TERM INT
while :; do
  for g_file in /guards/*/guard; do
    [ -f "$g_file" ] || continue
    g_key=\${g_file%/guard} g_key=\${g_key#/guards/}
    if g_load "$g_key" && g_expired; then g_watch "$g_key" & fi
  done
  wait
  sleep 0.5
done
`;

/** Tells whether the guardian that runs is of this text. */
export const guardianVersion = sha256(guardianLoop).slice(0, 16);

/** Arms the guard by the guardian's own clock, so that arming proves that it runs and can write. */
export const armText = sh`${raw(shared)}
key=$1 token=$2 fence=$3 revision=$4 live=$5 previous=$6 lease=$7 patience=$8 hostboot=$9
shift 9
ask_live=$1 ask_previous=$2
g_now
boot=$BOOT armed=$NOW until=$((NOW + lease))
g_lock "$key" || exit 75
g_save "$key" && rm -f "/guards/$key/outcome" && sync "/guards/$key" && echo armed
`;

/**
 * Renews the guard, asks the slots, and counts the access log. Arguments: KEY TOKEN LEASE COUNT INTERVAL
 * INODE OFFSET NOT_BEFORE SLOW COMMIT-OR-EMPTY, then for each slot its name and what `g_ask` wants.
 */
export const lookText = sh`${raw(shared)}
key=$1 wanted=$2 lease=$3 samples=$4 interval=$5 inode=$6 offset=$7 before=$8 slow=$9
shift 9
if [ -n "$wanted" ]; then
  (
    g_lock "$key" || exit 75
    g_load "$key" && [ "$token" = "$wanted" ] || { echo 'guard gone'; exit 0; }
    g_now
    until=$((NOW + lease))
    if g_save "$key"; then echo 'guard armed'; else echo 'guard unsaved'; fi
  ) || echo 'guard gone'
fi
# The log's end is taken before the probes: what took both slots down for a request, the probes see as well.
log=/logs/$key.log
now_inode=$(stat -c %i "$log" 2>/dev/null || echo 0)
size=$(stat -c %s "$log" 2>/dev/null || echo 0)
# SLOT HOST PORT PATH LIMIT COMMIT
look() {
  d=/tmp/look.$$.$1 left=$samples
  while :; do
    g_now
    from=$NOW
    g_ask "$d" "$2" "$3" "$4" "$5"
    g_now
    code=
    read -r code <"$d/code" || :
    printf 'sample %s %s %s %s %s\n' "$1" $((NOW - from)) "$code" "$(base64 <"$d/out" | tr -d '\n')" "$(head -c 300 "$d/err" | base64 | tr -d '\n')"
    passed=
    case $STATUS in 2??) ;; *) break ;; esac
    if [ -n "$6" ] && ! grep -qF -e "$6" "$d/out"; then break; fi
    passed=yes
    left=$((left - 1))
    [ "$left" -gt 0 ] || break
    sleep "$interval"
  done >"$d.said"
  cat "$d.said"
  [ -n "$passed" ]
}
first='' others='' failed=''
while [ $# -ge 6 ]; do
  mkdir -p "/tmp/look.$$.$1"
  look "$1" "$2" "$3" "$4" "$5" "$6" &
  if [ -z "$first" ]; then first=$!; else others="$others $!"; fi
  shift 6
done
if [ -n "$first" ] && ! wait "$first" && [ "$inode" = last ]; then
  # What did not pass needs nobody to stand by, and is compared with nothing.
  failed=yes
  # shellcheck disable=SC2086
  [ -z "$others" ] || kill $others 2>/dev/null
fi
wait
rm -rf "/tmp/look.$$".*
if [ -n "$slow" ] && [ -z "$failed" ]; then
  from=0
  if [ "$inode" = "$now_inode" ] && [ "$offset" -le "$size" ]; then
    from=$offset
  elif [ "$inode" = last ]; then
    from=$((size > 4194304 ? size - 4194304 : 0))
  fi
  {
    # Rotated meanwhile: what was written to the file before it is counted as well.
    if [ "$inode" != last ] && [ "$inode" != "$now_inode" ]; then
      for rolled in /logs/"$key"-2*.log; do
        [ "$(stat -c %i "$rolled" 2>/dev/null)" = "$inode" ] && dd if="$rolled" bs=65536 iflag=skip_bytes skip="$offset" 2>/dev/null
      done
    fi
    [ "$size" = 0 ] || dd if="$log" bs=65536 iflag=skip_bytes,count_bytes skip="$from" count=$((size - from)) 2>/dev/null
  } | awk -v key="$key" -v before="$before" -v slow="$slow" '
    # A quotation mark in what visitors send is escaped in the log, so no request can pose as another.
    function part(name,  at, rest) {
      at = index($0, "\"" name "\":")
      if (at == 0) return ""
      rest = substr($0, at + length(name) + 3)
      if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); return substr(rest, 1, index(rest, "\"") - 1) }
      match(rest, /^[-0-9.eE+]*/)
      return substr(rest, 1, RLENGTH)
    }
    !/^\{.*\}$/ { next }
    part("ts") + 0 < before + 0 { next }
    {
      status = part("status") + 0
      pointer = part("pointer")
      said = part("slot")
      host = said; sub(/:.*/, "", host)
      slot = ""
      if (host == key "-blue") slot = "blue"
      if (host == key "-green") slot = "green"
      live = pointer; sub(/\+.*/, "", live)
      paired = index(pointer, "+") > 0
      if (live != "blue" && live != "green") live = slot
      if (slot == "") slot = live
      if (slot == "") next
      requests[slot]++
      if (status >= 500) failures[slot]++
      else if (status != 101 && part("duration") * 1000 > slow + 0) slow_ones[slot]++
      # In a pair, whatever the standby answered the live slot could not.
      if (paired && (slot != live || part("live_failed") != "")) {
        failed = (slot != live) ? live : ""
        if (failed != "") { requests[failed]++; failures[failed]++ }
      }
    }
    END {
      print "tally blue " requests["blue"] + 0 " " failures["blue"] + 0 " " slow_ones["blue"] + 0
      print "tally green " requests["green"] + 0 " " failures["green"] + 0 " " slow_ones["green"] + 0
    }'
  printf 'position %s %s\n' "$now_inode" "$size"
fi
`;
