#!/usr/bin/env bash
# Checks bans, licences and sources of the dependencies with cargo-deny, which CI installs when it is not there.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo-deny >/dev/null && [ -n "${CI:-}" ]; then
    timeout 720 cargo install --locked --quiet cargo-deny || true
fi
if ! command -v cargo-deny >/dev/null; then
    echo "SKIPPED: cargo-deny could not be had; licences and bans of the dependencies were NOT checked." >&2
    echo "         Install it with 'cargo install --locked cargo-deny' and run 'make lint' again." >&2
    exit 0
fi
cargo deny check bans licenses sources
