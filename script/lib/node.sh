# shellcheck shell=bash
# The project's own Node and npm packages. Source this file.

# node_ready ROOT: installs node_modules as package-lock.json says, unless they are there already, and prints the path
# of the pinned Node that runs every script. Needs any Node >= 20 with npm to begin with. Progress goes to stderr.
node_ready() {
  local root=$1 major key
  if ! major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) || ! command -v npm >/dev/null; then
    echo "This needs Node.js 20 or newer with npm on the PATH (https://nodejs.org)." >&2
    return 1
  fi
  if ((major < 20)); then
    echo "This needs Node.js 20 or newer; the PATH has $(node --version)." >&2
    return 1
  fi
  key=$(sha256sum <"$root/package-lock.json") || return 1
  (
    # Two scripts that start at once in one checkout must not install over each other.
    flock 9
    [[ -x $root/node_modules/.bin/node && $(cat "$root/node_modules/.installed" 2>/dev/null) == "$key" ]] && exit 0
    echo "Installing the npm packages..." >&2
    (cd "$root" && npm ci --no-progress --loglevel=error) >&2 || exit 1
    printf '%s' "$key" >"$root/node_modules/.installed"
  ) 9>"$root/.npm-install.lock" || return 1
  printf '%s\n' "$root/node_modules/.bin/node"
}
