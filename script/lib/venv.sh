# shellcheck shell=bash
# Python virtual environments in the cache, one per content of a requirements file. Source this file.

# Folder for what can be downloaded or built again; outside the repository, so that no build context or commit sees it.
whisper_cache() {
  printf '%s\n' "${WHISPER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/whisper-sagemaker}"
}

# venv NAME REQUIREMENTS_FILE: prints the path of a virtual environment with exactly those packages.
# REQUIREMENTS_FILE must pin every package, dependencies included, with its hashes. Progress goes to stderr.
# PYTHON names the interpreter (default python3, 3.10 or later). Two callers at once: the second waits for the first.
venv() {
  local name=$1 requirements=$2 python=${PYTHON:-python3} version key path
  if [[ ! -f $requirements ]]; then
    echo "venv: no requirements file $requirements" >&2
    return 1
  fi
  if ! version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3]); sys.exit(sys.version_info < (3, 10))'); then
    echo "venv: needs Python 3.10 or later; '$python' is ${version:-missing}. Set PYTHON to another interpreter." >&2
    return 1
  fi
  key=$( { printf '%s\n' "$version"; cat "$requirements"; } | sha256sum | cut -c1-12) || return 1
  path="$(whisper_cache)/venv/$name-$key"
  mkdir -p "$(dirname "$path")" || return 1
  # A virtual environment can't be moved once made, so it is built in place under a lock, and a stamp says that it is whole.
  (
    flock 9
    [[ -f $path/.complete ]] && exit 0
    echo "venv: making $name from $requirements" >&2
    rm -rf -- "$path"
    if ! "$python" -m venv -- "$path" >&2; then
      rm -rf -- "$path"
      echo "venv: '$python -m venv' failed; on Debian and Ubuntu install python3-venv." >&2
      exit 1
    fi
    if ! "$path/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$requirements" 9>&- >&2; then
      rm -rf -- "$path"
      echo "venv: pip could not install $requirements (its output is above)." >&2
      exit 1
    fi
    touch "$path/.complete"
  ) 9>"$path.lock" || return 1
  printf '%s\n' "$path"
}
