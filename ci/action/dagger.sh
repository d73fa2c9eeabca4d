#!/usr/bin/env bash
# Prints the path of a `dagger` command that fits this module: the one on PATH when its version does, else
# one that is downloaded once per runner and compared with the digest below before anything of it is run.
set -euo pipefail

readonly version=v0.21.8
# SHA-256 of the release's archives, as its checksums.txt has them. They stand here and not only there, so
# that whoever could replace an archive on the server could not replace the sum it is compared with.
readonly sha256_amd64=53e226c7da8fb75171e58c35759d736d961ce8b3a12db0baa7b7107954fccc5a
readonly sha256_arm64=cd0df4885f2050082932b4abc5a6aad9a733f6aa4e7d8474740558517ffec4af
readonly releases=${EVENKEEL_DAGGER_RELEASES:-https://dl.dagger.io/dagger/releases}

main() {
  local found
  if found=$(command -v dagger) && fits "$found"; then
    echo "$found"
    return
  fi
  local folder=${RUNNER_TOOL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}}/evenkeel-dagger/$version
  if [[ ! -x $folder/dagger ]]; then download "$folder"; fi
  echo "$folder/dagger"
}

# The same series, and not before the version that the module is written for.
fits() {
  local have=''
  if [[ $("$1" version 2>/dev/null) =~ v([0-9]+\.[0-9]+)\.([0-9]+) ]]; then
    have=${BASH_REMATCH[1]}
    if [[ v$have == "${version%.*}" && ${BASH_REMATCH[2]} -ge ${version##*.} ]]; then return 0; fi
  fi
  echo "dagger on PATH is ${have:+v$have.${BASH_REMATCH[2]}, }not $version or later of its series" >&2
  return 1
}

download() {
  local folder=$1 architecture expected work
  if [[ $(uname -s) != Linux ]]; then fail "runs on Linux, and this runner is $(uname -s)"; fi
  case $(uname -m) in
    x86_64) architecture=amd64 expected=$sha256_amd64 ;;
    aarch64) architecture=arm64 expected=$sha256_arm64 ;;
    *) fail "has no dagger $version for $(uname -m)" ;;
  esac
  local url=$releases/${version#v}/dagger_${version}_linux_$architecture.tar.gz
  mkdir -p "$folder"
  work=$(mktemp -d "$folder/download-XXXXXX")
  # Removed however this ends; the variable is local, so its value is put in now.
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  echo "downloading dagger $version from $url" >&2
  curl --fail --silent --show-error --location --retry 3 --max-time 300 --output "$work/archive" "$url" ||
    fail "could not download $url"
  if ! echo "$expected  $work/archive" | sha256sum --check --status; then
    fail "refuses $url: its SHA-256 is $(sha256sum "$work/archive" | cut -d' ' -f1), expected $expected"
  fi
  tar --extract --gzip --file "$work/archive" --directory "$work" dagger
  # Renamed when it is whole: another job of the same machine may be looking for it.
  mv "$work/dagger" "$folder/dagger"
}

fail() {
  echo "::error::evenkeel's action $1" >&2
  exit 1
}

main
