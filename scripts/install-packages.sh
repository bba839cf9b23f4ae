#!/usr/bin/env bash
# Installs the npm packages of the lock file, when they are not there already.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=node_modules/.sinfonia-lock
if [ -f "$stamp" ] && cmp -s package-lock.json "$stamp"; then
    exit 0
fi
npm ci --no-audit --no-fund
cp package-lock.json "$stamp"
