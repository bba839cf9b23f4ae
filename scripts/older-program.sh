#!/usr/bin/env bash
# Builds the program of the earlier commit that scripts/older-program.txt names, and says on standard output where it is and how it is
# replaced by today's ("PATH pause" or "PATH rolling"). One that was built for that commit is kept and taken again.
# Without the history it cannot: it says so and ends with code 3, and make leaves the upgrade out.
# SINFONIA_OLDER=PROGRAM takes another one; SINFONIA_OLDER_HOW says how that is replaced (rolling when absent).
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "sinfonia: $*" >&2
}

if [ -n "${SINFONIA_OLDER:-}" ]; then
    if [ ! -x "$SINFONIA_OLDER" ]; then
        say "SINFONIA_OLDER=$SINFONIA_OLDER: no program is there."
        exit 1
    fi
    echo "$SINFONIA_OLDER ${SINFONIA_OLDER_HOW:-rolling}"
    exit 0
fi

read -r commit how < <(grep -v '^#' scripts/older-program.txt)
target="${CARGO_TARGET_DIR:-$PWD/target}"
older="$target/older"
program="$older/sinfonia-${commit:0:12}"
if [ -x "$program" ]; then
    echo "$program $how"
    exit 0
fi
if ! git cat-file -e "$commit^{commit}" 2>/dev/null; then
    say "the upgrade is tested with the program of commit $commit, which this copy of the repository does not have. It is a shallow" \
        "copy, or no repository: 'git fetch --unshallow' brings the history; SINFONIA_OLDER=PROGRAM takes a program that was built elsewhere."
    # A whole history without it is a mistake of the file that names it.
    [ "$(git rev-parse --is-shallow-repository 2>/dev/null || echo true)" = true ] && exit 3
    exit 1
fi

# Its crates have another folder, hence other names among what Cargo keeps: dependencies are compiled once for both, and only the
# program itself would be overwritten. It is copied away, and the next build of today's puts its own there again.
source="$older/source"
clean_up() {
    git worktree remove --force "$source" 2>/dev/null || rm -rf "$source"
    git worktree prune
}
mkdir -p "$older"
clean_up
trap clean_up EXIT
git worktree add --quiet --detach "$source" "$commit" >&2
say "building the program of commit ${commit:0:12}, once"
(
    cd "$source"
    CARGO_TARGET_DIR="$target" CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 cargo build --locked --workspace --bin sinfonia >&2
)
cp "$target/debug/sinfonia" "$program.part"
mv "$program.part" "$program"
echo "$program $how"
