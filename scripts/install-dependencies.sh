#!/usr/bin/env bash
# Installs what is missing on this machine, and nothing else.
#   build   the headers that the server links with (libsqlite3-dev, libpq-dev, libssl-dev, zlib1g-dev)
#   test    also Chromium, Node, strace, servers of PostgreSQL and Redis, nginx, HAProxy, and Python packages in .tools/venv
#   bench   also a C compiler and the server that is measured beside ours
# Uses apt-get where a Debian package is missing, as root or through sudo; what is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose="${1:-build}"
log=".tools/install.log"

fail() {
    printf 'install-dependencies: %s\n' "$*" >&2
    exit 1
}

# Runs a command quietly; its output is shown only if it fails.
quietly() {
    mkdir -p .tools
    if ! "$@" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        fail "this failed: $*"
    fi
}

install_packages() {
    command -v apt-get >/dev/null 2>&1 ||
        fail "these Debian packages, or what your system calls them, are needed: $*"
    local become=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "run as root, or install these packages yourself: $*"
        become=(sudo)
    fi
    printf 'Installing %s …\n' "$*"
    quietly "${become[@]}" apt-get update -qq
    quietly "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends "$@"
}

has_header() { [ -n "$(find /usr/include /usr/local/include -maxdepth 3 -name "$1" -print -quit 2>/dev/null)" ]; }
has_command() { command -v "$1" >/dev/null 2>&1; }

has_command swift || fail "Swift 6.2 or newer is needed: https://www.swift.org/install"

missing=()
has_header sqlite3.h || missing+=(libsqlite3-dev)
has_header libpq-fe.h || missing+=(libpq-dev)
has_header zlib.h || missing+=(zlib1g-dev)
has_header evp.h || missing+=(libssl-dev)
if [ "$purpose" = test ]; then
    has_command chromium || has_command chromium-browser || has_command google-chrome || missing+=(chromium)
    has_command node || missing+=(nodejs)
    has_command strace || missing+=(strace)
    has_command openssl || missing+=(openssl)
    has_command redis-server || missing+=(redis-server)
    has_command nginx || missing+=(nginx-light)
    has_command haproxy || missing+=(haproxy)
    # Debian keeps the server's programs out of the search path.
    has_command postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
fi
if [ "$purpose" = bench ]; then
    has_command gcc || missing+=(gcc libc6-dev)
    has_command taskset || missing+=(util-linux)
fi
if [ "$purpose" != build ]; then
    has_command python3 || missing+=(python3)
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing+=(python3-venv)
fi
if [ "${#missing[@]}" -gt 0 ]; then install_packages "${missing[@]}"; fi

# Python packages live in the checkout, not in the system. The stamp names the list they were installed from.
if [ "$purpose" != build ]; then
    requirements="scripts/requirements-$purpose.txt"
    stamp=".tools/venv/installed-$purpose"
    if ! cmp -s "$requirements" "$stamp"; then
        printf 'Installing Python packages for %s into .tools/venv …\n' "$purpose"
        [ -x .tools/venv/bin/pip ] || quietly python3 -m venv .tools/venv
        quietly .tools/venv/bin/pip install --disable-pip-version-check --quiet --requirement "$requirements"
        if [ "$purpose" = test ]; then
            # Only for nicegui/static/socket.io.min.js, the official browser client: none of what nicegui itself needs.
            quietly .tools/venv/bin/pip install --disable-pip-version-check --quiet --no-deps 'nicegui~=3.18'
        fi
        cp "$requirements" "$stamp"
    fi
fi
