//! The numbers of linux/netlink.h, rtnetlink.h, if_link.h and if_addr.h that this crate speaks.

/// Message types: rtnetlink(7).
pub(crate) mod rtm {
    pub(crate) const NEWLINK: u16 = 16;
    pub(crate) const DELLINK: u16 = 17;
    pub(crate) const GETLINK: u16 = 18;
    pub(crate) const SETLINK: u16 = 19;
    pub(crate) const NEWADDR: u16 = 20;
    pub(crate) const DELADDR: u16 = 21;
    pub(crate) const GETADDR: u16 = 22;
    pub(crate) const NEWROUTE: u16 = 24;
    pub(crate) const DELROUTE: u16 = 25;
    pub(crate) const GETROUTE: u16 = 26;
    pub(crate) const NEWNEIGH: u16 = 28;
    pub(crate) const DELNEIGH: u16 = 29;
    pub(crate) const GETNEIGH: u16 = 30;
    pub(crate) const NEWQDISC: u16 = 36;
    pub(crate) const DELQDISC: u16 = 37;
    pub(crate) const NEWTFILTER: u16 = 44;
    pub(crate) const DELTFILTER: u16 = 45;
    pub(crate) const GETTFILTER: u16 = 46;
    pub(crate) const NEWRULE: u16 = 32;
    pub(crate) const DELRULE: u16 = 33;
    pub(crate) const GETRULE: u16 = 34;
    pub(crate) const NEWLINKPROP: u16 = 108;
    pub(crate) const DELLINKPROP: u16 = 109;
}

/// Flags and control types of the message header: netlink(7).
pub(crate) mod nlm {
    pub(crate) const REQUEST: u16 = 0x1;
    pub(crate) const ACK: u16 = 0x4;
    pub(crate) const DUMP_INTR: u16 = 0x10;
    pub(crate) const DUMP: u16 = 0x300;
    pub(crate) const REPLACE: u16 = 0x100;
    pub(crate) const EXCL: u16 = 0x200;
    pub(crate) const CREATE: u16 = 0x400;
    pub(crate) const APPEND: u16 = 0x800;
    pub(crate) const TYPE_ERROR: u16 = 2;
    pub(crate) const TYPE_DONE: u16 = 3;
}

/// Attributes of a link, and of what is nested in them.
pub(crate) mod ifla {
    pub(crate) const ADDRESS: u16 = 1;
    pub(crate) const IFNAME: u16 = 3;
    pub(crate) const MTU: u16 = 4;
    pub(crate) const LINK: u16 = 5;
    pub(crate) const MASTER: u16 = 10;
    pub(crate) const TXQLEN: u16 = 13;
    pub(crate) const LINKINFO: u16 = 18;
    pub(crate) const IFALIAS: u16 = 20;
    pub(crate) const STATS64: u16 = 23;
    pub(crate) const AF_SPEC: u16 = 26;
    pub(crate) const GROUP: u16 = 27;
    pub(crate) const NET_NS_FD: u16 = 28;
    pub(crate) const EXT_MASK: u16 = 29;
    pub(crate) const LINK_NETNSID: u16 = 37;
    pub(crate) const NEW_IFINDEX: u16 = 49;
    pub(crate) const PROP_LIST: u16 = 52;
    pub(crate) const ALT_IFNAME: u16 = 53;

    pub(crate) const INFO_KIND: u16 = 1;
    pub(crate) const INFO_DATA: u16 = 2;
    pub(crate) const INFO_SLAVE_KIND: u16 = 4;
    pub(crate) const INFO_SLAVE_DATA: u16 = 5;

    pub(crate) const VETH_INFO_PEER: u16 = 1;
    pub(crate) const VLAN_ID: u16 = 1;
    pub(crate) const VLAN_FLAGS: u16 = 2;
    pub(crate) const VLAN_EGRESS_QOS: u16 = 3;
    pub(crate) const VLAN_PROTOCOL: u16 = 5;
    pub(crate) const VLAN_QOS_MAPPING: u16 = 1;

    pub(crate) const IPVLAN_MODE: u16 = 1;
    /// IPVLAN_MODE_L3S: as the host's own sockets, past its rules for what comes in and goes out.
    pub(crate) const IPVLAN_L3S: u16 = 2;

    pub(crate) const BOND_MODE: u16 = 1;
    pub(crate) const BOND_ACTIVE: u16 = 2;
    pub(crate) const BOND_MIIMON: u16 = 3;
    pub(crate) const BOND_PRIMARY: u16 = 11;
    pub(crate) const BOND_HASH: u16 = 14;
    pub(crate) const BOND_AD_INFO: u16 = 23;
    pub(crate) const BOND_PORT_STATE: u16 = 1;
    pub(crate) const BOND_PORT_MII: u16 = 2;

    pub(crate) const VXLAN_ID: u16 = 1;
    pub(crate) const VXLAN_GROUP: u16 = 2;
    pub(crate) const VXLAN_LINK: u16 = 3;
    pub(crate) const VXLAN_LOCAL: u16 = 4;
    pub(crate) const VXLAN_TTL: u16 = 5;
    pub(crate) const VXLAN_LEARNING: u16 = 7;
    pub(crate) const VXLAN_PORT: u16 = 15;
    pub(crate) const VXLAN_GROUP6: u16 = 16;
    pub(crate) const VXLAN_LOCAL6: u16 = 17;
    pub(crate) const VXLAN_REMCSUM_TX: u16 = 21;
    pub(crate) const VXLAN_REMCSUM_RX: u16 = 22;
    pub(crate) const VXLAN_TTL_INHERIT: u16 = 28;

    pub(crate) const MACVLAN_MACADDR_DATA: u16 = 5;
    pub(crate) const MACVLAN_MACADDR_COUNT: u16 = 6;
    pub(crate) const MACVLAN_QUEUE_USED: u16 = 8;

    pub(crate) const IPTUN_LINK: u16 = 1;
    pub(crate) const IPTUN_LOCAL: u16 = 2;
    pub(crate) const IPTUN_REMOTE: u16 = 3;
    pub(crate) const IPTUN_TTL: u16 = 4;
    pub(crate) const IPTUN_PROTO: u16 = 9;

    pub(crate) const GRE_IFLAGS: u16 = 2;
    pub(crate) const GRE_OFLAGS: u16 = 3;
    pub(crate) const GRE_IKEY: u16 = 4;
    pub(crate) const GRE_OKEY: u16 = 5;
    pub(crate) const GRE_LOCAL: u16 = 6;
    pub(crate) const GRE_REMOTE: u16 = 7;
    pub(crate) const GRE_TTL: u16 = 8;

    pub(crate) const TUN_TYPE: u16 = 3;

    pub(crate) const BR_FORWARD_DELAY: u16 = 1;
    pub(crate) const BR_HELLO_TIME: u16 = 2;
    pub(crate) const BR_MAX_AGE: u16 = 3;
    pub(crate) const BR_AGEING_TIME: u16 = 4;
    pub(crate) const BR_STP_STATE: u16 = 5;
    pub(crate) const BR_PRIORITY: u16 = 6;
    pub(crate) const BR_VLAN_FILTERING: u16 = 7;
    pub(crate) const BR_ROOT_ID: u16 = 10;
    pub(crate) const BR_BRIDGE_ID: u16 = 11;
    pub(crate) const BR_ROOT_PORT: u16 = 12;
    pub(crate) const BR_ROOT_PATH_COST: u16 = 13;
    pub(crate) const BR_TOPOLOGY_CHANGE: u16 = 14;
    pub(crate) const BR_FDB_FLUSH: u16 = 21;
    pub(crate) const BR_VLAN_DEFAULT_PVID: u16 = 39;
    pub(crate) const BR_FDB_MAX_LEARNED: u16 = 49;

    pub(crate) const INET6_CONF: u16 = 2;
    pub(crate) const INET6_ADDR_GEN_MODE: u16 = 8;
    pub(crate) const ADDR_GEN_NONE: u8 = 1;
    /// Places in the list of settings: linux/ipv6.h, `DEVCONF_*`.
    pub(crate) const CONF_FORWARDING: usize = 0;
    pub(crate) const CONF_ACCEPT_RA: usize = 3;
    pub(crate) const CONF_ACCEPT_RA_DEFRTR: usize = 17;
    pub(crate) const CONF_DISABLE_IPV6: usize = 26;
    pub(crate) const CONF_ACCEPT_DAD: usize = 27;

    pub(crate) const BRPORT_STATE: u16 = 1;
    pub(crate) const BRPORT_PRIORITY: u16 = 2;
    pub(crate) const BRPORT_COST: u16 = 3;
    pub(crate) const BRPORT_LEARNING: u16 = 8;
    pub(crate) const BRPORT_UNICAST_FLOOD: u16 = 9;
    pub(crate) const BRPORT_DESIGNATED_BRIDGE: u16 = 14;
    pub(crate) const BRPORT_DESIGNATED_PORT: u16 = 15;
    pub(crate) const BRPORT_ID: u16 = 17;
    pub(crate) const BRPORT_NO: u16 = 18;
    pub(crate) const BRPORT_ISOLATED: u16 = 33;
}

/// The vlans of a port: linux/if_bridge.h, and `RTEXT_FILTER_BRVLAN_COMPRESSED`.
pub(crate) mod bridge {
    pub(crate) const FLAGS: u16 = 0;
    /// The request is about the bridge itself, not about a port.
    pub(crate) const SELF: u16 = 2;
    pub(crate) const VLAN_INFO: u16 = 2;
    pub(crate) const VLAN_PVID: u16 = 0x02;
    pub(crate) const VLAN_UNTAGGED: u16 = 0x04;
    pub(crate) const VLAN_BEGIN: u16 = 0x08;
    pub(crate) const VLAN_END: u16 = 0x10;
    pub(crate) const FILTER_VLANS_COMPRESSED: u32 = 4;
}

/// Flags of a link, as `struct ifinfomsg` has them.
pub(crate) mod iff {
    pub(crate) const UP: u32 = 0x1;
    pub(crate) const BROADCAST: u32 = 0x2;
    pub(crate) const DEBUG: u32 = 0x4;
    pub(crate) const LOOPBACK: u32 = 0x8;
    pub(crate) const POINTOPOINT: u32 = 0x10;
    pub(crate) const RUNNING: u32 = 0x40;
    pub(crate) const NOARP: u32 = 0x80;
    pub(crate) const PROMISC: u32 = 0x100;
    pub(crate) const ALLMULTI: u32 = 0x200;
    pub(crate) const MULTICAST: u32 = 0x1000;
    pub(crate) const LOWER_UP: u32 = 0x10000;
}

/// Hardware types of a link: `struct ifinfomsg`, `ifi_type`.
pub(crate) mod arphrd {
    pub(crate) const ETHER: u16 = 1;
    pub(crate) const LOOPBACK: u16 = 772;
}

/// A neighbour, and an address that a bridge knows: `struct ndmsg`, its
/// states, flags and attributes.
pub(crate) mod nda {
    pub(crate) const DST: u16 = 1;
    pub(crate) const LLADDR: u16 = 2;
    pub(crate) const CACHEINFO: u16 = 3;
    pub(crate) const VLAN: u16 = 5;
    pub(crate) const PORT: u16 = 6;
    pub(crate) const VNI: u16 = 7;
    pub(crate) const IFINDEX: u16 = 8;
    pub(crate) const MASTER: u16 = 9;

    pub(crate) const STATE_INCOMPLETE: u16 = 0x01;
    pub(crate) const STATE_REACHABLE: u16 = 0x02;
    pub(crate) const STATE_STALE: u16 = 0x04;
    pub(crate) const STATE_DELAY: u16 = 0x08;
    pub(crate) const STATE_PROBE: u16 = 0x10;
    pub(crate) const STATE_FAILED: u16 = 0x20;
    pub(crate) const STATE_NOARP: u16 = 0x40;
    pub(crate) const STATE_PERMANENT: u16 = 0x80;

    pub(crate) const FLAG_SELF: u8 = 0x02;
    pub(crate) const FLAG_MASTER: u8 = 0x04;
    pub(crate) const FLAG_STICKY: u8 = 0x40;
    pub(crate) const FLAG_PROXY: u8 = 0x08;
    pub(crate) const FLAG_ROUTER: u8 = 0x80;
}

/// Generic netlink, and ethtool's part of it: linux/genetlink.h, ethtool_netlink.h.
pub(crate) mod genl {
    pub(crate) const CONTROLLER: u16 = 0x10;
    pub(crate) const GET_FAMILY: u8 = 3;
    pub(crate) const FAMILY_ID: u16 = 1;
    pub(crate) const FAMILY_NAME: u16 = 2;

    pub(crate) const LINKMODES_GET: u8 = 4;
    pub(crate) const LINKMODES_AUTONEG: u16 = 2;
    pub(crate) const LINKMODES_SPEED: u16 = 5;
    pub(crate) const LINKMODES_DUPLEX: u16 = 6;
    pub(crate) const FEATURES_GET: u8 = 11;
    pub(crate) const FEATURES_SET: u8 = 12;
    pub(crate) const FEATURES_HEADER: u16 = 1;
    pub(crate) const FEATURES_HW: u16 = 2;
    pub(crate) const FEATURES_WANTED: u16 = 3;
    pub(crate) const FEATURES_ACTIVE: u16 = 4;
    pub(crate) const HEADER_INDEX: u16 = 1;
    pub(crate) const HEADER_NAME: u16 = 2;
    pub(crate) const BITSET_NOMASK: u16 = 1;
    pub(crate) const BITSET_BITS: u16 = 3;
    pub(crate) const BITS_BIT: u16 = 1;
    pub(crate) const BIT_NAME: u16 = 2;
    pub(crate) const BIT_VALUE: u16 = 3;
    /// Marks an attribute that holds others: newer families refuse a nest without it.
    pub(crate) const NESTED: u16 = 0x8000;
}

/// Attributes and flags of an address.
pub(crate) mod ifa {
    pub(crate) const ADDRESS: u16 = 1;
    pub(crate) const LOCAL: u16 = 2;
    pub(crate) const BROADCAST: u16 = 4;
    pub(crate) const CACHEINFO: u16 = 6;
    pub(crate) const FLAGS: u16 = 8;
    pub(crate) const PROTO: u16 = 11;

    /// The address comes from a router's advertisement.
    pub(crate) const PROTO_KERNEL_RA: u8 = 2;
    /// The address was lent to a jail. Numbers from 4 on are for programs to choose.
    pub(crate) const PROTO_LENT: u8 = b'k';
    pub(crate) const FOREVER: u32 = u32::MAX;

    /// The greatest of the numbers of the kernel's own addresses: loopback, advertisement,
    /// link-local.
    pub(crate) const PROTO_KERNEL_LAST: u8 = 3;
    pub(crate) const SCOPE_HOST: u8 = 254;

    pub(crate) const F_TEMPORARY: u32 = 0x1;
    pub(crate) const F_NODAD: u32 = 0x2;
    pub(crate) const F_DADFAILED: u32 = 0x8;
    pub(crate) const F_DEPRECATED: u32 = 0x20;
    pub(crate) const F_TENTATIVE: u32 = 0x40;
    pub(crate) const F_PERMANENT: u32 = 0x80;
    pub(crate) const F_NOPREFIXROUTE: u32 = 0x200;
    /// The flags that may be set: home address, managed temporary addresses, no route of the
    /// prefix, multicast joined.
    pub(crate) const F_SETTABLE: u32 = 0x10 | 0x100 | 0x200 | 0x400;
}

/// Attributes, tables, scopes and types of a route.
pub(crate) mod rta {
    pub(crate) const DST: u16 = 1;
    pub(crate) const IIF: u16 = 3;
    pub(crate) const OIF: u16 = 4;
    pub(crate) const GATEWAY: u16 = 5;
    pub(crate) const PRIORITY: u16 = 6;
    pub(crate) const PREFSRC: u16 = 7;
    pub(crate) const METRICS: u16 = 8;
    pub(crate) const MULTIPATH: u16 = 9;
    pub(crate) const CACHEINFO: u16 = 12;
    pub(crate) const TABLE: u16 = 15;
    pub(crate) const VIA: u16 = 18;
    pub(crate) const ENCAP_TYPE: u16 = 21;
    pub(crate) const ENCAP: u16 = 22;
    pub(crate) const EXPIRES: u16 = 23;
    pub(crate) const NH_ID: u16 = 30;

    pub(crate) const METRIC_MTU: u16 = 2;

    pub(crate) const TABLE_UNSPEC: u8 = 0;
    pub(crate) const TABLE_MAIN: u8 = 254;
    pub(crate) const TABLE_LOCAL: u8 = 255;
    pub(crate) const PROTOCOL_REDIRECT: u8 = 1;
    pub(crate) const PROTOCOL_KERNEL: u8 = 2;
    pub(crate) const PROTOCOL_STATIC: u8 = 4;
    pub(crate) const PROTOCOL_RA: u8 = 9;
    pub(crate) const SCOPE_UNIVERSE: u8 = 0;
    pub(crate) const SCOPE_LINK: u8 = 253;
    pub(crate) const SCOPE_NOWHERE: u8 = 255;
    pub(crate) const TYPE_UNSPEC: u8 = 0;
    pub(crate) const TYPE_UNICAST: u8 = 1;
    pub(crate) const TYPE_BLACKHOLE: u8 = 6;
    pub(crate) const TYPE_UNREACHABLE: u8 = 7;
    pub(crate) const TYPE_PROHIBIT: u8 = 8;
    /// In a request for one route: the answer is the table's entry, not the path that was found by
    /// it.
    pub(crate) const F_FIB_MATCH: u32 = 0x2000;
    /// The route is of no table: it is remembered from a packet.
    pub(crate) const F_CLONED: u32 = 0x200;
    /// The next hop is on the link, whatever the addresses say.
    pub(crate) const NH_ONLINK: u32 = 4;
}

/// Rules by which the kernel chooses a routing table: linux/fib_rules.h.
pub(crate) mod fra {
    pub(crate) const SRC: u16 = 2;
    pub(crate) const IIFNAME: u16 = 3;
    pub(crate) const PRIORITY: u16 = 6;
    pub(crate) const FWMARK: u16 = 10;
    pub(crate) const TABLE: u16 = 15;
    pub(crate) const FWMASK: u16 = 16;
    pub(crate) const PROTOCOL: u16 = 21;
    pub(crate) const IP_PROTO: u16 = 22;

    pub(crate) const LOOK_UP: u8 = 1;
    pub(crate) const UNREACHABLE: u8 = 7;
    /// The rule is for what it does not describe.
    pub(crate) const INVERT: u32 = 2;
    /// The rule is kletka's, and the route. Numbers from 4 on are for programs to choose.
    pub(crate) const PROTOCOL_OURS: u8 = b'k';
}

/// Traffic control: linux/pkt_sched.h, pkt_cls.h, tc_act/tc_mirred.h.
pub(crate) mod tc {
    pub(crate) const KIND: u16 = 1;
    pub(crate) const OPTIONS: u16 = 2;

    /// The place of an interface's hooks, and of the filters in them.
    pub(crate) const CLSACT: u32 = 0xffff_fff1;
    pub(crate) const CLSACT_HANDLE: u32 = 0xffff_0000;
    pub(crate) const INGRESS: u32 = 0xffff_fff2;
    pub(crate) const EGRESS: u32 = 0xffff_fff3;
    pub(crate) const ETH_P_ALL: u16 = 3;

    pub(crate) const U32_SEL: u16 = 5;
    pub(crate) const U32_ACT: u16 = 7;
    pub(crate) const U32_TERMINAL: u8 = 1;

    pub(crate) const ACT_KIND: u16 = 1;
    pub(crate) const ACT_OPTIONS: u16 = 2;
    /// `TC_ACT_UNSPEC`: the next filter decides.
    pub(crate) const ACT_NEXT: u32 = u32::MAX;

    pub(crate) const MIRRED_PARMS: u16 = 2;
    /// `struct tc_mirred`, and where its fields are.
    pub(crate) const MIRRED_LENGTH: usize = 28;
    pub(crate) const MIRRED_ACTION: usize = 8;
    pub(crate) const MIRRED_EACTION: usize = 20;
    pub(crate) const MIRRED_INDEX: usize = 24;
    pub(crate) const EGRESS_MIRROR: u32 = 2;
}

/// Address families.
pub(crate) mod af {
    pub(crate) const BRIDGE: u8 = 7;
    pub(crate) const INET: u8 = 2;
    pub(crate) const INET6: u8 = 10;
}
