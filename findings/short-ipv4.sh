#!/bin/sh
# `ip address add 10.6`: the address is 10.6.0.0, and everything else connects to 10.0.0.6
#
# Version: iproute2 6.1.0 (Debian 6.1.0-3), busybox 1.35.0 (Debian 1:1.35.0-4+deb12u1+b1), glibc 2.36.
# Seen:    iproute2 fills a short IPv4 address with zeros at its end, with a prefix (10.6/16) and without (10.6, a /32).
#          inet_aton(3) and getaddrinfo(3) put the last number into all bytes that are left: 10.0.0.6. So
#          `ip route get 10.6` and `ping 10.6` speak of two hosts. busybox has both in one program: its ip takes 10.6/16,
#          its route takes the same for 10.0.0.6 with a netmask of 16 bits, and refuses it.
# Source:  inet_aton(3): in a.b, b is 24 bits. POSIX, inet_addr(), says the same. RFC 4632, section 3.1, writes four
#          numbers. ip-address(8) and ip-route(8) have no word on short addresses; iproute2's lib/utils.c reads them.
#          FreeBSD's route(8) documents zeros at the end for -net alone; its ifconfig(8) reads 10.6 as 10.0.0.6.
# Guess:   inet_aton(3) decides, or the address is refused as inet_pton(3) refuses it.
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
$apt update && $apt download iproute2=6.1.0-3 busybox-static=1:1.35.0-4+deb12u1+b1 \
    libbpf1 libelf1 libmnl0 libbsd0 libmd0 libcap2 || skip "no such packages"
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$here"/root/usr/lib/*-linux-gnu):$(echo "$here"/root/lib/*-linux-gnu)
export LD_LIBRARY_PATH

# The addresses end with the namespace.
seen=$(unshare -n sh -eu <<'IN'
ip="root/bin/ip"
$ip link set lo up
$ip address add 10.5/16 dev lo
$ip address add 10.6 dev lo
echo "ip address: $($ip -4 -o address show dev lo scope global | awk '{ print $4 }' | xargs)"
echo "ip route get 10.6: $($ip -o route get 10.6 | awk '{ print $2 }')"
echo "getaddrinfo 10.6: $(getent ahostsv4 10.6 | awk 'NR == 1 { print $1 }')"
root/bin/busybox ip route add 10.7/16 dev lo
echo "busybox ip route add 10.7/16: $($ip route show 10.7.0.0/16 | awk '{ print $1 }')"
echo "busybox route add -net 10.8/16: $(root/bin/busybox route add -net 10.8/16 dev lo 2>&1)"
IN
)
printf '%s\n' "$seen"
[ "$seen" = 'ip address: 10.5.0.0/16 10.6.0.0/32
ip route get 10.6: 10.6.0.0
getaddrinfo 10.6: 10.0.0.6
busybox ip route add 10.7/16: 10.7.0.0/16
busybox route add -net 10.8/16: route: netmask and route address conflict' ] || { echo "changed"; exit 1; }
