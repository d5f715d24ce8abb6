#!/bin/sh
# A quote in a comment, which nft takes in JSON: `nft list ruleset` writes a file that nft refuses
#
# Version: nftables 1.0.6 (Debian 1.0.6-2+deb12u2).
# Seen:    A rule's comment `say "hi"`, given in JSON, is shown by nft as comment "say "hi"", with bare quotes. A file of all
#          rules that `nft list ruleset` wrote is then refused as a whole, with those of everybody else. As JSON the
#          list has the quotes escaped, and comes back.
# Source:  libnftables-json(5): comment is a string. nft(8): by design the output of list
#          ruleset is input of -f.
# Guess:   What nft takes in one form it can write in the other; or the comment is refused.
#
# Needs the right to make a network namespace; leaves with 77 where it or Debian 12's packages are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
unshare -n true 2>/dev/null || skip "no right to make a network namespace"
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11 libjansson4 libmnl0 \
    libxtables12 libgmp10 libedit2 libbsd0 libmd0 libtinfo6 || skip "no such packages"
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$here"/root/usr/lib/*-linux-gnu):$(echo "$here"/root/lib/*-linux-gnu)
export LD_LIBRARY_PATH

cat >rule <<'IN'
{"nftables": [
  {"add": {"table": {"family": "inet", "name": "t"}}},
  {"add": {"chain": {"family": "inet", "table": "t", "name": "c"}}},
  {"add": {"rule": {"family": "inet", "table": "t", "chain": "c", "comment": "say \"hi\"", "expr": [{"accept": null}]}}}
]}
IN
# The table ends with the namespace.
seen=$(unshare -n sh -u <<'IN'
nft=root/usr/sbin/nft
$nft -j -f rule || echo "this kernel has no nftables"
$nft list ruleset >text
$nft -j list ruleset >json
grep comment text
$nft flush ruleset
said=$($nft -f text 2>&1)
echo "text: status $?, $(echo "$said" | head -n 1)"
$nft -j -f json
echo "JSON: status $?, $($nft list ruleset | diff text - | wc -l) lines differ"
IN
)
printf '%s\n' "$seen"
case $seen in *"no nftables"*) skip "a kernel without nftables" ;; esac
[ "$(printf '%s\n' "$seen" | sed 's/^[[:space:]]*//')" = 'accept comment "say "hi""
text: status 1, text:3:24-25: Error: syntax error, unexpected string, expecting newline or semicolon
JSON: status 0, 0 lines differ' ] || { echo "changed"; exit 1; }
