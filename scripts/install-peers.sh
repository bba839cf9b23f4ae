#!/usr/bin/env bash
# Installs what `bench engine --peers` measures beside Sinfonia, pinned, into target/peers (or the folder given):
# Restate with its Node SDK (npm), SpiffWorkflow and DBOS (PyPI). Nothing outside that folder is touched.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-target/peers}
restate_server=1.7.12
restate_sdk=1.17.2
spiff=3.2.0
dbos=3.4.0
psycopg=3.3.9
versions="restate-server=$restate_server restate-sdk=$restate_sdk spiffworkflow=$spiff dbos=$dbos psycopg=$psycopg"

if [ "$(cat "$folder/versions" 2>/dev/null)" = "$versions" ]; then
    echo "the peers are in $folder already: $versions"
    exit 0
fi
mkdir -p "$folder"
missing=0

if command -v node >/dev/null && command -v npm >/dev/null; then
    mkdir -p "$folder/node"
    echo '{"private": true}' >"$folder/node/package.json"
    npm install --prefix "$folder/node" --no-audit --no-fund --save-exact \
        "@restatedev/restate-server@$restate_server" "@restatedev/restate-sdk@$restate_sdk"
else
    echo "node and npm are not here: Restate is left out" >&2
    missing=1
fi

if command -v python3 >/dev/null; then
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
        "SpiffWorkflow==$spiff" "dbos==$dbos" "psycopg[binary]==$psycopg"
else
    echo "python3 is not here: SpiffWorkflow and DBOS are left out" >&2
    missing=1
fi

[ "$missing" = 1 ] || echo "$versions" >"$folder/versions"
echo "peers installed in $folder: $versions"
