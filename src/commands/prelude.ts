import { sh } from "./quote.js";

/**
 * Functions for every script, sent once per connection. They run in dash, in bash as sh and in busybox
 * ash, and need from the host only what a Docker host has (`flock`, `stat`, `sync`, `docker`).
 *
 * Lock order, everywhere: a key's `lock.flock` (descriptor 9), then its guard's (8), then the host's (7).
 */
export const prelude = sh`umask 077
export LC_ALL=C
# ROOT KEY: the folders of a key. Only P (routes) is mounted by the proxy, only P and G by the guardian.
ek_at() {
  T='' LONGER='' BACK='' R=\${1:-$HOME/.evenkeel} K=$2
  S=$R/keys/$K P=$R/routes/$K G=$R/guards/$K
}
ek_fail() { printf 'ek-failed %s %s\n' "$1" "$2"; exit 70; }
ek_now() {
  read -r ek_up _ </proc/uptime
  NOW=\${ek_up%.*}\${ek_up#*.}0
  read -r BOOT </proc/sys/kernel/random/boot_id
}
# busybox and coreutils take files; where sync does not, everything is synced. What a disk refuses is no success.
ek_sync() {
  ek_said=$(sync "$@" 2>&1) || case $ek_said in
    *"Input/output error"* | *"I/O error"* | *"No space left"* | *"uota exceeded"*) return 1 ;;
    *) sync ;;
  esac
}
ek_full() { case " $(stat -f -c '%a %d %c' "$R" 2>/dev/null) " in " 0 "* | *" 0 "[1-9]*) ;; *) return 1 ;; esac; }
ek_unwritable() {
  if ek_full; then ek_fail disk-full "no space left to write $1"; fi
  ek_fail step-failed "cannot write $1"
}
# On a full disk a way back must still be writable: what is kept for that is given up, once, and for nothing
# else. What is freed is soon used up by others, the access log first.
ek_spare() { [ -n "$BACK" ] && [ -e "$R/routes/.spare" ] && rm -f "$R/routes/.spare"; }
# PATH MODE TEXT: a whole file, durable, or the one before.
ek_put() {
  ek_write "$@" 2>/dev/null || { ek_spare && ek_write "$@" 2>/dev/null; } || ek_unwritable "$1"
}
ek_write() { printf '%s' "$3" >"$1.tmp" && chmod "$2" "$1.tmp" && ek_sync "$1.tmp" && mv -f "$1.tmp" "$1" && ek_sync "\${1%/*}"; }
ek_drop() {
  if [ -e "$1" ]; then rm -f "$1" && ek_sync "\${1%/*}"; fi
}
# DESCRIPTOR TENTHS: polls, because busybox has no flock with a limit.
ek_flock() {
  ek_tries=0
  until flock -n "$1"; do
    command -v flock >/dev/null || ek_fail step-failed 'the host has no flock command (package util-linux)'
    ek_tries=$((ek_tries + 1))
    [ "$ek_tries" -lt "$2" ] || return 1
    sleep 0.1
  done
}
# The lock: fence, lease in ms, boot id, uptime in ms at which it ends, holder and reason as JSON. One to a line.
ek_read_lock() {
  L_FENCE='' L_LEASE='' L_BOOT='' L_UNTIL='' L_WHO='' L_WHY=''
  [ -f "$S/lock" ] || return 1
  { read -r L_FENCE; read -r L_LEASE; read -r L_BOOT; read -r L_UNTIL; read -r L_WHO; read -r L_WHY; } <"$S/lock" || :
  case $L_FENCE$L_LEASE$L_UNTIL in '' | *[!0-9]*) return 1 ;; esac
}
# EXTRA_MS. Not synced: after a power cut the boot id ends the lease anyway. Where it cannot be written the
# act goes on, because it may be the way back; the fence number is what keeps writers apart.
ek_extend() {
  ek_now
  { printf '%s\n%s\n%s\n%s\n%s\n%s\n' "$L_FENCE" "$L_LEASE" "$BOOT" $((NOW + L_LEASE + \${1:-0})) "$L_WHO" "$L_WHY" >"$S/lock.tmp" &&
    mv -f "$S/lock.tmp" "$S/lock"; } 2>/dev/null || :
}
# FENCE EXTRA_MS: every act begins here. 76: somebody else has the lock. 75: another act has not ended.
ek_act() {
  [ -d "$S" ] || exit 76
  exec 9>>"$S/lock.flock"
  ek_flock 9 200 || exit 75
  ek_fence=
  if [ -f "$S/fence" ]; then read -r ek_fence <"$S/fence" || :; fi
  if [ "$ek_fence" != "$1" ] || ! ek_read_lock || [ "$L_FENCE" != "$1" ]; then exit 76; fi
  F=$1
  ek_extend "\${2:-0}"
  if [ "\${2:-0}" -gt 0 ]; then
    LONGER=$2
    ek_tidy
  fi
}
# A lease made longer for one act is made normal again when the act ends, however it ends.
ek_end() {
  if [ -n "$LONGER" ]; then ek_extend 0; fi
  if [ -n "$T" ]; then rm -rf "$T"; fi
}
ek_tidy() {
  trap ek_end EXIT
  trap 'exit 143' HUP INT PIPE TERM
}
ek_pointer() {
  POINTER=
  if [ -f "$P/active" ]; then read -r POINTER <"$P/active" || :; fi
}
ek_names() { case +$POINTER+ in *"+$1+"*) return 0 ;; esac; return 1; }
# The rename is the switch.
ek_point() { mkdir -p "$P" && chmod 755 "$P" && ek_put "$P/active" 644 "$1"; }
ek_guarded() {
  exec 8>>"$G/flock"
  ek_flock 8 300 || exit 75
}
ek_token() {
  TOKEN=
  if [ -f "$G/guard" ]; then read -r _ TOKEN <"$G/guard" || :; fi
}
# REST of a JSON object: a line that a cut cannot join with the one before.
ek_ledger() {
  ek_append "$1" 2>/dev/null || { ek_spare && ek_append "$1" 2>/dev/null; } || ek_unwritable "$S/ledger.jsonl"
}
ek_append() {
  if [ -n "$(tail -c 1 "$S/ledger.jsonl" 2>/dev/null)" ]; then printf '\n' >>"$S/ledger.jsonl" || return 1; fi
  printf '{"at":"%s","fence":%s,%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$F" "$1" >>"$S/ledger.jsonl" && ek_sync "$S/ledger.jsonl"
}
# SLOT: id, if running, stop time and labels of what has the slot's name; ours or not.
ek_slot() {
  C_ID='' C_UP='' C_STOP='' C_KEY='' C_ROOT=''
  ek_seen=$(docker container inspect --format '{{.Id}} {{.State.Running}} {{index .Config.Labels "evenkeel.drain"}} {{index .Config.Labels "evenkeel.key"}}|{{index .Config.Labels "evenkeel.root"}}' "$K-$1" 2>/dev/null) || return 1
  C_ID=\${ek_seen%% *} ek_seen=\${ek_seen#* }
  C_UP=\${ek_seen%% *} ek_seen=\${ek_seen#* }
  C_STOP=\${ek_seen%% *} ek_seen=\${ek_seen#* }
  C_KEY=\${ek_seen%%|*} C_ROOT=\${ek_seen#*|}
  case $C_STOP in '' | *[!0-9]*) C_STOP=10 ;; esac
  [ "$C_KEY" = "$K" ] && [ "$C_ROOT" = "$R" ]
}
# FORMAT ID...: what Docker shows of containers. 71: it shows nothing, not even that they are not there.
ek_inspect() {
  ek_seen=$(docker container inspect --format "$@" 2>&1) || case $ek_seen in
    *[Nn]o\ such\ container*) ;;
    *)
      printf '%s\n' "$ek_seen" >&2
      exit 71
      ;;
  esac
  printf '%s\n' "$ek_seen" | sed 's/^/container /'
}
# ID: whether it has stopped, or is gone.
ek_stopped() { [ "$(docker container inspect --format '{{.State.Running}}' "$1" 2>/dev/null)" != true ]; }
# ID: takes it away, or waits for the host, which may be taking it away at this moment.
ek_remove() {
  ek_tries=0
  until docker rm -f "$1" >/dev/null; do
    docker container inspect --format x "$1" >/dev/null 2>&1 || return 0
    ek_tries=$((ek_tries + 1))
    [ "$ek_tries" -lt 50 ] || return 1
    sleep 0.2
  done
}
ek_scratch() {
  for T in /dev/shm /tmp "$R"; do
    T=$(mktemp -d "$T/evenkeel.XXXXXX" 2>/dev/null) && break
  done
  [ -d "$T" ] || ek_unwritable "$R"
  ek_tidy
}
`;
