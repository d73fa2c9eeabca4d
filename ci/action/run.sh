#!/usr/bin/env bash
# What action.yml runs: one `dagger call`, made of the inputs in INPUT_*, and its exit code as this one's.
set -euo pipefail

module=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

main() {
  local dagger code
  dagger=$("$module/ci/action/dagger.sh")
  spell_call
  hush_commands
  # What the function returns goes to stdout at the end, all that happens meanwhile to stderr.
  set +e
  DAGGER_NO_NAG=1 "$dagger" "${call[@]}" 2>&1 >"$work/report" | tee "$work/progress" >&2
  code=${PIPESTATUS[0]}
  set -e
  cat "$work/report"
  hear_commands
  if [[ $code == 0 ]]; then write_outputs; fi
  write_summary "$code"
  exit "$code"
}

# The arguments as an array, so that no input is ever read by a shell. Secrets go by the name of their
# variable: an argument can be seen by every user of the machine.
spell_call() {
  local function=${INPUT_FUNCTION:-deploy}
  if [[ ! $function =~ ^[a-z][a-z-]*$ ]]; then
    echo "::error::function is '${function//[^[:print:]]/?}', expected the name of one, such as deploy" >&2
    exit 2
  fi
  call=(--progress=plain call -m "$module" "--source=${INPUT_SOURCE:-.}" "$function")
  plain --environment "${INPUT_ENVIRONMENT:-}"
  secret --ssh-key INPUT_SSH_KEY
  secret --environment-file INPUT_ENVIRONMENT_FILE
  plain --registry-username "${INPUT_REGISTRY_USERNAME:-}"
  secret --registry-password INPUT_REGISTRY_PASSWORD
  plain --image "${INPUT_IMAGE:-}"
  case ${INPUT_UNTESTED:-false} in
    true) call+=(--untested) ;;
    false) ;;
    *)
      echo "::error::untested is '${INPUT_UNTESTED//[^[:print:]]/?}', expected true or false" >&2
      exit 2
      ;;
  esac
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    if [[ -n $line ]]; then call+=("$line"); fi
  done <<<"${INPUT_ARGS:-}"
}

plain() { if [[ -n $2 ]]; then call+=("$1=$2"); fi; }

secret() { if [[ -n ${!2:-} ]]; then call+=("$1=env://$2"); fi; }

# A runner obeys lines such as "::set-output name=…", and what follows quotes logs of the app, which may say
# anything. Both streams become one, so that nothing comes after the word that ends this.
hush_commands() {
  if [[ -z ${GITHUB_ACTIONS:-} ]]; then return; fi
  exec 2>&1
  hushed=$(random)
  echo "::stop-commands::$hushed"
}

hear_commands() { if [[ -n ${hushed:-} ]]; then echo "::$hushed::"; fi; }

random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

write_outputs() {
  if [[ -z ${GITHUB_OUTPUT:-} ]]; then return; fi
  local image revision delimiter
  image=$(grep -oE '[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}' "$work/report" | tail -n 1 || true)
  if [[ -z $image ]]; then image=${INPUT_IMAGE:-}; fi
  revision=$(grep -oiE 'revision [0-9]+ serves' "$work/report" | tail -n 1 | tr -dc 0-9 || true)
  # Random, because the report holds text from outside, which must not end it early.
  delimiter=report-$(random)
  {
    echo "image=$image"
    echo "revision=$revision"
    printf 'report<<%s\n%s\n%s\n' "$delimiter" "$(cat "$work/report")" "$delimiter"
  } >>"$GITHUB_OUTPUT"
}

# On the run's page: the report, or the failure's message. Indented, which Markdown shows as it is.
write_summary() {
  if [[ -z ${GITHUB_STEP_SUMMARY:-} ]]; then return; fi
  local title="evenkeel ${INPUT_FUNCTION:-deploy}${INPUT_ENVIRONMENT:+ to ${INPUT_ENVIRONMENT//[^[:alnum:]]/}}"
  {
    if [[ $1 == 0 ]]; then
      printf '### %s: done\n\n' "$title"
      sed 's/^/    /' "$work/report"
    else
      printf '### %s: failed, exit code %s\n\n' "$title" "$1"
      closing_message | sed 's/^/    /'
    fi
    echo
  } >>"$GITHUB_STEP_SUMMARY"
}

# After its progress ("12  : …") dagger prints "Error: " and the whole message, in which a log may say
# "Error: " again. Where there is no such message, the last lines have to do.
closing_message() {
  sed -E 's/\x1b\[[0-9;]*[A-Za-z]//g; s/ \[traceparent:[^]]*\]$//' "$work/progress" |
    awk '/^[0-9]+ +: / { found = 0; text = "" }
         /^Error: / { found = 1 }
         { if (found) text = text $0 "\n"; last[NR % 60] = $0 }
         END {
           if (found) { printf "%s", text; exit }
           for (i = NR - 59; i <= NR; i++) if (i > 0) print last[i % 60]
         }'
}

main
