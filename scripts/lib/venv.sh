# Sourced by the scripts: makes .venv with exactly what a lock names, and asks apt only for what is missing.
# shellcheck shell=bash

PATH=$PATH:/usr/sbin:/sbin # Debian puts mosquitto there, but not into everyone's PATH
venv=.venv
unset PYTHONDONTWRITEBYTECODE # the daemon is started hundreds of times, and compiling it takes a third of each start

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# apt_install PACKAGE...: installs, or says what a person has to install.
apt_install() {
    local wanted="Please install what is missing, then run this again:  sudo apt-get install $*"
    command -v apt-get >/dev/null || die "Missing: $*. This is no Debian machine: please install them by hand."
    as_root true 2>/dev/null || die "$wanted"
    say "Installing with apt: $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null || die "apt-get update failed. $wanted"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >/dev/null ||
        die "apt-get install failed. $wanted"
}

# need COMMAND=PACKAGE...: every command is there, and a Python that can make .venv, or all that is missing gets installed.
need() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    [ -x "$venv/bin/python" ] || read -ra missing <<<"${missing[*]} $(python_packages)"
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

# first_python CODE: the first Python 3.11 or newer on the path that can run CODE.
first_python() {
    local name
    for name in ${PYTHON:+"$PYTHON"} python3 python3.{11..15} python; do
        if "$name" -c "import sys; sys.exit(sys.version_info < (3, 11)); " 2>/dev/null &&
            "$name" -c "$1" 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

able='import venv, ensurepip'

# python_packages: what apt must bring before a virtual environment can be made.
python_packages() {
    local found
    if first_python "$able" >/dev/null; then
        return
    elif found=$(first_python 'pass'); then
        "$found" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")'
    else
        echo python3 python3-venv
    fi
}

# use_venv LOCK: .venv holds what scripts/lock/LOCK.txt names, and this project; quick when nothing has changed.
use_venv() {
    local lock=scripts/lock/$1.txt stamp=$venv/$1.stamp now turn
    now=$(cat "$lock" pyproject.toml gateway/__init__.py | sha256sum)
    stamped "$stamp" "$now" && return
    exec {turn}<pyproject.toml
    flock "$turn"
    stamped "$stamp" "$now" || make_venv "$lock"
    printf '%s\n' "$now" >"$stamp"
    exec {turn}<&-
}

stamped() { [ -x "$venv/bin/python" ] && [ "$2" = "$(cat "$1" 2>/dev/null)" ]; }

make_venv() {
    local python
    if ! "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        need
        python=$(first_python "$able") || die "Python 3.11 or newer with its venv module is needed, and apt has none here."
        say "Making $venv with $("$python" --version) ..."
        "$python" -m venv --clear "$venv"
    fi
    say "Installing what $1 names ..."
    pip_install --require-hashes --requirement "$1"
    pip_install --no-deps --no-build-isolation --editable .
}

pip_install() {
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet "$@"
}
