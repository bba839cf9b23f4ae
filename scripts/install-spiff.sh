#!/usr/bin/env bash
# Installs SpiffWorkflow, of the version that is compared with, into a virtual environment under target/. Without Python's venv
# the comparison is left out, loudly; where there is one, a failing install is an error in CI and a notice elsewhere.
set -euo pipefail

version=3.2.0
folder="${CARGO_TARGET_DIR:-target}/spiff"
if [ "$("$folder/bin/python" -c 'from importlib.metadata import version; print(version("SpiffWorkflow"))' 2>/dev/null)" = "$version" ]; then
    exit 0
fi
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "SKIPPED: the comparison with SpiffWorkflow needs python3 with venv ('apt-get install python3-venv')." >&2
    exit 0
fi
if python3 -m venv --clear "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check "SpiffWorkflow==$version"; then
    exit 0
fi
rm -rf "$folder"
if [ -n "${CI:-}" ]; then
    echo "sinfonia: SpiffWorkflow $version could not be installed; CI compares with it." >&2
    exit 1
fi
echo "SKIPPED: SpiffWorkflow $version could not be installed; the comparison with it is left out." >&2
