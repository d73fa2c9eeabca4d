#!/usr/bin/env bash
# What action.yml runs: one `dagger call`, made of the inputs in INPUT_*, and its exit code as this one's.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
module=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/facts"

# shellcheck source=inputs.sh
source "$here/inputs.sh"
# shellcheck source=runner.sh
source "$here/runner.sh"

main() {
  local function=${INPUT_FUNCTION:-deploy}
  local link=of
  if [[ $function == deploy ]]; then link=to; fi
  title="evenkeel $(line_of "$function")${INPUT_ENVIRONMENT:+ $link $(line_of "$INPUT_ENVIRONMENT")}"
  check_inputs "$function"
  if ((${#problems[@]} > 0)); then refuse_inputs; fi
  mask_secrets
  open_group "$title"
  find_dagger
  # Nobody else knows this word, so no log can pass for what the module tells with it.
  mark=facts-$(random)
  spell_call "$function"
  run_call
  close_group
  read_facts
  tell_end
  exit "$code"
}

refuse_inputs() {
  local next="Next: correct the step's \`with:\`; nothing was run."
  annotate error "$title: wrong inputs" "$(printf '%s\n' "${problems[@]}")
$next"
  write_summary "### ❌ $title: wrong inputs

$(printf '%s\n' "${problems[@]}" | indented)

$next
"
  write_outputs failed usage
  exit 2
}

find_dagger() {
  if dagger=$("$here/dagger.sh" ${INPUT_VERSION:+"$INPUT_VERSION"} 2>"$work/progress"); then
    cat "$work/progress" >&2
    return
  fi
  close_group
  annotate error "$title: no dagger" "$(cat "$work/progress")"
  write_summary "### ❌ $title: no dagger

$(indented <"$work/progress")
"
  write_outputs failed ""
  exit 1
}

# What the function returns goes to stdout at the end, all that happens meanwhile to stderr.
run_call() {
  hush_commands
  set +e
  DAGGER_NO_NAG=1 "$dagger" "${call[@]}" 2>&1 >"$work/returned" | tee "$work/progress" |
    grep --line-buffered -vF "$mark " >&2
  code=${PIPESTATUS[0]}
  set -e
  hear_commands
}

# The facts that the module put after what it returned, or after the message it failed with.
read_facts() {
  if [[ $code == 0 ]]; then cp "$work/returned" "$work/told"; else closing_message >"$work/told"; fi
  grep -F "$mark " "$work/told" | awk -v mark="$mark " '
    { fact = substr($0, index($0, mark) + length(mark)) }
    fact ~ /^begin/ { text = ""; next }
    fact ~ /^end/ { whole = text; next }
    { text = text fact "\n" }
    END { printf "%s", whole }' >"$work/facts" || true
  grep -vF "$mark " "$work/told" >"$work/text" || true
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

tell_end() {
  # Once more outside of the group, which the runner folds up: how it ended has to be seen at once.
  hush_commands
  cat "$work/text"
  hear_commands
  local warning outcome summary
  while IFS= read -r warning; do annotate warning "$title" "$warning"; done < <(fact warning)
  outcome=$(fact outcome)
  summary=$(fact summary)
  if [[ $code == 0 ]]; then
    write_outputs "${outcome:-done}" ""
    summary=${summary:-"### ✅ $title: done

$(indented <"$work/text")"}
  else
    annotate error "$title: ${outcome:-failed}$(fact code | sed 's/.*/ (&)/')" "$(reason)"
    write_outputs "${outcome:-failed}" "$(fact code)"
    summary=${summary:-"### ❌ $title: failed, exit code $code

$(indented <"$work/text")"}
  fi
  write_summary "$summary
"
}

reason() {
  local error
  error=$(fact error)
  if [[ -z $error ]]; then
    tail -n 20 "$work/text"
  else
    printf '%s\n' "$error"
    fact next | sed 's/^/Next: /'
  fi
}

# Every line of a fact, without its name.
fact() { sed -nE "s/^$1( |$)//p" "$work/facts"; }

main
