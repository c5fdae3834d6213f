#!/usr/bin/env bash
# What run.sh runs in the tree: the commands of the README, as its reader types them.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0

run() {
  printf '\nfresh: %s\n' "$*"
  "$@" </dev/null
  local status=$?
  ((status == 0)) && return
  failed=1
  printf 'fresh: FAILED with status %s: %s\n' "$status" "$*"
}

run npm start
if (($# > 0)); then
  run npm test -- "$@"
else
  run npm test -- check unit golden
  # The others of the tier run outside.
  run npm test -- kernel run-hello trace-pipe dialect-reads duration leaks
fi
exit "$failed"
