#!/usr/bin/env bash
# `npm start`: sets everything up and shows one line from the kernel for each
# directory that a command creates.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

bash "$root/runtime/setup.sh"

folder=$(mktemp -d "${TMPDIR:-/tmp}/bpfts-demo.XXXXXX")
trap 'rm -rf "$folder"' EXIT
status=0
node "$root/dist/bpfts.cjs" run -c "mkdir $folder/one $folder/two $folder/three" "$root/scripts/hello.ts" || status=$?
((status == 3)) || exit "$status"

# This kernel or this user cannot: the demo still shows, on a kernel of its own.
printf 'start: not on this kernel, so in a virtual machine\n' >&2
bash "$root/runtime/setup.sh" --vm
node "$root/dist/bpfts.cjs" vm run -c 'mkdir /tmp/one /tmp/two /tmp/three' "$root/scripts/hello.ts"
