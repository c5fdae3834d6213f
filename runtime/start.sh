#!/usr/bin/env bash
# `npm start`: sets everything up and shows one line from the kernel for each
# directory that a command creates.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

bash "$root/runtime/setup.sh"

folder=$(mktemp -d "${TMPDIR:-/tmp}/bpfts-demo.XXXXXX")
trap 'rm -rf "$folder"' EXIT
node "$root/dist/bpfts.mjs" run -c "mkdir $folder/one $folder/two $folder/three" "$root/scripts/hello.ts"
