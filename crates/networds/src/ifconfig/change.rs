//! The changes that ifconfig(8) can make of an interface, as plain values.

use std::net::IpAddr;

use netif::{
    BridgeSetting, Capability, EtherAddress, GroupName, Inet6Option, InterfaceAddress,
    InterfaceName, LaggProtocol, Mode, PortSetting, Tunnel,
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
    /// `promisc`, `-arp` and the like.
    Mode(Mode, OnOff),
    /// `ether ADDRESS`.
    Ether(EtherAddress),
    /// `ether random`.
    RandomEther,
    /// `descr`; empty: `-descr`.
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
    /// The interface is a bridge, and this is changed of it.
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
    /// `vnet`: to the jail.
    Vnet(String),
    /// `-vnet`: back from the jail.
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
    /// `addm`.
    AddMember(InterfaceName),
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
    /// `stp`: the spanning tree, for a member.
    Stp(InterfaceName, bool),
    /// `addr`: the addresses that it has learned are printed.
    ShowAddresses,
    /// `static`: an address that is behind a member, and stays there.
    Static(InterfaceName, EtherAddress),
    /// `deladdr`.
    Forget(EtherAddress),
    /// `flush`: what was learned is forgotten.
    Flush,
    /// `flushall`: what was put there by `static` is forgotten as well.
    FlushAll,
}

/// A switch, and the word that turned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnOff {
    /// It was turned on.
    pub on: bool,
    /// The word, with its minus.
    pub word: String,
}

/// An address that an interface is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAddress {
    /// The address, and all that was said of it.
    pub address: InterfaceAddress,
    /// Without `alias` an IPv4 address takes the place of the first one.
    pub replaces: bool,
    /// No mask was given: it follows from the address's class.
    pub guessed: bool,
    /// `eui64`: the lower half of the address is that of the interface's link-local one.
    pub eui64: bool,
}
