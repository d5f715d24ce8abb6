#!/bin/sh
# libseccomp: a rule for one case of an earlier rule is accepted and thrown away; the other way round it is refused
#
# Version: libseccomp 2.5.4 (Debian 2.5.4-1+deb12u1).
# Seen:    Two rules for socket(2), each with its own error: one for AF_NETLINK, one for AF_NETLINK with protocol 9
#          (audit). Added in this order both calls of seccomp_rule_add(3) answer 0, and the second rule is not in the
#          filter: audit sockets fail with the first rule's error. Added in the other order the second call answers
#          -EEXIST, and AF_NETLINK with another protocol is let through.
# Source:  seccomp_rule_add(3): rules make a union, and a later, more general rule replaces an earlier special one;
#          EEXIST is "the filter rule already exists". Neither order does that when the actions differ.
#          seccomp/libseccomp, pull request 225, has the question how rules for one call combine; open since 2020.
# Guess:   The special rule wins in both orders, or an order that cannot be kept is refused.
#
# Needs gcc and a kernel with seccomp; leaves with 77 where these or Debian 12's packages are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
command -v gcc >/dev/null || skip "no gcc"
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download libseccomp-dev=2.5.4-1+deb12u1 || skip "no such package"
dpkg-deb -x libseccomp-dev_*.deb root

cat >rules.c <<'IN'
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int general(scmp_filter_ctx filter) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK));
}

static int special(scmp_filter_ctx filter) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPROTONOSUPPORT), SCMP_SYS(socket), 2,
                            SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_EQ, 9));
}

static const char *answer(int protocol) {
    return socket(AF_NETLINK, SOCK_RAW, protocol) < 0 ? strerrorname_np(errno) : "a socket";
}

int main(int count, char **arguments) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int special_first = count > 1;
    int first = (special_first ? special : general)(filter);
    int second = (special_first ? general : special)(filter);
    if (seccomp_load(filter) != 0) return 77;
    printf("%s first: %d, then %d; protocol 0 has %s, protocol 9 has %s\n", special_first ? "special" : "general",
           first, second, answer(0), answer(9));
    return 0;
}
IN
gcc -D_GNU_SOURCE -Iroot/usr/include -o rules rules.c root/usr/lib/*-linux-gnu/libseccomp.a
./rules >general || skip "no filter can be loaded"
./rules special >special
seen=$(cat general special)
printf "%s\n" "$seen"
[ "$seen" = 'general first: 0, then 0; protocol 0 has EACCES, protocol 9 has EACCES
special first: 0, then -17; protocol 0 has a socket, protocol 9 has EPROTONOSUPPORT' ] || { echo "changed"; exit 1; }
