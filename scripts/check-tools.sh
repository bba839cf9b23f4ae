#!/usr/bin/env bash
# Says in plain sentences which tools the build needs and this machine lacks.
set -euo pipefail

missing=0
say() {
    echo "sinfonia: $*" >&2
    missing=1
}

command -v cargo >/dev/null || say "Rust is missing: install it with rustup (https://rustup.rs), version 1.95 or later."
command -v cc >/dev/null || say "a C compiler is missing: install the package 'build-essential' (Debian, Ubuntu) or 'gcc'."
if ! command -v node >/dev/null; then
    say "Node.js is missing: install version 20 or later (https://nodejs.org)."
elif [ "$(node --print 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    say "Node.js $(node --version) is too old: install version 20 or later (https://nodejs.org)."
fi
command -v npm >/dev/null || say "npm is missing: it comes with Node.js (on Debian, the package 'npm')."
if command -v cargo >/dev/null; then
    version=$(cargo --version | awk '{print $2}')
    if [ "$(printf '%s\n1.95.0\n' "${version%%-*}" | sort -V | head -1)" != "1.95.0" ]; then
        say "Rust $version is too old: run 'rustup update stable' for version 1.95 or later."
    fi
fi
exit "$missing"
