#!/bin/sh
# `nft -j list ruleset`: a chain of a card loses its card, and the list is refused when it is read back
#
# Version: nftables 1.0.6 (Debian 1.0.6-2+deb12u2).
# Seen:    The list in JSON has no device of a netdev chain; `nft -j -f` refuses what `nft -j list` wrote, and restores nothing
#          of it, other tables neither. Without such a chain the list is taken, and comments of tables, sets and chains are
#          gone, and a set's auto-merge: it then refuses elements that it merged before. The list as text restores all.
# Source:  libnftables-json(5): a chain has "dev", the interface it is bound to in the netdev family. nft(8): by design the
#          output of list ruleset is input of -f, as with iptables-save and iptables-restore; -j formats output in JSON.
# Guess:   A list is a backup: what reads the words writes them.
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

cat >lan <<'IN'
table inet lan {
	comment "of the house"
	set s {
		type ipv4_addr
		flags interval
		auto-merge
		comment "printers"
		elements = { 10.0.0.0/25 }
	}

	chain c {
		comment "what comes in"
		ip saddr @s accept
	}
}
IN
cat >card <<'IN'
table netdev card {
	chain i {
		type filter hook ingress device "lo" priority filter; policy accept;
		ip protocol icmp accept
	}
}
IN
# The tables end with the namespace.
seen=$(unshare -n sh -u <<'IN'
nft=root/usr/sbin/nft
restored() {
    $nft -j list ruleset >json
    $nft list ruleset >text
    $nft flush ruleset
    said=$($nft -j -f json 2>&1)
    echo "$1, JSON: status $?${said:+, $said}"
    $nft list ruleset | diff text - | sed -n 's/^< *//p'
    $nft flush ruleset
    $nft -f text
    echo "$1, text: status $?, $($nft list ruleset | diff text - | wc -l) lines differ"
}
$nft -f lan || echo "this kernel has no nftables"
restored lan
$nft -j -f json 2>/dev/null
$nft flush ruleset
$nft -f card || echo "this kernel has no nftables"
restored card | grep -v '^$'
IN
)
printf '%s\n' "$seen"
case $seen in *"no nftables"*) skip "a kernel without nftables" ;; esac
tab=$(printf '\t')
[ "$(printf '%s\n' "$seen" | tr -d "$tab" | sed 's/^ *//; s/ *$//')" = 'lan, JSON: status 0
comment "of the house"
auto-merge
comment "printers"
comment "what comes in"
lan, text: status 0, 0 lines differ
card, JSON: status 1, internal:0:0-0: Error: Missing `device'"'"' in this chain definition
table netdev card {
chain i {
type filter hook ingress device "lo" priority filter; policy accept;
ip protocol icmp accept
}
}
card, text: status 0, 0 lines differ' ] || { echo "changed"; exit 1; }
