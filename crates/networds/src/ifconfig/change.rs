//! The changes that ifconfig(8) can make of an interface, as plain values.

use std::net::IpAddr;

use netif::{
    BridgeSetting, Capability, EtherAddress, Fib, GroupName, Inet6Option, InterfaceAddress,
    InterfaceName, LaggProtocol, Mode, PortSetting, PortVlanChange, Tunnel,
};

/// One change of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `up`.
    Up,
    /// `down`.
    Down,
    /// `mtu`, in bytes.
    Mtu(u32),
    /// `fib`.
    Fib(Fib),
    /// `promisc`, `-arp` and the like.
    Mode(Mode, OnOff),
    /// `ether ADDRESS`.
    Ether(EtherAddress),
    /// `ether random`.
    RandomEther,
    /// `descr`; an empty text is `-descr`.
    Description(String),
    /// `name`.
    Rename(InterfaceName),
    /// `group`.
    Group(GroupName),
    /// `-group`.
    Ungroup(GroupName),
    /// `rxcsum`, `-tso` and the like: what the hardware does.
    Capability(Vec<Capability>, OnOff),
    /// `ifdisabled`, `-accept_rtadv` and the like: what the interface does about IPv6.
    Inet6(Inet6Option, bool),
    /// A change of a bridge; the interface must be one.
    Bridge(BridgeChange),
    /// `laggport`.
    LaggPort(InterfaceName),
    /// `-laggport`.
    RemoveLaggPort(InterfaceName),
    /// `laggproto`.
    LaggProtocol(LaggProtocol),
    /// `tunnel`.
    Tunnel(Tunnel),
    /// `vlanpcp`.
    VlanPriority(u8),
    /// `vnet`: gives the interface to a jail.
    Vnet(String),
    /// `-vnet`: takes the interface back from a jail.
    Reclaim(String),
    /// `destroy`.
    Destroy,
    /// An address is added.
    Address(NewAddress),
    /// `-alias`, `delete`: an address is removed.
    DeleteAddress(IpAddr),
    /// `delete` without an address.
    DeleteFirstInet,
}

/// One change of a bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BridgeChange {
    /// `addm`, and the vlans that the member gets at once.
    AddMember(InterfaceName, Vec<PortVlanChange>),
    /// `deletem`.
    DeleteMember(InterfaceName),
    /// `span`.
    Span(InterfaceName),
    /// `-span`.
    RemoveSpan(InterfaceName),
    /// A setting of the bridge as a whole.
    Set(BridgeSetting),
    /// A setting of one member.
    SetMember(InterfaceName, PortSetting),
    /// `vlanfilter`.
    VlanFilter(bool),
    /// `defuntagged`.
    DefaultUntagged(Option<u16>),
    /// `ifuntagged`, `iftagged` and the like.
    MemberVlans(InterfaceName, PortVlanChange),
    /// `stp`: the spanning tree, for a member.
    Stp(InterfaceName, bool),
    /// `addr`: prints the addresses that the bridge has learned.
    ShowAddresses,
    /// `static`: puts an address behind a member, where it stays.
    Static(InterfaceName, EtherAddress),
    /// `deladdr`.
    Forget(EtherAddress),
    /// `flush`: forgets the addresses that were learned.
    Flush,
    /// `flushall`: forgets the addresses of `static` as well.
    FlushAll,
}

/// A switch as it was turned, and the word that turned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnOff {
    /// Whether the word turns it on.
    pub on: bool,
    /// The word, including a minus; error messages begin with it.
    pub word: String,
}

/// An address that an interface gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAddress {
    /// The address, and all that the line says of it.
    pub address: InterfaceAddress,
    /// The address takes the place of the first one: an IPv4 address without `alias`.
    pub replaces: bool,
    /// The length of the prefix follows from the address's class, because no mask was given.
    pub guessed: bool,
    /// `eui64`: the lower half of the address is that of the interface's link-local one.
    pub eui64: bool,
}
