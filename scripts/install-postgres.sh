#!/usr/bin/env bash
# Installs Debian's PostgreSQL server for the tests that start a throw-away cluster, when no server programs are there already.
# No service is left running: the tests start and stop their own.
set -euo pipefail

for bin in /usr/lib/postgresql/*/bin; do
    if [ -x "$bin/initdb" ]; then
        exit 0
    fi
done
if ! command -v apt-get >/dev/null; then
    echo "sinfonia: the tests on PostgreSQL need its server programs: install them under /usr/lib/postgresql/VERSION/bin." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "sinfonia: the tests on PostgreSQL need it: ask an administrator for 'apt-get install postgresql'." >&2
        exit 1
    fi
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update
# The package would make a cluster of its own and start it.
"${as_root[@]}" mkdir -p /etc/postgresql-common
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
"${as_root[@]}" apt-get install -y --no-install-recommends postgresql
