# shellcheck shell=bash
# System packages. Source this file.

# need_packages PACKAGE[=COMMAND]...: makes sure that these Debian packages are there. With =COMMAND a package counts as
# there when that command is, whoever installed it. As root on Debian or Ubuntu it installs what is missing and says so
# first; elsewhere it prints what is missing and fails.
need_packages() {
  local word package command missing=()
  for word in "$@"; do
    package=${word%%=*}
    command=
    [[ $word == *=* ]] && command=${word#*=}
    if [[ -n $command ]]; then
      # Daemons are in sbin, which isn't on every user's PATH.
      PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || missing+=("$package")
    elif [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      missing+=("$package")
    fi
  done
  ((${#missing[@]})) || return 0
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    echo "missing: ${missing[*]} (the names are Debian's and Ubuntu's). As root: apt-get install ${missing[*]}" >&2
    return 1
  fi
  echo "installing system packages: ${missing[*]}" >&2
  _apt_install "${missing[@]}"
}

# Package lists may be absent (a fresh container) or old: then, and only then, they are fetched and it tries again.
# One script at a time: apt-get waits for another's installation, but not for another's update.
_apt_install() (
  flock 9
  _apt install "$@" && return
  echo "refreshing the package lists" >&2
  apt-get -qq update >&2 && _apt install "$@"
) 9</var/lib/apt

# The lock's timeout (seconds): another script may be installing at this moment.
_apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 --no-install-recommends --yes "$@" >&2
}
