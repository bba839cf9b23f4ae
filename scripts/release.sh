#!/usr/bin/env bash
# Builds what is delivered: the program, its list of components, sums; the same commit gives the same bytes on the same tools.
# usage: scripts/release.sh [--target x86_64-unknown-linux-musl]
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(rustc -vV | sed -n 's/^host: //p')
if [ "${1:-}" = "--target" ]; then
    target=${2:?--target wants the name of a target}
fi
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
    echo "sinfonia: there are changes that are not committed: a release is made of a commit." >&2
    exit 1
fi
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    echo "sinfonia: Rust's library for $target is not installed: rustup target add $target" >&2
    exit 1
fi
scripts/install-packages.sh

# Nothing of the machine goes into the binary: neither its paths nor the time.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
export CARGO_INCREMENTAL=0
export RUSTFLAGS="--remap-path-prefix=$PWD=/sinfonia --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
export CFLAGS="-ffile-prefix-map=$PWD=/sinfonia -ffile-prefix-map=${CARGO_HOME:-$HOME/.cargo}=/cargo"
cargo build --release --locked -p sinfonia --target "$target"

out=target/release-files
rm -rf "$out"
mkdir -p "$out"
install -m 0755 "target/$target/release/sinfonia" "$out/sinfonia"
strip "$out/sinfonia" 2>/dev/null || true
SINFONIA_TARGET=$target scripts/sbom.py "$out/sinfonia.cdx.json"
"$out/sinfonia" config example >"$out/sinfonia.toml"
for file in /etc/ssl/certs/ca-certificates.crt; do
    [ -f "$file" ] && cp "$file" "$out/"
done
(cd "$out" && find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
cat "$out/SHA256SUMS"
