//! Span ports of a bridge: `span`, `-span` of ifconfig(8).
//!
//! A span port is no member; it gets a copy of every frame that the bridge handles. Linux's bridge
//! has no span ports, but traffic control can copy: two filters on the bridge itself (clsact) copy
//! what comes in and what the host sends (mirred). Frames that only pass through reach the filters
//! because the bridge listens to all frames (`PROMISC`). Filters and flag belong to the bridge:
//! they end with it, and apply to members that come later.
//!
//! The administrator's `promisc` is the same flag of Linux. While there are span ports, a third
//! filter stands for it and does nothing: if that filter is there when the last span port is
//! removed, the flag stays.

use rustix::io::Errno;

use crate::change::flags_by_index;
use crate::error::{Error, Request};
use crate::interface::{Flags, Interface};
use crate::kind::Kind;
use crate::name::InterfaceName;
use crate::uapi::{iff, nlm, rtm, tc};
use crate::wire::{Message, Netlink, find, text, u32_at};

/// Length of `struct tcmsg`.
const BODY: usize = 20;
/// The priorities of our filters, one for each span port. They tell our filters from others'.
const PRIORITIES: std::ops::RangeInclusive<u16> = 0x6b00..=0x6bff;
/// The priority of the filter that stands for the administrator's `promisc`.
const ASKED_FOR: u16 = 0x6c00;
/// The two hooks: what comes in, and what goes out.
const DIRECTIONS: [u32; 2] = [tc::INGRESS, tc::EGRESS];

/// A filter of ours that copies.
struct Filter {
    priority: u16,
    /// Where the copies go; 0: that interface no longer exists.
    to: u32,
}

impl Netlink {
    /// `span`: makes `port` a span port of `bridge`.
    ///
    /// # Errors
    /// `ENOENT`: no such interface; `EBUSY`: `port` is a span port already, or is in a bridge;
    /// `EINVAL`: `bridge` is no bridge; `EOPNOTSUPP`: this kernel cannot copy packets.
    pub fn add_span(&mut self, bridge: &InterfaceName, port: &InterfaceName) -> Result<(), Error> {
        let request = || Request::Other(format!("BRDGADDS {port}"));
        let to = self.check_span(port)?;
        let on = self.spanned(bridge, request)?;
        if to.master.is_some() {
            return Err(request().refused(Errno::BUSY));
        }
        let known = self.living_spans(on.index)?;
        if known.iter().any(|filter| filter.to == to.index) {
            return Err(request().refused(Errno::BUSY));
        }
        let taken = |priority: &u16| known.iter().any(|filter| filter.priority == *priority);
        let priority = PRIORITIES.into_iter().find(|priority| !taken(priority));
        let priority = priority.ok_or_else(|| request().refused(Errno::NOSPC))?;
        // Asked for again: the flag was cleared if the last of the old span ports turned out to be
        // gone.
        let is_asked_for = known.is_empty() && self.link(bridge)?.flags.has(Flags::PROMISC);
        let made = self.copy(on.index, to.index, priority, is_asked_for);
        made.map_err(|errno| {
            // What was begun is removed again. If that fails too, the first error says more.
            let _ = self.end_copies(on.index, priority);
            if is_asked_for {
                let _ = self.listen_to_all(on.index, true);
            }
            match errno {
                Errno::NOENT | Errno::OPNOTSUPP => request().refused_because(
                    Errno::OPNOTSUPP,
                    "this kernel cannot copy packets: load the modules sch_ingress, cls_u32 and act_mirred",
                ),
                errno => request().refused(errno),
            }
        })
    }

    /// Checks whether frames can be sent out by `port`; changes nothing.
    ///
    /// # Errors
    /// `ENOENT`: there is no such interface; `EINVAL`: the interface sends no frames, or is a
    /// bridge.
    pub fn check_span(&mut self, port: &InterfaceName) -> Result<Interface, Error> {
        let request = || Request::Other(format!("BRDGADDS {port}"));
        let found = self.span_port(port, request)?;
        match found.kind {
            // A bridge hands what it is sent to its members, so a copy would come by again and
            // again.
            Kind::Bridge(_) | Kind::Loopback | Kind::Tun | Kind::Wireguard | Kind::Tunnel(..) => {
                Err(request().refused(Errno::INVAL))
            }
            _ => Ok(found),
        }
    }

    /// `-span`: ends the copies to `port`.
    ///
    /// # Errors
    /// `ENOENT`: `port` is no span port of this bridge.
    pub fn remove_span(
        &mut self,
        bridge: &InterfaceName,
        port: &InterfaceName,
    ) -> Result<(), Error> {
        let request = || Request::Other(format!("BRDGDELS {port}"));
        let from = self.span_port(port, request)?.index;
        let on = self.spanned(bridge, request)?;
        let known = self.living_spans(on.index)?;
        let found = known.iter().find(|filter| filter.to == from);
        let found = found.ok_or_else(|| request().refused(Errno::NOENT))?;
        self.end_copies(on.index, found.priority).map_err(|errno| request().refused(errno))
    }

    /// Looks up the span ports of every bridge among `interfaces`.
    ///
    /// # Errors
    /// `Listing`.
    pub fn find_spans(&mut self, interfaces: &mut [Interface]) -> Result<(), Error> {
        for interface in interfaces {
            let Kind::Bridge(bridge) = &mut interface.kind else { continue };
            let filters = self.filters(interface.index).map_err(Error::Listing)?;
            // A port that no longer exists has no name to list.
            bridge.spans = filters.iter().map(|it| it.to).filter(|to| *to != 0).collect();
        }
        Ok(())
    }

    /// Whether `port` is a span port of `bridge`.
    pub(crate) fn has_span(&mut self, bridge: &Interface, port: u32) -> Result<bool, Error> {
        let filters = self.filters(bridge.index).map_err(Error::Listing)?;
        Ok(filters.iter().any(|filter| filter.to == port))
    }

    /// Notes whether the administrator wants `bridge` to listen to all frames, while its span ports
    /// make it do so in any case. `false`: there are no span ports, and the flag alone says it.
    pub(crate) fn keep_asked_for(&mut self, bridge: u32, on: bool) -> Result<bool, Error> {
        // A span port that is gone must not hold the flag: its filters are removed on the way.
        if self.living_spans(bridge)?.is_empty() {
            return Ok(false);
        }
        let kept = if on { self.ask_for(bridge) } else { self.end_asked_for(bridge) };
        kept.map(|()| true).map_err(Error::Listing)
    }

    fn span_port(
        &mut self,
        name: &InterfaceName,
        request: impl Fn() -> Request,
    ) -> Result<Interface, Error> {
        self.link(name).map_err(|error| match error {
            Error::NoInterface(_) => request().refused(Errno::NOENT),
            error => error,
        })
    }

    fn spanned(
        &mut self,
        name: &InterfaceName,
        request: impl Fn() -> Request,
    ) -> Result<Interface, Error> {
        let found = self.link(name)?;
        if matches!(found.kind, Kind::Bridge(_)) {
            return Ok(found);
        }
        Err(request().refused_because(Errno::INVAL, "span is for bridges"))
    }

    /// The span ports of a bridge. The filters of a port that is gone are removed.
    fn living_spans(&mut self, bridge: u32) -> Result<Vec<Filter>, Error> {
        let found = self.filters(bridge).map_err(Error::Listing)?;
        let (living, gone): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.to != 0);
        for filter in gone {
            self.end_copies(bridge, filter.priority).map_err(Error::Listing)?;
        }
        Ok(living)
    }

    /// The filters that copy, one for each span port.
    fn filters(&mut self, bridge: u32) -> Result<Vec<Filter>, Errno> {
        let found = self.dump(
            || Message::new(rtm::GETTFILTER, 0, &tcmsg(bridge, 0, tc::EGRESS, 0)),
            |found: &mut Vec<Filter>, body: &[u8]| found.extend(parse(body)),
        );
        let mut found = match found {
            // A kernel without traffic control has no such table.
            Err(Errno::OPNOTSUPP) => Vec::new(),
            found => found?,
        };
        // The kernel lists the filters of both hooks, so each priority comes twice.
        found.sort_by_key(|filter| filter.priority);
        found.dedup_by_key(|filter| filter.priority);
        Ok(found)
    }

    /// Makes the two filters of a span port, and what they need.
    fn copy(
        &mut self,
        bridge: u32,
        to: u32,
        priority: u16,
        is_asked_for: bool,
    ) -> Result<(), Errno> {
        let body = tcmsg(bridge, tc::CLSACT_HANDLE, tc::CLSACT, 0);
        let mut hook = Message::new(rtm::NEWQDISC, nlm::CREATE | nlm::EXCL, &body);
        hook.string(tc::KIND, "clsact");
        match self.change(hook) {
            // Somebody else may have made the hook.
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
        // Before the flag is set for the filters' sake: afterwards nobody could tell whose flag it
        // is.
        if is_asked_for {
            self.ask_for(bridge)?;
        }
        for direction in DIRECTIONS {
            self.change(filter(bridge, direction, to, priority))?;
        }
        self.listen_to_all(bridge, true)
    }

    /// Removes the filters of one priority, and with the last of them what they needed.
    fn end_copies(&mut self, bridge: u32, priority: u16) -> Result<(), Errno> {
        for direction in DIRECTIONS {
            self.end_filter(bridge, direction, priority)?;
        }
        if !self.filters(bridge)?.is_empty() {
            return Ok(());
        }
        if self.priorities(bridge, tc::INGRESS)?.contains(&ASKED_FOR) {
            self.end_asked_for(bridge)?;
        } else {
            self.listen_to_all(bridge, false)?;
        }
        for direction in DIRECTIONS {
            // The hook stays while somebody else's filters are in it.
            if !self.priorities(bridge, direction)?.is_empty() {
                return Ok(());
            }
        }
        let body = tcmsg(bridge, tc::CLSACT_HANDLE, tc::CLSACT, 0);
        match self.change(Message::new(rtm::DELQDISC, 0, &body)) {
            // It was removed already, with its interface or by somebody else.
            Ok(()) | Err(Errno::NOENT | Errno::INVAL) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// The priorities of all filters, also of somebody else's.
    fn priorities(&mut self, bridge: u32, direction: u32) -> Result<Vec<u16>, Errno> {
        let request = || Message::new(rtm::GETTFILTER, 0, &tcmsg(bridge, 0, direction, 0));
        self.dump(request, |found: &mut Vec<u16>, body: &[u8]| found.extend(priority_of(body)))
    }

    /// Makes the filter that stands for the administrator's `promisc`.
    fn ask_for(&mut self, bridge: u32) -> Result<(), Errno> {
        match self.change(idle_filter(bridge, tc::INGRESS, ASKED_FOR)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    fn end_asked_for(&mut self, bridge: u32) -> Result<(), Errno> {
        self.end_filter(bridge, tc::INGRESS, ASKED_FOR)
    }

    fn end_filter(&mut self, bridge: u32, direction: u32, priority: u16) -> Result<(), Errno> {
        let body = tcmsg(bridge, 0, direction, info(priority));
        match self.change(Message::new(rtm::DELTFILTER, 0, &body)) {
            Ok(()) | Err(Errno::NOENT | Errno::INVAL) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    fn listen_to_all(&mut self, bridge: u32, on: bool) -> Result<(), Errno> {
        let flags = if on { iff::PROMISC } else { 0 };
        self.change(flags_by_index(bridge, flags, iff::PROMISC))
    }
}

/// `struct tcmsg`.
fn tcmsg(index: u32, handle: u32, parent: u32, info: u32) -> [u8; BODY] {
    let mut body = [0; BODY];
    for (at, value) in [(4, index), (8, handle), (12, parent), (16, info)] {
        body[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }
    body
}

/// `tcm_info`: a filter's priority, and that the filter looks at all protocols.
fn info(priority: u16) -> u32 {
    u32::from(priority) << 16 | u32::from(tc::ETH_P_ALL.to_be())
}

/// A filter that takes every packet and has a copy of it sent out by `to`.
fn filter(bridge: u32, direction: u32, to: u32, priority: u16) -> Message {
    let body = tcmsg(bridge, 0, direction, info(priority));
    let mut message = Message::new(rtm::NEWTFILTER, nlm::CREATE | nlm::EXCL, &body);
    message.string(tc::KIND, "u32").nest(tc::OPTIONS, |options| {
        options.attribute(tc::U32_SEL, &selector(tc::U32_TERMINAL));
        // The first of a list of actions, which count from 1.
        options.nest(tc::U32_ACT, |actions| {
            actions.nest(1, |action| {
                action.string(tc::ACT_KIND, "mirred").nest(tc::ACT_OPTIONS, |mirred| {
                    mirred.attribute(tc::MIRRED_PARMS, &mirror(to));
                });
            });
        });
    });
    message
}

/// A filter that takes no packet.
fn idle_filter(bridge: u32, direction: u32, priority: u16) -> Message {
    let body = tcmsg(bridge, 0, direction, info(priority));
    let mut message = Message::new(rtm::NEWTFILTER, nlm::CREATE | nlm::EXCL, &body);
    message.string(tc::KIND, "u32").nest(tc::OPTIONS, |options| {
        options.attribute(tc::U32_SEL, &selector(0));
    });
    message
}

/// `struct tc_u32_sel` with one key, which matches every packet: its mask is 0.
fn selector(flags: u8) -> [u8; 32] {
    let mut selector = [0; 32];
    (selector[0], selector[2]) = (flags, 1);
    selector
}

/// `struct tc_mirred`: a copy is sent, and the packet goes on to the next filter.
fn mirror(to: u32) -> [u8; tc::MIRRED_LENGTH] {
    let mut parameters = [0; tc::MIRRED_LENGTH];
    let fields = [
        (tc::MIRRED_ACTION, tc::ACT_NEXT),
        (tc::MIRRED_EACTION, tc::EGRESS_MIRROR),
        (tc::MIRRED_INDEX, to),
    ];
    for (at, value) in fields {
        parameters[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }
    parameters
}

/// The priority of a filter, from the body of an `RTM_NEWTFILTER`.
fn priority_of(body: &[u8]) -> Option<u16> {
    Some((u32_at(body, 16)? >> 16) as u16)
}

/// A filter of ours, from the body of an `RTM_NEWTFILTER`.
fn parse(body: &[u8]) -> Option<Filter> {
    let priority = priority_of(body)?;
    let options = find(body.get(BODY..)?, tc::OPTIONS)?;
    let action = find(find(options, tc::U32_ACT)?, 1)?;
    // A priority may be somebody else's by chance: only a filter that copies is ours.
    let ours = PRIORITIES.contains(&priority)
        && find(action, tc::ACT_KIND).map(text).as_deref() == Some("mirred");
    let parameters = find(find(action, tc::ACT_OPTIONS)?, tc::MIRRED_PARMS)?;
    let to = u32_at(parameters, tc::MIRRED_INDEX)?;
    ours.then_some(Filter { priority, to })
}
