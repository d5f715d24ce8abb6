//! Interfaces and routes over rtnetlink, in FreeBSD's vocabulary: `epair`, `bridge`, `vlan`, `lo0`.
//!
//! [`Netlink`] is a socket in one network namespace; every change is one request and one answer.
//! Names, units and errors are those of ifconfig(8) and route(8); veth, 802.1Q links and attribute
//! numbers stay in this crate. The command line belongs to `networds` and the applets.
//!
//! The codec (`wire`) is our own and has some two hundred lines. The crates netlink-packet-route,
//! -core and netlink-sys decode everything that the kernel may send; a static binary that lists
//! links with them is 763 KiB larger (measured with 0.34, 0.9 and 0.9, fat LTO), which is a quarter
//! of kletka.
//!
//! May use: `kernel`, `rustix`, `strerror`; system calls: sockets, /proc/sys/net.

mod address;
mod bridge;
mod capability;
mod carried;
mod change;
mod clone;
mod error;
mod fib;
mod gateway;
mod group;
mod inet;
mod inet6;
mod interface;
mod kind;
mod maker;
mod media;
mod name;
mod neighbour;
mod route;
mod rule;
mod saved;
mod snapshot;
mod span;
mod uapi;
mod wire;

pub use address::{
    EtherAddress, Identity, InterfaceAddress, Lifetimes, MalformedAddress, Prefix, netmask_length,
};
pub use bridge::{BridgeSetting, Learned, PortSetting, PortVlanChange, PortVlans, VlanSet};
pub use capability::{Capabilities, Capability, Ethtool};
pub use carried::{TABLE as TABLE_OF_CARRIED, Ways};
pub use change::{Joining, Mode};
pub use clone::Cloner;
pub use error::{Error, Request, strerror};
pub use fib::{Fib, expects_fib, may_have_fib};
pub use gateway::WaysOut;
pub use group::{GroupName, MalformedGroup};
pub use inet6::{Inet6Option, Inet6Options, keep_inet6_when_down};
pub use interface::{BridgePort, Counters, Flags, Interface, LaggPort};
pub use kind::{Bridge, Kind, LaggProtocol, Tunnel, TunnelKind, Vlan, Vxlan};
pub use maker::Maker;
pub use media::Media;
pub use name::{InterfaceName, NameTooLong};
pub use neighbour::{Neighbour, NeighbourState};
pub use route::{Route, RouteKind};
pub use rule::Rule;
pub use snapshot::Snapshot;
pub use wire::{Netlink, within};
