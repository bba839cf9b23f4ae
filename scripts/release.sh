#!/usr/bin/env bash
# Builds what is delivered: the program, its list of components, sums; the same commit gives the same bytes on the same tools.
# usage: scripts/release.sh [--static] [--target x86_64-unknown-linux-musl]
# --static links the C library into the program, so that it needs nothing of the machine (for an image FROM scratch).
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(rustc -vV | sed -n 's/^host: //p')
static=
while [ $# -gt 0 ]; do
    case $1 in
    --static) static=" -C target-feature=+crt-static" ;;
    --target)
        target=${2:?--target wants the name of a target}
        shift
        ;;
    *)
        echo "sinfonia: '$1' is not an option of scripts/release.sh: --static, --target NAME" >&2
        exit 2
        ;;
    esac
    shift
done
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
export RUSTFLAGS="--remap-path-prefix=$PWD=/sinfonia --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo$static"
export CFLAGS="-ffile-prefix-map=$PWD=/sinfonia -ffile-prefix-map=${CARGO_HOME:-$HOME/.cargo}=/cargo"
cargo build --release --locked -p sinfonia --target "$target"

out=target/release-files
rm -rf "$out"
mkdir -p "$out"
install -m 0755 "target/$target/release/sinfonia" "$out/sinfonia"
strip "$out/sinfonia" 2>/dev/null || true
if [ -n "$static" ] && readelf -d "$out/sinfonia" | grep -q NEEDED; then
    echo "sinfonia: the program is not static: it needs $(readelf -d "$out/sinfonia" | grep NEEDED)" >&2
    exit 1
fi
SINFONIA_TARGET=$target scripts/sbom.py "$out/sinfonia.cdx.json"
"$out/sinfonia" config example >"$out/sinfonia.toml"
for file in /etc/ssl/certs/ca-certificates.crt; do
    [ -f "$file" ] && cp "$file" "$out/"
done
# What the image has besides: the data folder, of the program's user.
mkdir -p "$out/radice/dati"
(cd "$out" && find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
cat "$out/SHA256SUMS"
