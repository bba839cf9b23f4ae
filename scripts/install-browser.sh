#!/usr/bin/env bash
# Installs Debian's Chromium for the browser tests, when no Chromium is there already.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
if ! command -v apt-get >/dev/null; then
    echo "sinfonia: the browser tests need Chromium: install it so that 'chromium' is on the PATH." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "sinfonia: the browser tests need Chromium: ask an administrator for 'apt-get install chromium'." >&2
        exit 1
    fi
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
install() {
    "${as_root[@]}" apt-get install -y --no-install-recommends chromium
}
"${as_root[@]}" apt-get update
# The first attempt may leave packages unconfigured; the second one then succeeds.
install || { "${as_root[@]}" dpkg --configure -a && install; }
