//! The names, and where Linux keeps their values.

use std::io;

use crate::computed;

/// A name of FreeBSD's, and what Linux has for it.
pub struct Oid {
    /// The name, such as `kern.ostype`.
    pub name: &'static str,
    pub(crate) source: Source,
    /// What the value is: `-d`.
    pub about: &'static str,
}

/// Where a value comes from.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// A file with a number, which may be written.
    Switch(&'static str),
    /// A file with a text, which may be written.
    Text(&'static str),
    /// A file with a switch of the opposite meaning.
    Inverse(&'static str),
    /// A file with a number that exists only if a module is loaded; without the module the value is
    /// 0. The module is named when another value is asked for.
    Module(&'static str, &'static str),
    /// A file with the value, which cannot be written.
    File(&'static str),
    /// The value is computed from files that hold more.
    Computed(fn() -> io::Result<String>),
    /// The value is always the same.
    Constant(&'static str),
}

impl Oid {
    /// The type of the value, as `-t` prints it: `ctl_typename` of FreeBSD's sysctl.c.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.name {
            "hw.machine" | "hw.machine_arch" | "hw.model" | "kern.hostuuid"
            | "security.jail.env" => "string",
            "hw.physmem" | "kern.hostid" => "unsigned long",
            "kern.ipc.somaxconn" | "net.fibs" | "security.jail.jail_max_af_ips" => {
                "unsigned integer"
            }
            "kern.racct.enable" => "uint8_t",
            // Structures, of which sysctl(8) writes the fields.
            "kern.boottime" | "vm.loadavg" => "opaque",
            _ => match self.source {
                Source::Text(_) | Source::File(_) => "string",
                _ => "integer",
            },
        }
    }
}

impl Source {
    /// Whether the value can be changed.
    pub(crate) const fn can_be_changed(self) -> bool {
        matches!(self, Self::Switch(_) | Self::Text(_) | Self::Inverse(_) | Self::Module(..))
    }
}

/// All names, sorted: listings print them in this order.
#[rustfmt::skip]
pub const TABLE: &[Oid] = &[
    Oid { name: "hw.machine",                       source: Source::Constant(computed::MACHINE), about: "Kind of machine" },
    Oid { name: "hw.machine_arch",                  source: Source::Constant(computed::MACHINE_ARCH), about: "Architecture of programs" },
    Oid { name: "hw.model",                         source: Source::Computed(computed::model), about: "Name of the processor" },
    Oid { name: "hw.ncpu",                          source: Source::Computed(computed::processors), about: "Processors that are running" },
    Oid { name: "hw.pagesize",                      source: Source::Computed(computed::page_size), about: "Bytes of a page of memory" },
    Oid { name: "hw.physmem",                       source: Source::Computed(computed::memory), about: "Memory of the machine in bytes" },
    Oid { name: "kern.boottime",                    source: Source::Computed(computed::boot_time), about: "When the machine was started, in UTC" },
    Oid { name: "kern.domainname",                  source: Source::Text("/proc/sys/kernel/domainname"), about: "Name of the YP/NIS domain" },
    Oid { name: "kern.features.inet",               source: Source::Constant("1"), about: "Internet Protocol version 4" },
    Oid { name: "kern.features.inet6",              source: Source::Computed(computed::has_inet6), about: "Internet Protocol version 6" },
    Oid { name: "kern.features.vimage",             source: Source::Constant("1"), about: "Jails may have a network of their own" },
    Oid { name: "kern.hostid",                      source: Source::Computed(computed::host_id), about: "Number of this machine" },
    Oid { name: "kern.hostname",                    source: Source::Text("/proc/sys/kernel/hostname"), about: "Name of this machine" },
    Oid { name: "kern.hostuuid",                    source: Source::Computed(computed::host_uuid), about: "UUID of this machine" },
    Oid { name: "kern.ipc.somaxconn",               source: Source::Switch("/proc/sys/net/core/somaxconn"), about: "Longest queue of connections that wait to be accepted" },
    Oid { name: "kern.osreldate",                   source: Source::Computed(computed::release_number), about: "Release of FreeBSD whose jails these are" },
    Oid { name: "kern.osrelease",                   source: Source::File("/proc/sys/kernel/osrelease"), about: "Release of the operating system" },
    Oid { name: "kern.ostype",                      source: Source::File("/proc/sys/kernel/ostype"), about: "Name of the operating system" },
    Oid { name: "kern.racct.enable",                source: Source::Constant("0"), about: "What jails use is counted for rctl(8)" },
    Oid { name: "kern.securelevel",                 source: Source::Computed(computed::securelevel), about: "What is forbidden even to root: jail(8), securelevel" },
    Oid { name: "kern.smp.cpus",                    source: Source::Computed(computed::processors), about: "Processors that are running" },
    Oid { name: "net.add_addr_allfibs",             source: Source::Constant("0"), about: "An interface's address adds its route to all routing tables" },
    Oid { name: "net.fibs",                         source: Source::Constant("16"), about: "Number of routing tables" },
    Oid { name: "net.inet.icmp.bmcastecho",         source: Source::Inverse("/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts"), about: "Answer echo requests that were sent to all" },
    Oid { name: "net.inet.ip.forwarding",           source: Source::Switch("/proc/sys/net/ipv4/ip_forward"), about: "Forward packets between interfaces" },
    Oid { name: "net.inet.ip.redirect",             source: Source::Switch("/proc/sys/net/ipv4/conf/all/send_redirects"), about: "Tell senders of better routes" },
    Oid { name: "net.inet.ip.sourceroute",          source: Source::Switch("/proc/sys/net/ipv4/conf/all/accept_source_route"), about: "Forward packets whose sender chose the route" },
    Oid { name: "net.inet.ip.ttl",                  source: Source::Switch("/proc/sys/net/ipv4/ip_default_ttl"), about: "Hops that a packet may take" },
    Oid { name: "net.inet.tcp.syncookies",          source: Source::Switch("/proc/sys/net/ipv4/tcp_syncookies"), about: "Answer floods of connections with cookies" },
    Oid { name: "net.inet6.ip6.accept_rtadv",       source: Source::Switch("/proc/sys/net/ipv6/conf/default/accept_ra"), about: "Accept routers' advertisements on new interfaces" },
    Oid { name: "net.inet6.ip6.dad_count",          source: Source::Switch("/proc/sys/net/ipv6/conf/default/dad_transmits"), about: "Questions by which an address is proven unique" },
    Oid { name: "net.inet6.ip6.forwarding",         source: Source::Switch("/proc/sys/net/ipv6/conf/all/forwarding"), about: "Forward packets between interfaces" },
    Oid { name: "net.inet6.ip6.hlim",               source: Source::Switch("/proc/sys/net/ipv6/conf/default/hop_limit"), about: "Hops that a packet may take" },
    Oid { name: "net.inet6.ip6.use_tempaddr",       source: Source::Switch("/proc/sys/net/ipv6/conf/default/use_tempaddr"), about: "Use temporary addresses on new interfaces" },
    Oid { name: "net.link.bridge.inherit_mac",      source: Source::Constant("0"), about: "A bridge takes the address of its first member" },
    Oid { name: "net.link.bridge.ipfw",             source: Source::Constant("0"), about: "Filter a bridge's frames by layer 2" },
    Oid { name: "net.link.bridge.log_stp",          source: Source::Constant("0"), about: "Log what the spanning tree does" },
    // Linux filters a bridge's frames on the bridge itself; members have no filter of their own.
    Oid { name: "net.link.bridge.pfil_bridge",      source: Source::Module("/proc/sys/net/bridge/bridge-nf-call-iptables", "br_netfilter"), about: "Filter packets on the bridge" },
    Oid { name: "net.link.bridge.pfil_local_phys",  source: Source::Constant("0"), about: "Filter packets for the bridge on the member that they came by" },
    Oid { name: "net.link.bridge.pfil_member",      source: Source::Constant("0"), about: "Filter packets on the members of a bridge" },
    Oid { name: "net.link.bridge.pfil_onlyip",      source: Source::Constant("1"), about: "Pass only IP when filtering" },
    Oid { name: "net.link.epair.ether_gen_addr",    source: Source::Constant("1"), about: "The addresses of an epair follow from its name" },
    Oid { name: "net.my_fibnum",                    source: Source::Computed(computed::fib), about: "Routing table of this process" },
    Oid { name: "security.jail.env",                source: Source::Computed(computed::env), about: "What the administrator tells this jail" },
    Oid { name: "security.jail.jail_max_af_ips",    source: Source::Constant("255"), about: "Most addresses of a family that a jail may have" },
    Oid { name: "security.jail.jailed",             source: Source::Computed(computed::jailed), about: "This process is in a jail" },
    Oid { name: "security.jail.vnet",               source: Source::Computed(computed::vnet), about: "This jail has a network of its own" },
    Oid { name: "vm.loadavg",                       source: Source::Computed(computed::load), about: "How many processes wanted to run in the last 1, 5 and 15 minutes" },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_fibs_as_it_says() {
        let oid = TABLE.iter().find(|oid| oid.name == "net.fibs").unwrap();
        assert_eq!(oid.read().unwrap(), netif::Fib::COUNT.to_string());
    }

    #[test]
    fn the_table_is_sorted_and_every_name_can_be_read() {
        assert!(TABLE.is_sorted_by_key(|oid| oid.name));
        for oid in TABLE {
            let may_be_empty = oid.name == "security.jail.env";
            assert!(
                oid.read().is_ok_and(|value| may_be_empty || !value.is_empty()),
                "{}",
                oid.name
            );
        }
    }
}
