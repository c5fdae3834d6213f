#!/usr/bin/env bash
# The README's commands on a machine that has nothing but Debian's smallest system and the Node that runs this:
#
#   bash test/fresh/run.sh            npm start, and the tests below
#   bash test/fresh/run.sh WORD...    npm start, and npm test -- WORD...
#
# A tree of Debian is unpacked into memory, in a mount namespace of its own, becomes the root there, and gets a clone of the
# commit that is checked out here. /proc, /sys and /dev are this machine's. Nothing of it is left at the end, also when this is
# killed. How to reach the registries (mirror, proxy, certificates, npm's configuration) is read from this machine at run time.
set -euo pipefail
umask 022
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# No name that a path in a test may count on.
readonly checkout="/root/a folder/p"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$(dirname "$here")")

copy_node() {
  local node prefix
  node=$(node -p 'fs.realpathSync(process.execPath)')
  prefix=$(dirname "$(dirname "$node")")
  mkdir -p usr/local/bin usr/local/include usr/local/lib/node_modules
  cp "$node" usr/local/bin/node
  cp -R "$(npm root --global)/npm" usr/local/lib/node_modules/
  ln -s ../lib/node_modules/npm/bin/npm-cli.js usr/local/bin/npm
  ln -s ../lib/node_modules/npm/bin/npx-cli.js usr/local/bin/npx
  local headers
  for headers in "$(npm config get nodedir)" "$prefix"; do
    [[ -e $headers/include/node/node_api.h ]] || continue
    cp -R "$headers/include/node" usr/local/include/
    return
  done
  printf 'fresh: no headers beside %s: node-gyp will fetch them\n' "$node" >&2
}

copy_apt_configuration() {
  local name
  for name in auth.conf auth.conf.d preferences preferences.d trusted.gpg trusted.gpg.d keyrings; do
    [[ ! -e /etc/apt/$name ]] || cp -R "/etc/apt/$name" etc/apt/
  done
  cp -R /usr/share/keyrings/. usr/share/keyrings/
  # Hooks of this machine's apt name programs that the tree has not.
  apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets' >etc/apt/apt.conf.d/00machine
  apt-get indextargets --format 'deb [signed-by=$(SIGNED_BY)] $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sort -u | sed 's/\[signed-by=[^/]*\] //' >etc/apt/sources.list
}

copy_npm_configuration() {
  local key file
  for key in userconfig globalconfig; do
    file=$(npm config get "$key")
    [[ ! -f $file ]] || cp "$file" "root/npmrc-$key"
  done
  # Certificates lie where this machine's configuration and environment say.
  for file in "$(npm config get cafile)" "${NODE_EXTRA_CA_CERTS-}" "${SSL_CERT_FILE-}" /etc/ssl/certs/ca-certificates.crt; do
    [[ -f $file ]] || continue
    mkdir -p ".$(dirname "$file")"
    cp -L "$file" ".$file"
  done
}

# What follows the first part must not happen in the namespace of this machine.
if [[ ${BPFTS_FRESH_OUTSIDE:-$(readlink /proc/self/ns/mnt)} == "$(readlink /proc/self/ns/mnt)" ]]; then
  ((EUID == 0)) || { printf 'fresh: only root may make a tree of Debian: run it with sudo\n' >&2 && exit 3; }
  bash "$root/runtime/setup.sh" --fresh
  BPFTS_FRESH_ARCHIVE=$(bash "$here/make-tree.sh")
  BPFTS_FRESH_OUTSIDE=$(readlink /proc/self/ns/mnt)
  BPFTS_FRESH_PID=$$
  export BPFTS_FRESH_ARCHIVE BPFTS_FRESH_OUTSIDE BPFTS_FRESH_PID
  unshare --mount --propagation private --kill-child bash "$here/run.sh" "$@"
  exit
fi

# Ends whatever is left in this namespace when the shell outside has ended, also by SIGKILL. The mounts go with the last process.
sweep() {
  local namespace process found=1
  namespace=$(readlink /proc/self/ns/mnt)
  while kill -0 "$BPFTS_FRESH_PID"; do sleep 1; done
  # One that is found may have started another meanwhile.
  while ((found)); do
    found=0
    for process in /proc/[0-9]*; do
      process=${process#/proc/}
      [[ $process == "$BASHPID" || $(readlink "/proc/$process/ns/mnt") != "$namespace" ]] || { kill -KILL "$process" && found=1; }
    done
  done
}
sweep </dev/null >/dev/null 2>&1 &

# The folder is the cache's; what is mounted on it, nobody outside sees.
place=$(dirname "$BPFTS_FRESH_ARCHIVE")/tree
mount -t tmpfs -o mode=755,size=8G fresh "$place"
cd "$place"
tar -xf "$BPFTS_FRESH_ARCHIVE"
copy_node
copy_apt_configuration
copy_npm_configuration
for file in resolv.conf hosts; do cp -L "/etc/$file" etc/; done
mkdir -p ".${checkout%/*}"
git -c safe.directory='*' clone --quiet --no-local "$root" ".$checkout"
commit=$(git -C ".$checkout" -c safe.directory='*' log -1 --format='%h %s')

for folder in proc sys dev; do mount --rbind "/$folder" "$folder"; done
# As on a machine that nobody traced on: setup mounts it.
while umount sys/kernel/tracing 2>/dev/null; do :; done
mkdir .outside
pivot_root . .outside
umount -l .outside
rmdir .outside

keep=()
for name in http_proxy https_proxy no_proxy NODE_EXTRA_CA_CERTS SSL_CERT_FILE; do
  [[ -z ${!name-} ]] || keep+=("$name=${!name}")
done
printf 'fresh: %s on Node %s\n' "$commit" "$(/usr/local/bin/node --version)"
exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${keep[@]}" \
  npm_config_userconfig=/root/npmrc-userconfig npm_config_globalconfig=/root/npmrc-globalconfig npm_config_nodedir=/usr/local \
  bash "$checkout/test/fresh/commands.sh" "$@"
