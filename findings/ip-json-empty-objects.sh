#!/bin/sh
# `ip -j`: links that a filter leaves out stand in the list as `{}`
#
# Version: iproute2 6.1.0 (Debian 6.1.0-3).
# Seen:    With two links and none of group 7, `ip link show group 7` prints nothing, and `ip -j link show group 7`
#          prints `[{},{},{}]`, lo counted: an object for each link that is not shown. `ip -j address show label x*`
#          has `{"addr_info":[]}` instead. Where the kernel filters (`type veth`, `master`), the list is right, so the
#          same option can have both forms: a kernel that does not know a type yet filters nothing.
# Source:  ip(8), -json: output in JSON. ip-link(8), show. iproute2's ipaddress.c opens an object before it knows
#          whether the link is wanted. coreemu/core, pull request 348, met it with `type bridge` in 2020.
# Guess:   A list holds what the text output shows; `length == 0` says that there is none.
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
$apt update && $apt download iproute2=6.1.0-3 libbpf1 libelf1 libmnl0 libbsd0 libmd0 libcap2 || skip "no such packages"
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$here"/root/usr/lib/*-linux-gnu):$(echo "$here"/root/lib/*-linux-gnu)
export LD_LIBRARY_PATH

# The links end with the namespace.
seen=$(unshare -n sh -eu <<'IN'
ip="root/bin/ip"
$ip link add left type veth peer right
echo "links: $($ip -o link show | wc -l)"
echo "text: $($ip link show group 7)"
echo "group 7: $($ip -j link show group 7)"
echo "label x*: $($ip -j address show label 'x*')"
echo "type veth master left: $($ip -j link show type veth master left)"
IN
) || skip "no veth"
printf '%s\n' "$seen"
[ "$seen" = 'links: 3
text: 
group 7: [{},{},{}]
label x*: [{"addr_info":[]},{"addr_info":[]},{"addr_info":[]}]
type veth master left: []' ] || { echo "changed"; exit 1; }
