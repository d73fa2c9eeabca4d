#!/usr/bin/env bash
# Prints the path of a `dagger` command that fits this module: the one on PATH when its version does, else
# one that is downloaded once per runner and compared with a digest before anything of it is run.
#
#   dagger.sh [VERSION]          VERSION: this one and no other, such as 0.21.9
#   dagger.sh --check VERSION    only says what is wrong with it
set -euo pipefail

readonly made_for=0.21.8
# SHA-256 of that release's archives, as its checksums.txt has them. They stand here and not only there, so
# that whoever could replace an archive on the server could not replace the sum it is compared with.
readonly sha256_amd64=53e226c7da8fb75171e58c35759d736d961ce8b3a12db0baa7b7107954fccc5a
readonly sha256_arm64=cd0df4885f2050082932b4abc5a6aad9a733f6aa4e7d8474740558517ffec4af
readonly releases=${EVENKEEL_DAGGER_RELEASES:-https://dl.dagger.io/dagger/releases}

main() {
  if [[ ${1:-} == --check ]]; then
    fits "${2#v}" && return
    echo "version is '${2//[^[:print:]]/?}', expected a version of dagger: $made_for or later of ${made_for%.*}"
    return 1
  fi
  local wanted=${1:-} found have
  wanted=${wanted#v}
  if found=$(command -v dagger); then
    have=$(version_of "$found")
    if [[ -n $have && $have == "${wanted:-$have}" ]] && fits "$have"; then
      echo "$found"
      return
    fi
    echo "dagger on PATH is ${have:+v$have, }not ${wanted:-"v$made_for or later of its series"}" >&2
  fi
  local version=${wanted:-$made_for}
  local folder=${RUNNER_TOOL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}}/evenkeel-dagger/v$version
  if [[ ! -x $folder/dagger ]]; then download "$version" "$folder"; fi
  echo "$folder/dagger"
}

version_of() {
  if [[ $("$1" version 2>/dev/null) =~ v([0-9]+\.[0-9]+\.[0-9]+) ]]; then echo "${BASH_REMATCH[1]}"; fi
}

# The same series, and not before the version that the module is written for.
fits() { [[ $1 =~ ^${made_for%.*}\.([0-9]{1,4})$ ]] && ((10#${BASH_REMATCH[1]} >= ${made_for##*.})); }

download() {
  local version=$1 folder=$2 architecture expected work
  if [[ $(uname -s) != Linux ]]; then fail "runs on Linux, and this runner is $(uname -s)"; fi
  case $(uname -m) in
    x86_64) architecture=amd64 expected=$sha256_amd64 ;;
    aarch64) architecture=arm64 expected=$sha256_arm64 ;;
    *) fail "has no dagger for $(uname -m)" ;;
  esac
  local name=dagger_v${version}_linux_$architecture.tar.gz
  local url=$releases/$version/$name
  mkdir -p "$folder"
  work=$(mktemp -d "$folder/download-XXXXXX")
  # Removed however this ends; the variable is local, so its value is put in now.
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  echo "downloading dagger v$version from $url" >&2
  fetch "$url" "$work/archive"
  if [[ $version != "$made_for" ]]; then
    fetch "$releases/$version/checksums.txt" "$work/checksums"
    expected=$(awk -v name="$name" '$2 == name { print $1 }' "$work/checksums")
    if [[ ! $expected =~ ^[0-9a-f]{64}$ ]]; then fail "found no checksum of $name beside it"; fi
  fi
  if ! echo "$expected  $work/archive" | sha256sum --check --status; then
    fail "refuses $url: its SHA-256 is $(sha256sum "$work/archive" | cut -d' ' -f1), expected $expected"
  fi
  tar --extract --gzip --file "$work/archive" --directory "$work" dagger
  # Renamed when it is whole: another job of the same machine may be looking for it.
  mv "$work/dagger" "$folder/dagger"
}

fetch() {
  curl --fail --silent --show-error --location --retry 3 --max-time 300 --output "$2" "$1" ||
    fail "could not download $1. Is there such a release, and may this runner reach it? With a dagger of series ${made_for%.*} on PATH nothing is downloaded"
}

fail() {
  echo "the action $1" >&2
  exit 1
}

main "$@"
