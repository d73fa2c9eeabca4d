# shellcheck shell=bash
# The inputs of the action: which function takes which, what is wrong with them, and the call they make.
: "${here:?}" "${module:?}"

# Besides function, source, config, known-hosts, args and version, which go with every function.
declare -Ar TAKES=(
  [test]=""
  [build]="build-secrets"
  [publish]="registry-username registry-password build-secrets"
  [plan]="environment ssh-key env-file registry-username registry-password image untested"
  [deploy]="environment ssh-key env-file registry-username registry-password image untested build-secrets reason"
  [rollback]="environment ssh-key env-file to registry-password reason"
  [status]="environment ssh-key"
  [history]="environment ssh-key"
  [logs]="environment ssh-key env-file"
  [unlock]="environment ssh-key reason"
  [upgrade-proxy]="environment ssh-key reason"
  [host-key]="environment"
)
readonly OPTIONAL="environment ssh-key env-file registry-username registry-password image untested build-secrets to reason"
readonly DIGEST='^[^[:space:]@]+@sha256:[0-9a-f]{64}$'

# All that is wrong at once, before anything is run: a workflow is changed and pushed for each try.
check_inputs() {
  local function=$1 name wrong
  problems=()
  if [[ ! $function =~ ^[a-z-]+$ || -z ${TAKES[$function]+known} ]]; then
    problem "function is '$(line_of "$function")', expected one of: $(tr ' ' '\n' <<<"${!TAKES[*]}" | sort | xargs)"
  else
    for name in $OPTIONAL; do
      if given "$name" && ! takes "$function" "$name"; then
        problem "$name is given, and $function takes none. Leave it out, or choose another function"
      fi
    done
    if takes "$function" ssh-key && ! given ssh-key && [[ ${INPUT_ARGS:-} != *--ssh-key=* ]]; then
      problem "ssh-key is empty, and $function needs the private key for the host. A secret is empty where it is not set for this repository or for the environment that the job names, and in workflows of forks"
    fi
  fi
  case ${INPUT_UNTESTED:-false} in
    true) if ! given image; then problem "untested is true without an image: it is for an image that exists. What is built here is tested"; fi ;;
    false) ;;
    *) problem "untested is '$(line_of "$INPUT_UNTESTED")', expected true or false" ;;
  esac
  if given image; then
    if [[ ! $INPUT_IMAGE =~ $DIGEST ]]; then problem "image is '$(line_of "$INPUT_IMAGE")', expected repository@sha256:…: a tag may be something else tomorrow"; fi
    if given build-secrets; then problem "image and build-secrets are both given: an image that exists is not built"; fi
  fi
  if given registry-username && ! given registry-password; then
    problem "registry-username is given and registry-password is empty. Is its secret set?"
  fi
  if given to && [[ ! $INPUT_TO =~ ^[1-9][0-9]{0,8}$ ]]; then problem "to is '$(line_of "$INPUT_TO")', expected the number of a revision"; fi
  if given version && ! wrong=$("$here/dagger.sh" --check "$INPUT_VERSION"); then problem "$wrong"; fi
  check_source
  check_args
}

check_source() {
  local source=${INPUT_SOURCE:-.} config=${INPUT_CONFIG:-evenkeel.yaml}
  if [[ ! -d $source ]]; then
    problem "there is no folder '$(line_of "$source")' (source). Is actions/checkout a step before this one?"
  elif [[ ! -f $source/$config ]]; then
    problem "there is no $(line_of "$config") in '$(line_of "$source")'. Is actions/checkout a step before this one? Another folder is named by source, another file by config"
  fi
}

# An input and an argument that say the same thing could say two things.
check_args() {
  local line name
  while IFS= read -r line; do
    for name in $OPTIONAL; do
      if given "$name" && [[ $line == "--$(flag_of "$name")" || $line == "--$(flag_of "$name")="* ]]; then
        problem "$name is given, and args have --$(flag_of "$name") as well. Leave one out"
      fi
    done
  done < <(lines_of "${INPUT_ARGS:-}")
}

problem() { problems+=("$1."); }

takes() { [[ " ${TAKES[$1]} " == *" $2 "* ]]; }

given() {
  local text
  text=$(value_of "$1")
  [[ -n $text && $1=$text != untested=false ]]
}

value_of() {
  local variable
  variable=$(variable_of "$1")
  printf '%s' "${!variable:-}"
}

variable_of() {
  local name=${1//-/_}
  echo "INPUT_${name^^}"
}

# As the module's function calls it.
flag_of() { if [[ $1 == env-file ]]; then echo environment-file; else echo "$1"; fi; }

# The arguments as an array, so that no input is ever read by a shell. Secrets go by the name of their
# variable: an argument can be seen by every user of the machine.
spell_call() {
  local function=$1 name line
  call=(--progress=plain call -m "$module" "--source=${INPUT_SOURCE:-.}")
  if [[ -n ${INPUT_CONFIG:-} ]]; then call+=("--config=$INPUT_CONFIG"); fi
  if [[ -n ${INPUT_KNOWN_HOSTS:-} ]]; then call+=("--known-hosts=$INPUT_KNOWN_HOSTS"); fi
  line=$(holder)
  if [[ -n $line ]]; then call+=("--holder=$line"); fi
  call+=("--facts=$mark" "$function")
  for name in $OPTIONAL; do
    if ! given "$name"; then continue; fi
    case $name in
      untested) call+=(--untested) ;;
      ssh-key | env-file | registry-password | build-secrets) call+=("--$(flag_of "$name")=env://$(variable_of "$name")") ;;
      *) call+=("--$name=$(value_of "$name")") ;;
    esac
  done
  while IFS= read -r line; do call+=("$line"); done < <(lines_of "${INPUT_ARGS:-}")
}

# Who this is, for whoever finds the environment locked: somebody, and where to look.
holder() {
  if [[ -n ${GITHUB_RUN_ID:-} && -n ${GITHUB_REPOSITORY:-} ]]; then
    echo "${GITHUB_ACTOR:-GitHub Actions}, ${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
  fi
}

lines_of() { sed -E 's/\r$//; /^[[:space:]]*$/d' <<<"$1"; }

# Text from outside on one line, without what could command a terminal.
line_of() {
  local text=${1//$'\n'/ }
  printf '%s' "${text//[^[:print:]]/?}" | cut -c1-200
}
