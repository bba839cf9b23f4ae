#!/usr/bin/env bash
# Makes the image and tries it as an engine runs it: an ordinary user, a root that cannot be written, a volume of its own.
# usage: scripts/try-container.sh [FOLDER]      (FOLDER: as scripts/release.sh --static makes it; target/release-files)
# It wants buildah, podman and crun (Debian: apt-get install buildah podman crun) and, without a user's name spaces, root.
set -euo pipefail
cd "$(dirname "$0")/.."

from=$(realpath "${1:-target/release-files}")
for tool in buildah podman crun; do
    command -v $tool >/dev/null || { echo "sinfonia: $tool is not there: apt-get install buildah podman crun" >&2; exit 1; }
done
[ -x "$from/sinfonia" ] || { echo "sinfonia: $from/sinfonia is not there: scripts/release.sh --static makes it" >&2; exit 1; }
mkdir -p "$from/radice/dati"

work=$(mktemp -d)
place=(--root "$work/images" --runroot "$work/run" --storage-driver vfs)
image=sinfonia:prova
port=${SINFONIA_TRY_PORT:-18080}
operations=$((port + 1))
engine=(podman "${place[@]}" --runtime crun --cgroup-manager cgroupfs)
# Limits of the machine as they are: raising them is not permitted everywhere.
options=(--network host --cgroups=disabled --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --read-only
    --cap-drop all --security-opt no-new-privileges --volume dati:/dati
    --env "SINFONIA_LISTEN=127.0.0.1:$port" --env "SINFONIA_OPERATIONS_LISTEN=127.0.0.1:$operations")

finish() {
    "${engine[@]}" rm --force --time 1 nodo >/dev/null 2>&1 || true
    "${engine[@]}" volume rm --force dati >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT
say() { echo "== $*"; }
fail() { echo "sinfonia: $*" >&2; "${engine[@]}" logs nodo 2>/dev/null | tail -20 >&2; exit 1; }

say "image"
buildah "${place[@]}" bud --isolation chroot -f deploy/container/Containerfile -t $image "$from" >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2; exit 1; }
"${engine[@]}" images --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep sinfonia

say "version"
if ! "${engine[@]}" run --rm "${options[@]}" $image --version 2>"$work/why"; then
    cat "$work/why" >&2
    # Old kernels' control groups stop crun; a mount name space without them does not.
    say "again, without control groups"
    engine=(unshare --mount -- bash -c 'for group in /sys/fs/cgroup/*; do umount --lazy "$group" 2>/dev/null || true; done; exec "$@"' -- "${engine[@]}")
    "${engine[@]}" run --rm "${options[@]}" $image --version
fi

start() { "${engine[@]}" run --detach --name nodo "${options[@]}" $image serve >/dev/null || fail "the container does not start"; }
ready() {
    for _ in $(seq 240); do
        [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$operations/health/ready")" = 200 ] && return
        sleep 0.5
    done
    fail "not ready after two minutes"
}
key_of_volume() { sha256sum <"$("${engine[@]}" volume inspect --format '{{.Mountpoint}}' dati)/internal.key"; }
stop() {
    "${engine[@]}" stop --time 45 nodo >/dev/null
    code=$("${engine[@]}" inspect --format '{{.State.ExitCode}}' nodo)
    [ "$code" = 0 ] || fail "the end after SIGTERM has code $code"
    "${engine[@]}" rm nodo >/dev/null
}

say "serve, on a new volume"
start
ready
for path in /health/live /accedi /fhir/metadata; do
    code=$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port$path")
    [ "$code" = 200 ] || fail "$path answers $code"
done
"${engine[@]}" run --rm "${options[@]}" $image health || fail "'health' finds it not ready"
pid=$("${engine[@]}" inspect --format '{{.State.Pid}}' nodo)
user=$(stat -c %u "/proc/$pid")
[ "$user" = 10001 ] || fail "it runs as user $user"
key=$(key_of_volume)

say "stop by SIGTERM, and once more on the same volume"
stop
start
ready
[ "$key" = "$(key_of_volume)" ] || fail "the volume is another one"
stop

say "what is wrong is said, with its code"
code=0
"${engine[@]}" run --rm "${options[@]}" --env SINFONIA_LISTEN=nonsense $image serve 2>"$work/wrong" || code=$?
grep -q nonsense "$work/wrong" && [ "$code" != 0 ] || fail "a wrong address was not refused (code $code)"
say "all right"
