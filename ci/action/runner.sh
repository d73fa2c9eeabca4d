# shellcheck shell=bash
# How a runner is told things: groups, annotations, masks, outputs, the page of the run. Elsewhere than on a
# runner only what a person reads is printed.
: "${work:?}"

on_runner() { [[ -n ${GITHUB_ACTIONS:-} ]]; }

open_group() { if on_runner; then echo "::group::$(data "$1")"; fi; }
close_group() { if on_runner; then echo "::endgroup::"; fi; }

# A runner obeys lines such as "::set-output name=…", and what follows quotes logs of the app, which may say
# anything. Both streams become one, so that nothing comes after the word that ends this. Each word begins a
# line, whatever was written before: on a terminal, dagger asks for its colours without ending the line.
hush_commands() {
  if ! on_runner; then return; fi
  exec 2>&1
  hushed=$(random)
  printf '\n::stop-commands::%s\n' "$hushed"
}

hear_commands() { if on_runner; then printf '\n::%s::\n' "$hushed"; fi; }

# A line at the top of the run's page. Its text is from outside: escaped, it stays one command.
annotate() {
  if on_runner; then
    echo "::$1 title=$(property "$2")::$(data "${3:0:4000}")"
  else
    printf '%s: %s\n%s\n' "$1" "$2" "$3" >&2
  fi
}

data() {
  local text=${1//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '%s' "${text//$'\n'/%0A}"
}

property() {
  local text
  text=$(data "$1")
  text=${text//:/%3A}
  printf '%s' "${text//,/%2C}"
}

# A runner hides a secret of GitHub's as a whole. Hidden here as well: its parts, and a value that came from
# elsewhere. A short part of the app's secrets is a word such as "production" too often.
mask_secrets() {
  if ! on_runner; then return; fi
  local line
  while IFS= read -r line; do
    if [[ $line != -----* ]]; then mask 8 "$line"; fi
  done < <(lines_of "${INPUT_SSH_KEY:-}")
  mask 4 "${INPUT_REGISTRY_PASSWORD:-}"
  while IFS= read -r line; do
    line=${line#*=}
    line=${line#[\"\']}
    mask 16 "${line%[\"\']}"
  done < <(lines_of "${INPUT_ENV_FILE:-}
${INPUT_BUILD_SECRETS:-}")
}

mask() { if ((${#2} >= $1)); then echo "::add-mask::$(data "$2")"; fi; }

# $1: outcome, $2: code
write_outputs() {
  if [[ -z ${GITHUB_OUTPUT:-} ]]; then return; fi
  local delimiter name
  # Random, because the report holds text from outside, which must not end it early.
  delimiter=report-$(random)
  {
    echo "outcome=$1"
    echo "code=$2"
    # One line each: what follows a line end would be an output of its own.
    for name in image digest revision url; do echo "$name=$(fact "$name" | head -n 1)"; done
    echo "page=$(keep_page)"
    echo "report<<$delimiter"
    if [[ -f $work/text ]]; then cat "$work/text"; fi
    printf '\n%s\n' "$delimiter"
  } >>"$GITHUB_OUTPUT"
}

# The report of a run as a file, for a step that keeps it. Prints nothing where there was no run.
keep_page() {
  if [[ ! -s $work/facts || -z $(fact page) ]]; then return; fi
  local folder
  folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/evenkeel-XXXXXX")
  fact page >"$folder/report.html"
  echo "$folder/report.html"
}

write_summary() { if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then printf '%s\n' "$1" >>"$GITHUB_STEP_SUMMARY"; fi; }

# Indented, which Markdown shows as it is.
indented() { sed 's/^/    /'; }

random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
