#!/usr/bin/env bash
# Builds the addon that the package brings, with libbpf and what it needs linked in, into dist/prebuilt/linux-ARCH: who installs
# the package then compiles nothing. libelf is not linked in: Debian's archive of it fits no addon, and wherever the headers of libbpf are
# installed, which scripts need, it is there. Its archive of libbpf fits none either (both are made for programs), so libbpf is compiled here. Runs before `npm publish`, on the oldest distribution whose glibc is to do.
#
#   BPFTS_LIBBPF=/src/libbpf-1.1.2 bash runtime/native/prebuild.sh         for this machine's processor
#   BPFTS_LIBBPF=/src/libbpf-1.1.2 bash runtime/native/prebuild.sh arm64   for another one: CC and CXX name the compilers, BPFTS_SYSROOT
#                                                                          the root of Debian's packages for it
#
# BPFTS_LIBBPF is the unpacked source of libbpf, as `apt-get source libbpf` leaves it. For arm64 on an x64 Debian 12 (a chroot of debootstrap will do):
#
#   dpkg --add-architecture arm64 && apt-get update
#   apt-get install g++-aarch64-linux-gnu make python3 libelf-dev:arm64 zlib1g-dev:arm64 liblzma-dev:arm64 libiberty-dev:arm64
#   CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ BPFTS_LIBBPF=/src/libbpf-1.1.2 bash runtime/native/prebuild.sh arm64
#
# A package is whole with both; the last line says which one is missing.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
arch=${1-$(node -p process.arch)}
readonly arch target=dist/prebuilt/linux-$arch
declare -A triplets=([x64]=x86_64-linux-gnu [arm64]=aarch64-linux-gnu)
readonly triplet=${triplets[$arch]-} sysroot=${BPFTS_SYSROOT-}

stop() {
  printf 'prebuild: %s\n' "$@" >&2
  exit 3
}

[[ -n $triplet ]] || stop "There is no package for $arch: x64 and arm64 are known"
[[ -f ${BPFTS_LIBBPF-}/src/libbpf.c ]] || stop "BPFTS_LIBBPF names no sources of libbpf" "apt-get source libbpf fetches them"
readonly libraries=(libelf.so libz.a liblzma.a libiberty.a) packages=(libelf-dev zlib1g-dev liblzma-dev libiberty-dev)
for library in "${libraries[@]}"; do
  [[ -e $sysroot/usr/lib/$triplet/$library ]] ||
    stop "\"$sysroot/usr/lib/$triplet/$library\" is missing: install Debian's ${packages[*]} for $arch"
done

# node-gyp builds into build/, which is this machine's own.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/runtime"
cp -r binding.gyp package.json "$work"
cp -r runtime/native "$work/runtime"
ln -s "$root/node_modules" "$work/node_modules"

includes=
[[ -n $sysroot ]] && includes="-isystem $sysroot/usr/include -isystem $sysroot/usr/include/$triplet"
make -s -C "$BPFTS_LIBBPF/src" BUILD_STATIC_ONLY=1 OBJDIR="$work/objects" DESTDIR="$work/libbpf" PREFIX= LIBSUBDIR=lib \
  EXTRA_CFLAGS="-fPIC -fvisibility=hidden $includes" install >"$work/log" 2>&1 || {
  tail -n 15 "$work/log" >&2
  stop "libbpf could not be built for $arch"
}
export CXXFLAGS="-isystem $work/libbpf/include $includes" LDFLAGS="-L$work/libbpf/lib"
[[ -n $sysroot ]] && LDFLAGS+=" -L$sysroot/usr/lib/$triplet"
flags=(--release --arch="$arch" --bpfts_static=1)
prefix=$(dirname "$(dirname "$(node -p process.execPath)")")
[[ -e $prefix/include/node/node_api.h ]] && flags+=("--nodedir=$prefix")
(cd "$work" && node "$root/node_modules/node-gyp/bin/node-gyp.js" rebuild "${flags[@]}" >"$work/log" 2>&1) || {
  grep -A 3 ' error: \|undefined reference\|cannot find' "$work/log" >&2 || tail -n 15 "$work/log" >&2
  stop "The addon could not be built for $arch"
}

strip=strip
command -v "$triplet-strip" >/dev/null && strip=$triplet-strip
mkdir -p "$target/licences"
for file in bpfts.node bpfts-confine; do "$strip" -o "$target/$file" "$work/build/Release/$file"; done
chmod 755 "$target/bpfts-confine"
# What is linked in, and on what terms. Who wants to link another version builds the addon from the package's sources.
cp "$BPFTS_LIBBPF/LICENSE.BSD-2-Clause" "$target/licences/libbpf.txt"
for package in "${packages[@]:1}" libstdc++6; do
  for notice in "$sysroot/usr/share/doc/$package/copyright" "/usr/share/doc/$package/copyright"; do
    [[ -e $notice ]] || continue
    cp -L "$notice" "$target/licences/$package.txt"
    break
  done
done
for other in "${!triplets[@]}"; do
  [[ -e dist/prebuilt/linux-$other/bpfts.node ]] || echo "prebuild: the package has no addon for $other yet: who installs it there compiles one" >&2
done
