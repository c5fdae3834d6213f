#!/usr/bin/env bash
# Prints the path of an archive that holds a minimal Debian 12: what debootstrap calls "minbase". The archive is made once and
# kept in the user's cache folder; after a month the next run makes it anew. The mirror, its keys and the proxy are those of
# this machine's apt. Needs root.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
umask 077

readonly suite=bookworm max_age_days=30

say() { printf 'fresh: %s\n' "$*" >&2; }

# ask_apt FORMAT: what apt knows of the mirror of the suite, or of its first mirror when it has none of the suite.
ask_apt() {
  apt-get indextargets --format "\$(RELEASE) $1" 'Created-By: Packages' |
    awk -v suite="$suite" '$1 == suite { print $2; found = 1; exit } !first { first = $2 } END { if (!found) print first }'
}

is_recent() { [[ -f $1 && -O $1 && -n $(find "$1" -mtime "-$max_age_days") ]]; }

# The tree stands in a mount namespace of its own: nothing of it stays, also when this is killed.
make_archive() {
  local mirror keyring proxy=
  mirror=$(ask_apt '$(REPO_URI)')
  keyring=$(ask_apt '$(SIGNED_BY)')
  [[ -f $keyring ]] || keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [[ -n $mirror ]] || { say "apt knows no mirror: see /etc/apt/sources.list" && return 1; }
  http_proxy=${proxy:-${http_proxy-}} unshare --mount --propagation private \
    bash -euc 'mount -t tmpfs -o mode=755 fresh "$1"
      debootstrap --variant=minbase --force-check-gpg --keyring="$4" "$3" "$1" "$5"
      rm -f "$1"/var/cache/apt/archives/*.deb "$1"/etc/apt/sources.list
      tar -C "$1" -cf "$2" .' \
    make "$cache/tree" "$archive.new" "$suite" "$keyring" "$mirror" </dev/null >"$cache/debootstrap.log" 2>&1 || return 1
  mv "$archive.new" "$archive"
}

# A home that the environment does not name is in the list of users.
cache=${XDG_CACHE_HOME:-$(echo ~)/.cache}/bpfts-test
archive=$cache/debian-$suite-$(dpkg --print-architecture).tar
mkdir -p "$cache/tree"
exec 9>"$cache/lock"
flock 9
if ! is_recent "$archive"; then
  say "making a minimal Debian ($suite); this takes a minute or two"
  if ! make_archive; then
    tail -n 15 "$cache/debootstrap.log" >&2
    [[ -f $archive && -O $archive ]] || { say "debootstrap failed: $cache/debootstrap.log" && exit 1; }
    say "debootstrap failed, so the older tree is used"
  fi
fi
echo "$archive"
