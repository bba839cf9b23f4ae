#!/usr/bin/env bash
# A PostgreSQL of its own in FOLDER on PORT (loopback, no password) with its default settings, in the foreground.
# Exit code 3: there is no PostgreSQL here, or it cannot be run.
set -euo pipefail
folder=$1 port=$2
bin=$(dirname "$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1 || true)")
[ -x "$bin/initdb" ] || exit 3
as=()
# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then
    id postgres >/dev/null 2>&1 && command -v setpriv >/dev/null || exit 3
    as=(setpriv --reuid postgres --regid postgres --clear-groups)
    chown postgres "$folder"
fi
"${as[@]}" "$bin/initdb" --pgdata "$folder/db" --username bench --auth trust --encoding UTF8 --locale C >/dev/null
exec "${as[@]}" "$bin/postgres" -D "$folder/db" -p "$port" -h 127.0.0.1 -k "$folder" -c max_connections=300
