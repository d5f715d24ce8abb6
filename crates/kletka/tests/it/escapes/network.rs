//! Attempts on networks: sockets of other kinds, the host's interfaces, addresses and services.

use super::attempt::Kind::{Shared, Vnet};
use super::attempt::Layer::{
    Accepted, Bounding, Dev, Filter, Given, HostName, Init, Ipc, Landlock, Network, Users,
};
use super::attempt::{Attempt, inside, on_host};

#[rustfmt::skip]
pub(super) const SOCKETS: &[Attempt] = &[
    inside("families that no jail needs: AX25, IPX, APPLETALK, X25, KEY, RDS, CAN, TIPC, BLUETOOTH, RXRPC, ALG, NFC, VSOCK, KCM, QIPCRTR, SMC, XDP, MCTP",
        "my %a = map { opens_socket($_, 2, 0) => 1, opens_socket($_, 5, 0) => 1 } (3, 4, 5, 9, 15, 21, 29, 30, 31, 33, 38, 39, 40, 41, 42, 43, 44, 45); join ' ', sort keys %a",
        Filter, "EAFNOSUPPORT"),
    inside("IPv4 without ip4",              "opens_socket(2, 1, 0)", Filter, "EAFNOSUPPORT").in_(Vnet, Given, "opened").in_(Shared, Given, "opened"),
    inside("IPv6 without ip6",              "opens_socket(10, 1, 0)", Filter, "EAFNOSUPPORT").in_(Vnet, Given, "opened"),
    inside("frames: AF_PACKET",             "opens_socket(17, 3, 0)", Filter, "EAFNOSUPPORT").in_(Vnet, Given, "opened"),
    inside("raw IP: ICMP",                  "opens_socket(2, 3, 1)", Filter, "EAFNOSUPPORT").in_(Vnet, Given, "opened").in_(Shared, Users, "EPERM"),
    inside("firewalls: NETLINK_NETFILTER",  "opens_socket(16, 3, 12)", Filter, "EPROTONOSUPPORT").in_(Vnet, Given, "opened"),
    inside("IPsec: NETLINK_XFRM",           "opens_socket(16, 3, 6)", Filter, "EPROTONOSUPPORT").in_(Vnet, Given, "opened or EPROTONOSUPPORT"),
    inside("audit: NETLINK_AUDIT",          "opens_socket(16, 3, 9)", Filter, "EPROTONOSUPPORT"),
    inside("other netlink: SELINUX, ISCSI, FIB_LOOKUP, CONNECTOR, SCSITRANSPORT, ECRYPTFS, RDMA, CRYPTO, SMC",
        "my %a = map { opens_socket(16, 3, $_) => 1 } (7, 8, 10, 11, 18, 19, 20, 21, 22); join ' ', sort keys %a", Filter, "EPROTONOSUPPORT"),
    inside("an interface: RTM_NEWLINK",
        "netlink(16, 0x605, pack('CCSlLL', 0, 0, 0, 0, 0, 0) . pack('SSZ12', 16, 3, 'escape0') . pack('SSSSZ8', 16, 18, 12, 1, 'dummy'))", Bounding, "EPERM").in_(Vnet, Given, "done or EOPNOTSUPP"),
    inside("the host's loopback, taken down: RTM_SETLINK",
        "netlink(19, 5, pack('CCSlLL', 0, 0, 0, 1, 0, 0))", Bounding, "EPERM").in_(Vnet, Given, "done"),
    inside("another name for the loopback, by ioctl(2)",
        "socket(my $s, 1, 2, 0); call('ioctl', fileno($s), 0x8923, pack('a16a24', 'lo', 'mine'))", Bounding, "EPERM").in_(Vnet, Given, "EPERM or done or EINVAL or EBUSY"),
    inside("an interface handed to init's network: IFLA_NET_NS_PID",
        "netlink(16, 0x605, pack('CCSlLL', 0, 0, 0, 0, 0, 0) . pack('SSZ12', 16, 3, 'escape1') . pack('SSL', 8, 19, 1) . pack('SSSSZ8', 16, 18, 12, 1, 'dummy'))", Bounding, "EPERM").in_(Vnet, Init, "EPERM or done or EOPNOTSUPP"),
    inside("a mark for the host's routes and firewall: SO_MARK",
        "socket(my $s, 1, 2, 0); answer(!setsockopt($s, 1, 36, pack('l', 7)), 'done')", Bounding, "EPERM").in_(Vnet, Given, "done"),
    inside("the host's interfaces in /proc/net/dev",
        "join('', do { open(my $f, '<', '/proc/net/dev'); <$f> }) =~ /hostonly0/ ? 'shown' : 'hidden'", Network, "hidden").in_(Shared, Accepted, "shown"),
    inside("a service of the host on 127.0.0.1",
        "socket(my $s, 2, 1, 0) or return answer(1); answer(!connect($s, pack('SnC4x8', 2, 7777, 127, 0, 0, 1)), 'connected')", Filter, "EAFNOSUPPORT").in_(Vnet, Network, "ECONNREFUSED").in_(Shared, Given, "connected"),
    inside("a port below 1024 on the host's addresses",
        "socket(my $s, 2, 1, 0) or return answer(1); answer(!bind($s, pack('SnC4x8', 2, 81, 127, 0, 0, 1)), 'bound')", Filter, "EAFNOSUPPORT").in_(Vnet, Given, "bound").in_(Shared, Given, "bound"),
    inside("the host's abstract socket",
        "in_scope(sub { connects('kletka-escapes') })", Network, "ECONNREFUSED").in_(Shared, Landlock, "EPERM"),
    inside("an event of a device that is none, sent to the host's udev",
        "uevent()", Network, "done or EPERM or ECONNREFUSED").in_(Shared, Users, "EPERM or ECONNREFUSED"),
    inside("a tap, for frames of one's own: /dev/net/tun",
        "opens('/dev/net/tun', '>')", Dev, "ENOENT"),
    inside("the host's shared memory",
        "call('shmget', 0x6b6c6574, 0, 0)", Ipc, "ENOENT"),
    on_host("the host's name, changed from inside",
        "jexec $J hostname escaped; hostname", HostName, "machine"),
];
