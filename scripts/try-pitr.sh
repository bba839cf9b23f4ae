#!/usr/bin/env bash
# Point-in-time recovery with Debian's PostgreSQL, tried: a base backup, an archive of the log, a moment, a mistake after it,
# and a second cluster that comes back to the moment. Everything lies in a temporary folder.
# usage: scripts/try-pitr.sh [PROGRAM]        PROGRAM: target/debug/sinfonia
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/debug/sinfonia}")
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
[ -x "$bin/initdb" ] || { echo "SKIPPED: PostgreSQL's server programs are missing: scripts/install-postgres.sh" >&2; exit 0; }

work=$(mktemp -d)
chmod 755 "$work"
as=()
if [ "$(id -u)" -eq 0 ]; then
    as=(setpriv --reuid postgres --regid postgres --clear-groups)
    chown postgres "$work"
fi
pg() { (cd "$work" && "${as[@]}" "$@"); }
serving=
stop() {
    [ -n "$serving" ] && kill -TERM "$serving" 2>/dev/null && wait "$serving" 2>/dev/null || true
    serving=
}
end() {
    stop
    for cluster in first second; do
        pg "$bin/pg_ctl" -D "$work/$cluster" -m immediate stop >/dev/null 2>&1 || true
    done
    rm -rf "$work"
}
trap end EXIT
psql_() { psql -X -q -A -t -v ON_ERROR_STOP=1 -U postgres -h "$work/$1" -d "$2" -c "$3"; }
port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
serve() {
    "$program" --data "$work/data" --store "host=$work/$1.socket user=postgres dbname=sinfonia" \
        serve --open-api --listen "127.0.0.1:$port" 2>"$work/$1.serve" &
    serving=$!
    for _ in $(seq 600); do
        curl -fs "http://127.0.0.1:$port/health/ready" >/dev/null 2>&1 && return
        kill -0 "$serving" 2>/dev/null || { cat "$work/$1.serve" >&2; exit 1; }
        sleep 0.2
    done
    exit 1
}
put() { curl -fsS -o /dev/null -X PUT -H 'Content-Type: application/json' -d "{\"resourceType\":\"Basic\",\"id\":\"$1\",\"code\":{\"text\":\"x\"}}" "http://127.0.0.1:$port/fhir/Basic/$1"; }
code() { curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/fhir/Basic/$1"; }

echo "1. a cluster that archives its log"
pg mkdir "$work/archive" "$work/first.socket" "$work/second.socket"
pg "$bin/initdb" -D "$work/first" -U postgres -A trust -E UTF8 --locale=C >/dev/null
pg tee -a "$work/first/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$work/first.socket'
wal_level = replica
archive_mode = on
archive_command = 'test ! -f $work/archive/%f && cp %p $work/archive/%f'
max_wal_senders = 3
CONF
pg "$bin/pg_ctl" -D "$work/first" -w -l "$work/first.log" start >/dev/null
psql_ first.socket postgres "CREATE DATABASE sinfonia TEMPLATE template0"
serve first
put prima

echo "2. a base backup while the program serves"
pg "$bin/pg_basebackup" -h "$work/first.socket" -U postgres -D "$work/second" -X stream --checkpoint=fast
put durante

echo "3. a moment, and a mistake after it"
sleep 1
moment=$(psql_ first.socket postgres "SELECT now()")
sleep 1
psql_ first.socket sinfonia "DELETE FROM resource WHERE id = 'durante'"
put dopo
psql_ first.socket postgres "SELECT pg_switch_wal()" >/dev/null
for _ in $(seq 100); do
    [ "$(psql_ first.socket postgres "SELECT count(*) FROM pg_stat_archiver WHERE last_archived_wal IS NOT NULL AND last_archived_time > '$moment'")" = 1 ] && break
    sleep 0.1
done
stop
pg "$bin/pg_ctl" -D "$work/first" -m immediate stop >/dev/null

echo "4. a second cluster comes back to $moment"
pg tee -a "$work/second/postgresql.conf" >/dev/null <<CONF
unix_socket_directories = '$work/second.socket'
archive_mode = off
restore_command = 'cp $work/archive/%f %p'
recovery_target_time = '$moment'
recovery_target_action = promote
CONF
pg touch "$work/second/recovery.signal"
pg "$bin/pg_ctl" -D "$work/second" -w -t 120 -l "$work/second.log" start >/dev/null
for _ in $(seq 300); do
    [ "$(psql_ second.socket postgres "SELECT pg_is_in_recovery()")" = f ] && break
    sleep 0.1
done

echo "5. the program examines it and serves it"
"$program" --data "$work/data" --store "host=$work/second.socket user=postgres dbname=sinfonia" doctor --lang en
serve second
found="$(code prima) $(code durante) $(code dopo)"
echo "before the backup, before the moment, after it: $found"
[ "$found" = "200 200 404" ] || { echo "FAILED: 200 200 404 was expected" >&2; exit 1; }
echo "point-in-time recovery works"
