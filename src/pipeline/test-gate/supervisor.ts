/** How long a supervised command may take, in whole seconds of at least 1. */
export interface Limits {
  /** From its start to its end. */
  readonly totalSeconds: number;
  /** Without a byte of output. */
  readonly silenceSeconds: number;
  /** What its processes have, from SIGTERM to SIGKILL. */
  readonly graceSeconds: number;
}

/** Where the supervisor lies in the container that runs it. */
export const SUPERVISOR_PATH = "/run/evenkeel/supervise";

/** The argv that runs a command under the supervisor. */
export function superviseArgv(limits: Limits, command: readonly string[]): string[] {
  const { totalSeconds, silenceSeconds, graceSeconds } = limits;
  return ["sh", SUPERVISOR_PATH, ...[totalSeconds, silenceSeconds, graceSeconds].map(String), ...command];
}

/**
 * Runs a command and ends everything it started: in POSIX sh and /proc alone, so that it works in any image
 * that has a shell (no ps, no setsid, no node). Output and errors of the command go to stdout in the order
 * in which they were written; the supervisor's own findings go to stderr, as lines that start with
 * `evenkeel: `. Its exit code is the command's, or 124 when it hung.
 */
export const SUPERVISOR = `# usage: sh supervise TOTAL SILENCE GRACE COMMAND [ARGUMENT...]   (seconds)
set -u

# It ends every process that it can see, so it runs only where all of them are the command's.
case $PPID in
  0 | 1) ;;
  *) echo "evenkeel: the supervisor runs only as a container's own process" >&2; exit 125 ;;
esac

total=$1 silence=$2 grace=$3
shift 3
dir=\${TMPDIR:-/tmp}/evenkeel.$$
(umask 077 && mkdir -p "$dir") && mkfifo "$dir/out" && : >"$dir/log" && : >"$dir/heard" && : >"$dir/running" || {
  echo "evenkeel: no place for a temporary file in \${TMPDIR:-/tmp}" >&2; exit 125
}

say() { printf 'evenkeel: %s\\n' "$*" >&2; }

now() { read -r now _ </proc/uptime; now=\${now%.*}; }

# Sets ppid; fails when the process is gone or only waits to be reaped.
look() {
  ppid= state=
  { while read -r name value _; do
    case $name in PPid:) ppid=$value ;; State:) state=$value ;; esac
  done } 2>/dev/null <"/proc/$1/status"
  case $state in '' | Z | X) return 1 ;; esac
}

# Sets alive to the pids that belong to the command, and remembers each one's words and who started it:
# once a parent has ended, the kernel no longer tells.
scan() {
  alive=
  for entry in /proc/[0-9]*; do
    pid=\${entry#/proc/}
    case $pid in 1 | $$ | $tee | $self) continue ;; esac
    look "$pid" || continue
    if [ "$ppid" = "$self" ]; then continue; fi
    alive="$alive $pid"
    case " $seen " in *" $pid "*) ;; *) seen="$seen $pid"; eval "parent_$pid=$ppid" ;; esac
    # Asked more than once: a process has its parent's words until it executes its own program.
    eval "looks=\\\${looks_$pid:-0}"; looks=$((looks + 1)); eval "looks_$pid=$looks"
    if [ "$looks" -le 4 ] || [ $((looks % 20)) -eq 0 ]; then learn_words "$pid"; fi
  done
}

learn_words() {
  words=$({ tr '\\000\\n\\r\\t' '    ' <"/proc/$1/cmdline"; } 2>/dev/null)
  while case $words in *' ') ;; *) false ;; esac; do words=\${words% }; done
  if [ -n "$words" ]; then eval "words_$1=\\$words"; fi
}

words_of() { eval "words=\\\${words_$1:-a process}"; }
parent_of() { eval "parent=\\\${parent_$1:-}"; }
is_shell() { case $1 in sh\\ * | */sh\\ * | bash\\ * | */bash\\ * | dash\\ * | */dash\\ * | ash\\ * | */ash\\ *) ;; *) return 1 ;; esac; }
is_alive() { case " $alive " in *" $1 "*) ;; *) return 1 ;; esac; }

# A shell that only waits for a child explains nothing: the child is named.
only_waits() {
  words_of "$1"
  is_shell "$words" || return 1
  for child in $alive; do
    parent_of "$child"
    if [ "$parent" = "$1" ]; then return 0; fi
  done
  return 1
}

# One line for each process: its words, its pid and who started it, past the shells in between.
name_alive() {
  for pid in $alive; do
    if only_waits "$pid"; then continue; fi
    words_of "$pid"; line="$words (pid $pid)"
    starter=
    parent_of "$pid"
    while case $parent in '' | 1 | $$) false ;; esac; do
      words_of "$parent"
      starter=$parent
      is_shell "$words" || break
      parent_of "$parent"
    done
    if [ "$parent" = $$ ] && [ -z "$starter" ]; then line="$line, the command itself"; fi
    if [ -n "$starter" ]; then
      line="$line, started by $words"
      is_alive "$starter" || line="$line, which has ended"
    fi
    say "$1: $line"
  done
}

signal_alive() { for pid in $alive; do kill -s "$1" "$pid" 2>/dev/null; done; }

pause() { sleep 0.2 2>/dev/null || sleep 1; }
tick() { sleep 0.5 2>/dev/null || sleep 1; }

# TERM, the time to obey, then KILL, until nothing is left: what is killed may have just forked.
end_all() {
  signal_alive TERM
  now; deadline=$((now + grace))
  while scan; [ -n "$alive" ]; do
    now; [ "$now" -lt "$deadline" ] || break
    pause
  done
  rounds=0
  while scan; [ -n "$alive" ] && [ "$rounds" -lt 20 ]; do
    signal_alive KILL; pause; rounds=$((rounds + 1))
  done
  [ -z "$alive" ] || name_alive unkillable
}

# Told by a file, not by a signal: bash loses a trapped one now and then, and what had passed would be found hung.
watch() {
  read -r self _ </proc/self/stat
  seen=
  now; started=$now heard=$now
  while scan; tick; [ -e "$dir/running" ]; do
    now
    if [ "$dir/log" -nt "$dir/heard" ]; then : >"$dir/heard"; heard=$now; fi
    reason=
    if [ $((now - heard)) -ge "$silence" ]; then
      reason="no output for $((now - heard)) s, $((now - started)) s after the start"
    elif [ $((now - started)) -ge "$total" ]; then
      reason="not over after $((now - started)) s, with output until $((now - heard)) s ago"
    fi
    if [ -n "$reason" ]; then
      say "hung: $reason"
      scan; name_alive alive; end_all
      exit 124
    fi
  done
  now; say "ended: $((now - started)) s"
  # What is just on its way out is no finding.
  rounds=0
  while scan; [ -n "$alive" ] && [ "$rounds" -lt 5 ]; do pause; rounds=$((rounds + 1)); done
  if [ -n "$alive" ]; then name_alive "left over"; end_all; fi
  exit 0
}

tee -a "$dir/log" <"$dir/out" & tee=$!
watch & watcher=$!

# In the foreground: what runs in the background would be started with SIGINT ignored. In a session of its
# own where that is possible, so that a signal to its process group stays in it.
# The outer redirection hides what the shell itself says of a killed child.
if command -v setsid >/dev/null 2>&1; then leader=setsid; else leader=; fi
{ $leader "$@" >"$dir/out" 2>&1 </dev/null; } 2>/dev/null
code=$?

rm -f "$dir/running"
wait "$watcher"; verdict=$?
wait "$tee"
rm -rf "$dir"
if [ "$verdict" -eq 124 ]; then exit 124; fi
exit "$code"
`;
