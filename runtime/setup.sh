#!/usr/bin/env bash
# Brings a checkout into working order and says nothing when it is in order
# already: packages of the system, node_modules, the addon, the bundle, tracefs.
#
#   bash runtime/setup.sh           what `bpfts run` needs
#   bash runtime/setup.sh --test    and what the tests need
#   bash runtime/setup.sh --vm      and what virtual machines need
#   bash runtime/setup.sh --fresh   what the tests need, and what makes a minimal Debian
#   bash runtime/setup.sh --package the addon only, and no apt: npm runs this where
#                                   bpfts is installed as a package. Nothing is built where
#                                   the addon that the package brings runs
#
# Ends with 0, or with 3 and a sentence that says what to install or to run.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

readonly minimum_node=20.17 minimum_clang=12

# One row a package: its name, who needs it, and how to see that it is there.
# The check looks for the thing, not for the package: a clang from elsewhere is as good.
packages() {
  cat <<'TABLE'
clang            run   have_clang
libbpf-dev       run   have_library libbpf
libelf-dev       run   have_library libelf
zlib1g-dev       run   have_library zlib
libiberty-dev    run   have_demangler
liblzma-dev      run   have_unpacker
pkg-config       run   command -v pkg-config
g++              run   command -v g++
make             run   command -v make
python3          run   command -v python3
bpftool          test  command -v bpftool
iproute2         test  command -v tc
tshark           test  command -v tshark
xz-utils         test  command -v xz
git              test  command -v git
tmux             test  command -v tmux
cpio             test  command -v cpio
debootstrap      fresh command -v debootstrap
qemu-system-x86  vm    command -v qemu-system-x86_64
busybox-static   vm    command -v busybox
kmod             vm    command -v depmod
zstd             vm    command -v zstd
TABLE
}

say() { printf 'setup: %s\n' "$*" >&2; }

stop() {
  printf 'setup: %s\n' "$1" >&2
  shift
  local line
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 3
}

have_clang() {
  [[ -n ${BPFTS_CLANG-} && -x $BPFTS_CLANG ]] && return 0
  local dir file version
  local -a dirs
  IFS=: read -ra dirs <<<"$PATH"
  for dir in "${dirs[@]}"; do
    for file in "$dir"/clang-[0-9]*; do
      version=${file##*/clang-}
      [[ -x $file && $version =~ ^[0-9]+$ && $version -ge $minimum_clang ]] && return 0
    done
  done
  version=$(clang -dumpversion 2>/dev/null) || return 1
  [[ ${version%%.*} -ge $minimum_clang ]]
}

# pkg-config itself may be what is missing: then the header answers.
have_library() {
  if command -v pkg-config >/dev/null; then
    pkg-config --exists "$1"
  else
    case $1 in
      libbpf) [[ -e /usr/include/bpf/libbpf.h ]] ;;
      libelf) [[ -e /usr/include/libelf.h ]] ;;
      zlib) [[ -e /usr/include/zlib.h ]] ;;
    esac
  fi
}

# It names Rust's newer symbols. Elsewhere it lies in other places, and the addon is built without it.
have_demangler() {
  [[ -e /usr/include/libiberty/demangle.h ]] || ! is_debian
}

# It reads the symbols that some distributions pack into stripped binaries; the addon does without it elsewhere.
have_unpacker() {
  [[ -e /usr/include/lzma.h ]] || ! is_debian
}

is_debian() {
  [[ -r /etc/os-release ]] || return 1
  (
    # shellcheck disable=SC1091
    . /etc/os-release
    [[ " ${ID:-} ${ID_LIKE:-} " == *" debian "* ]]
  )
}

check_node() {
  command -v node >/dev/null || stop "Node is missing: bpfts needs Node $minimum_node or newer" "see https://nodejs.org/en/download"
  command -v npm >/dev/null || stop "npm is missing: it comes with Node $minimum_node or newer"
  node_version=$(node --version)
  local major minor
  IFS=v. read -r _ major minor _ <<<"$node_version"
  ((major * 1000 + minor >= ${minimum_node%.*} * 1000 + ${minimum_node#*.})) || stop "Node $node_version is too old: bpfts needs Node $minimum_node or newer"
}

install_packages() {
  local -a missing=()
  local name tier check
  while read -r name tier check; do
    [[ " $tiers " == *" $tier "* ]] || continue
    $check >/dev/null 2>&1 || missing+=("$name")
  done < <(packages)
  ((${#missing[@]})) || return 0

  local list=${missing[*]}
  if ! is_debian || ! command -v apt-get >/dev/null; then
    stop "Something is missing, and it can be installed for you on Debian and its relatives only." \
      "Install what Debian calls: $list" \
      "clang must be $minimum_clang or newer, libbpf 1.1 or newer; then run this again."
  fi
  if [[ $mode == package ]]; then
    stop "bpfts needs packages of the system first. Run as root:" "apt-get install --no-install-recommends $list"
  fi
  if [[ $EUID -ne 0 ]]; then
    stop "Packages are missing, and only root may install them. Run:" "sudo apt-get install --no-install-recommends $list"
  fi
  say "installing $list"
  local log
  log=$(mktemp)
  if ! show_progress "$log" run_apt install "${missing[@]}"; then
    # The lists of packages are absent or old on many a fresh machine.
    if ! show_progress "$log" run_apt update || ! show_progress "$log" run_apt install "${missing[@]}"; then
      tail -n 15 "$log" >&2
      rm -f "$log"
      stop "The packages could not be installed. With a working network, run:" \
        "apt-get update && apt-get install --no-install-recommends $list"
    fi
  fi
  rm -f "$log"
}

run_apt() {
  local verb=$1
  shift
  local -a flags=(-q -y -oDPkg::Lock::Timeout=300 -oAPT::Update::Error-Mode=any)
  [[ $verb == install ]] && flags+=(--no-install-recommends)
  DEBIAN_FRONTEND=noninteractive apt-get "${flags[@]}" "$verb" "$@"
}

# show_progress LOG COMMAND...: runs it with its output in the log. A terminal shows the time and the log's newest line meanwhile.
show_progress() {
  local log=$1 status=0 ticker=
  shift
  if [[ -t 2 ]]; then
    # It ends with this shell, however that ends.
    while sleep 1 && kill -0 $$ 2>/dev/null; do
      printf '\r\033[K%4d s  %.70s' "$SECONDS" "$(tail -n 1 "$log" | tr -d '[:cntrl:]')" >&2
    done 9>&- &
    ticker=$!
  fi
  "$@" </dev/null >"$log" 2>&1 9>&- || status=$?
  if [[ -n $ticker ]]; then
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null || true
    printf '\r\033[K' >&2
  fi
  return "$status"
}

# hash_files FILE... : one word for the contents and the names.
hash_files() {
  sha256sum -- "$@" | sha256sum | cut -c1-32
}

# is_stamped FILE HASH: whether the last work that the stamp stands for had the same input.
is_stamped() {
  local seen=
  [[ -r $1 ]] && seen=$(<"$1")
  [[ $seen == "$2" ]]
}

install_modules() {
  local stamp=node_modules/.bpfts-lock hash
  hash=$(hash_files package-lock.json)
  is_stamped "$stamp" "$hash" && return 0
  if ! modules_match; then
    say "installing the npm packages (npm ci)"
    local log
    log=$(mktemp)
    # Scripts are left out: the addon is built below, and no dependency needs its own.
    if ! show_progress "$log" npm ci --ignore-scripts --prefer-offline --no-fund --no-audit --loglevel=error; then
      tail -n 15 "$log" >&2
      rm -f "$log"
      stop "The npm packages could not be installed. With a working network, run:" "npm ci --ignore-scripts"
    fi
    rm -f "$log"
  fi
  echo "$hash" >"$stamp"
}

# Whether node_modules holds what the lock file asks for, whoever installed it.
modules_match() {
  [[ -d node_modules ]] || return 1
  node -e '
    const { readFileSync } = require("node:fs");
    for (const [path, wanted] of Object.entries(JSON.parse(readFileSync("package-lock.json", "utf8")).packages)) {
      if (path === "" || wanted.link) continue;
      try {
        if (JSON.parse(readFileSync(path + "/package.json", "utf8")).version !== wanted.version) process.exit(1);
      } catch {
        if (!wanted.optional) process.exit(1);
      }
    }' 9>&-
}

build_addon() {
  [[ -f binding.gyp ]] || return 0
  local stamp=build/.bpfts-stamp hash
  local -a sources
  mapfile -t sources < <(find binding.gyp runtime/native -type f | sort)
  [[ -f node_modules/node-addon-api/package.json ]] && sources+=(node_modules/node-addon-api/package.json)
  hash="$node_version $(pkg-config --modversion libbpf) $(hash_files "${sources[@]}")"
  is_stamped "$stamp" "$hash" && [[ -f build/Release/bpfts.node && -x build/Release/bpfts-confine ]] && return 0

  say "building the addon (node-gyp)"
  local -a flags=(--release --jobs=max)
  local prefix
  # Yarn and version managers put a script called node before the program.
  prefix=$(dirname "$(dirname "$(node -p 'process.execPath' 9>&-)")")
  # node-gyp downloads Node's headers unless it is shown them.
  [[ -e $prefix/include/node/node_api.h ]] && flags+=("--nodedir=$prefix")
  local log
  log=$(mktemp)
  if ! show_progress "$log" node "$(node -p 'require.resolve("node-gyp/bin/node-gyp.js")')" rebuild "${flags[@]}"; then
    grep -A 3 ' error: ' "$log" >&2 || tail -n 15 "$log" >&2
    rm -f "$log"
    local advice="npx node-gyp rebuild --verbose"
    [[ -e $prefix/include/node/node_api.h ]] || advice="Node's headers are not beside it ($prefix/include/node): install Node with its headers, or give node-gyp a network"
    stop "The addon could not be built. To see why:" "$advice"
  fi
  rm -f "$log"
  echo "$hash" >"$stamp"
}

# Whether the addon that the package brings loads here; "npm rebuild --build-from-source" wants another one.
have_prebuilt() {
  [[ ${npm_config_build_from_source-} != true && ! -f runtime/cli/main.ts ]] || return 1
  local folder
  folder=dist/prebuilt/linux-$(node -p process.arch)
  node -e 'require(require("node:path").resolve(process.argv[1]))' "$folder/bpfts.node" >/dev/null 2>&1 &&
    "$folder/bpfts-confine" --probe >/dev/null 2>&1
}

build_bundle() {
  [[ -f runtime/cli/main.ts ]] || return 0
  local stamp=dist/.bpfts-stamp hash
  local -a sources
  mapfile -t sources < <(find runtime sdk -name '*.ts' -type f | sort)
  hash=$(hash_files package.json package-lock.json runtime/build.mjs "${sources[@]}")
  is_stamped "$stamp" "$hash" && [[ -f dist/bpfts.cjs ]] && return 0
  say "building dist/bpfts.cjs (esbuild)"
  node runtime/build.mjs </dev/null 9>&- || stop "The bundle could not be built; the messages are above."
  echo "$hash" >"$stamp"
}

mount_tracefs() {
  grep -q ' tracefs ' /proc/self/mounts && return 0
  # Without root bpfts can say what is missing, but trace nothing anyway.
  [[ $EUID -eq 0 && -d /sys/kernel/tracing ]] || return 0
  say "mounting tracefs on /sys/kernel/tracing"
  mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null ||
    say "tracefs cannot be mounted here: tracepoints and bpf_trace_printk will not work"
}

mode=${1-} tiers=run
mode=${mode#--}
case ${1-} in
  "" | --package) ;;
  --test) tiers="run test" ;;
  --vm) tiers="run test vm" ;;
  --fresh) tiers="run test fresh" ;;
  *)
    printf 'setup: Unknown option "%s"; there are --test, --vm, --fresh and --package\n' "$1" >&2
    exit 2
    ;;
esac

# The lock goes with the file descriptor: nothing to clean up, whatever happens.
exec 9<"$root/runtime/setup.sh"
if ! flock -n 9; then
  say "waiting for another setup of this checkout"
  flock 9
fi

check_node
if [[ $mode == package ]] && have_prebuilt; then exit 0; fi
install_packages
if [[ $mode == package ]]; then
  build_addon
else
  install_modules
  build_addon
  build_bundle
  mount_tracefs
fi
