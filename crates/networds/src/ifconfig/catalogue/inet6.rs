//! The words of ifconfig(8) for IPv6: af_inet6.c, af_nd6.c.

use netif::Inet6Option;

use crate::ifconfig::action::Action::{self, Alone, With};
use crate::ifconfig::address::Lifetime::{Preferred, Valid};
use crate::word::Argument::Value;
use crate::word::{Word, switch, word};

#[rustfmt::skip]
pub(super) const WORDS: &[Word<Action>] = &[
    // Of an address.
    word(&["pltime"], "For how many seconds the address is preferred")
        .full(With(Value("seconds"), |line, said, text| line.set_lifetime(said, Preferred, text))),
    word(&["vltime"], "For how many seconds the address is there")
        .full(With(Value("seconds"), |line, said, text| line.set_lifetime(said, Valid, text))),
    switch(&["deprecated"], "New connections use another address")
        .partly("on Linux an address whose preferred time is over",
            Alone(|line, said| line.set_deprecated(said.on))),
    word(&["eui64"], "The lower half of the address is that of the link-local one")
        .partly("on Linux an interface has that one when it is up",
            Alone(|line, said| line.set_eui64(said.word))),
    switch(&["anycast"], "The address is one of many hosts")
        .refused("an address of many hosts is no address of an interface"),
    switch(&["tentative"], "It is not known yet whether another host has the address")
        .refused("the kernel alone says it of an address"),
    switch(&["autoconf"], "The address follows from what a router has said")
        .refused("the kernel alone says it of an address"),
    switch(&["prefer_source"], "Packets leave with this address")
        .refused("ip-addrlabel(8) says which address packets leave with"),

    // Of an interface: the line `nd6 options` of a listing says which of these are on.
    switch(&["accept_rtadv"], "Listens to routers: `accept_ra`")
        .partly("on by default, other than on FreeBSD, until IPv6 is forwarded; where this word \
                asked for it, routers are heard then too",
            Alone(|line, said| line.inet6(said, Inet6Option::AcceptRtadv))),
    switch(&["ifdisabled"], "There is no IPv6: `disable_ipv6`")
        .partly("the interface loses its IPv6 addresses, which FreeBSD keeps",
            Alone(|line, said| line.inet6(said, Inet6Option::Disabled))),
    switch(&["auto_linklocal"], "Gets a link-local address by itself: `addr_gen_mode`")
        .full(Alone(|line, said| line.inet6(said, Inet6Option::AutoLinkLocal))),
    switch(&["no_dad"], "Does not look whether another host has an address: `accept_dad`")
        .full(Alone(|line, said| line.inet6(said, Inet6Option::NoDuplicateDetection))),
    switch(&["no_radr"], "Takes no default route from a router: `accept_ra_defrtr`")
        .full(Alone(|line, said| line.inet6(said, Inet6Option::NoDefaultRouter))),
    switch(&["no_prefer_iface"], "Packets may leave with an address of another interface")
        .refused("ip-addrlabel(8) says which address packets leave with"),
    switch(&["nud"], "Asks whether a neighbour is still there")
        .refused("the kernel always asks whether a neighbour is still there"),
    switch(&["defaultif"], "What has no route leaves through the interface")
        .refused("route -6 add default -iface IF does it"),
    switch(&["stableaddr"], "Addresses follow from a secret, not from the link-level address")
        .refused("net.ipv6.conf.IF.addr_gen_mode does it"),
    switch(&["ipv6_only"], "There is no IPv4").absent(),
];
