//! Which vlans the members of a bridge are in, while the bridge looks at tags: bridge(4), "VLAN
//! support".
//!
//! FreeBSD's `untagged` is Linux's PVID whose tag is taken off, and `tagged` are all other entries
//! of a port. A port gets its entries when it has joined, and the bridges that are made here give a
//! new port none: until then nothing passes.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

use rustix::io::Errno;

use crate::change::{by_index, link_body};
use crate::error::{Error, Request};
use crate::interface::Interface;
use crate::kind::{Bridge, Kind};
use crate::name::InterfaceName;
use crate::uapi::{af, bridge, ifla, rtm};
use crate::wire::{LINK_BODY, Message, Netlink, attributes, find, u16_at, u32_at};

/// The tags that a frame may have: 0 and 4095 are reserved by IEEE 802.1Q.
const TAGS: RangeInclusive<u16> = 1..=4094;

/// Tags of 802.1Q, 1 to 4094.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VlanSet(BTreeSet<u16>);

impl VlanSet {
    /// Reads a list as ifconfig(8) takes it: `2-3,128`, `all`, `none`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => return Some(Self::default()),
            "all" => return Some(Self(TAGS.collect())),
            _ => {}
        }
        let mut set = BTreeSet::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (tag(first)?, tag(last)?);
            if last < first {
                return None;
            }
            set.extend(first..=last);
        }
        Some(Self(set))
    }

    /// Whether there is no tag in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn ranges(&self) -> Vec<RangeInclusive<u16>> {
        let mut ranges: Vec<RangeInclusive<u16>> = Vec::new();
        for &tag in &self.0 {
            match ranges.last_mut() {
                Some(last) if last.end() + 1 == tag => *last = *last.start()..=tag,
                _ => ranges.push(tag..=tag),
            }
        }
        ranges
    }
}

/// The list as ifconfig(8) prints it.
impl fmt::Display for VlanSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.ranges().into_iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let (first, last) = range.into_inner();
            write!(f, "{comma}{first}")?;
            if last != first {
                write!(f, "-{last}")?;
            }
        }
        Ok(())
    }
}

fn tag(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|tag| plain && TAGS.contains(tag))
}

/// The vlans of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortVlans {
    /// The vlan of frames without a tag.
    pub untagged: Option<u16>,
    /// The vlans whose frames have their tag.
    pub tagged: VlanSet,
}

/// A change of the vlans of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortVlanChange {
    /// `ifuntagged`, and with `None` `-ifuntagged`.
    Untagged(Option<u16>),
    /// `iftagged`: these and no others.
    Tagged(VlanSet),
    /// `+iftagged`.
    AddTagged(VlanSet),
    /// `-iftagged`.
    RemoveTagged(VlanSet),
}

impl PortVlanChange {
    /// FreeBSD's name of the request.
    fn request(&self) -> Request {
        Request::Other(match self {
            Self::Untagged(None) => "BRDGSIFPVID".to_owned(),
            Self::Untagged(Some(tag)) => format!("BRDGSIFPVID {tag}"),
            Self::Tagged(set) | Self::AddTagged(set) | Self::RemoveTagged(set) => {
                let list = if set.is_empty() { "none".to_owned() } else { set.to_string() };
                format!("BRDGSIFVLANSET {list}")
            }
        })
    }
}

impl Netlink {
    /// `vlanfilter`: makes a bridge look at the tags of frames, or no longer. Vlans that are on the
    /// bridge go on being the host's way into their tag.
    ///
    /// # Errors
    /// `EOPNOTSUPP`: the kernel cannot; `EBUSY`: without the filter, members would no longer be
    /// kept apart.
    pub fn set_vlan_filter(&mut self, name: &InterfaceName, on: bool) -> Result<(), Error> {
        let request = || Request::Other("BRDGSFLAGS".to_owned());
        let (index, known) = self.filtering_bridge(name, request)?;
        if known.vlan_filter == Some(on) {
            return Ok(());
        }
        if on {
            let links = self.links()?;
            let above = links.iter().filter_map(|link| match link.kind {
                Kind::Vlan { tag, parent, .. } if parent == Some(index) => Some(tag),
                _ => None,
            });
            self.admit_host(index, &VlanSet(above.collect()))
                .map_err(|errno| request().refused(errno))?;
        } else if self.has_vlans(index)? {
            let because = "without vlanfilter Linux would not keep members apart: first \
                           -ifuntagged IF and iftagged IF none";
            return Err(request().refused_because(Errno::BUSY, because));
        }
        self.set_filter(index, on).map_err(|errno| request().refused(errno))
    }

    /// `defuntagged`: the vlan of frames without a tag that each new member gets; `None`: none.
    ///
    /// # Errors
    /// `EOPNOTSUPP`: the kernel cannot; `EBUSY`: the bridge has members.
    pub fn set_default_untagged(
        &mut self,
        name: &InterfaceName,
        tag: Option<u16>,
    ) -> Result<(), Error> {
        let request = || Request::Other("BRDGSDEFPVID".to_owned());
        let (index, known) = self.filtering_bridge(name, request)?;
        if known.default_untagged == tag {
            return Ok(());
        }
        // The kernel would change members too that are there, and FreeBSD leaves those alone.
        if self.links()?.iter().any(|link| link.master == Some(index)) {
            let because = "on Linux only while the bridge has no members";
            return Err(request().refused_because(Errno::BUSY, because));
        }
        let refused = |errno| request().refused(errno);
        // Nor does the kernel change it while it looks at tags. Without members nothing passes.
        let filters = known.vlan_filter == Some(true);
        if filters {
            self.set_filter(index, false).map_err(refused)?;
        }
        let done = self.set_default(index, tag);
        if filters {
            self.set_filter(index, true).map_err(refused)?;
        }
        done.map_err(refused)
    }

    /// Changes the vlans of a member.
    ///
    /// # Errors
    /// `ENOENT`: `member` is not in this bridge; `EOPNOTSUPP`: the bridge does not look at tags.
    pub fn set_port_vlans(
        &mut self,
        bridge: &InterfaceName,
        member: &InterfaceName,
        change: &PortVlanChange,
    ) -> Result<(), Error> {
        self.check_filter(bridge, || change.request())?;
        let port = self.member(bridge, member, || change.request())?.index;
        let now = self.vlans_of(port)?;
        let refused = |errno| change.request().refused(errno);
        // What leaves comes first: for no moment is a member in the old and in the new vlan.
        let (gone, come) = difference(&now, change);
        if !gone.is_empty() {
            let message = vlan_request(rtm::DELLINK, port, &gone, 0, false);
            self.change(message).map_err(refused)?;
        }
        if !come.is_empty() {
            self.change(vlan_request(rtm::SETLINK, port, &come, 0, false)).map_err(refused)?;
        }
        if let PortVlanChange::Untagged(Some(tag)) = change {
            let flags = bridge::VLAN_PVID | bridge::VLAN_UNTAGGED;
            let set = VlanSet([*tag].into());
            self.change(vlan_request(rtm::SETLINK, port, &set, flags, false)).map_err(refused)?;
        }
        Ok(())
    }

    /// Refuses vlans of members on a bridge that does not look at tags.
    ///
    /// # Errors
    /// `EOPNOTSUPP`.
    pub fn check_filter(
        &mut self,
        bridge: &InterfaceName,
        request: impl Fn() -> Request,
    ) -> Result<(), Error> {
        let (_, known) = self.filtering_bridge(bridge, &request)?;
        if known.vlan_filter == Some(true) {
            return Ok(());
        }
        let because = "on Linux members have vlans only with vlanfilter";
        Err(request().refused_because(Errno::OPNOTSUPP, because))
    }

    /// Looks up the vlans of the members of bridges that look at tags.
    ///
    /// # Errors
    /// `Listing`.
    pub fn find_vlans(&mut self, interfaces: &mut [Interface]) -> Result<(), Error> {
        let filters = |link: &Interface| match &link.kind {
            Kind::Bridge(bridge) => bridge.vlan_filter == Some(true),
            _ => false,
        };
        let bridges: Vec<u32> =
            interfaces.iter().filter(|link| filters(link)).map(|link| link.index).collect();
        if bridges.is_empty() {
            return Ok(());
        }
        for (index, vlans) in self.port_vlans()? {
            let member = interfaces.iter_mut().find(|link| link.index == index);
            let Some(member) = member else { continue };
            if let (Some(port), Some(master)) = (&mut member.port, member.master)
                && bridges.contains(&master)
            {
                port.vlans = vlans;
            }
        }
        Ok(())
    }

    /// Gives the host a way into the vlan `tag` of a bridge: for a vlan(4) that is made on it.
    pub(crate) fn admit_vlan(&mut self, parent: &Interface, tag: u16) -> Result<(), Errno> {
        match &parent.kind {
            Kind::Bridge(bridge) if bridge.vlan_filter.is_some() => {
                self.admit_host(parent.index, &VlanSet([tag].into()))
            }
            _ => Ok(()),
        }
    }

    fn admit_host(&mut self, bridge: u32, set: &VlanSet) -> Result<(), Errno> {
        if set.is_empty() {
            return Ok(());
        }
        self.change(vlan_request(rtm::SETLINK, bridge, set, 0, true))
    }

    fn set_filter(&mut self, index: u32, on: bool) -> Result<(), Errno> {
        let mut message = by_index(index);
        crate::kind::describe(&mut message, "bridge", |data| {
            data.attribute(ifla::BR_VLAN_FILTERING, &[u8::from(on)]);
        });
        self.change(message)
    }

    fn set_default(&mut self, index: u32, tag: Option<u16>) -> Result<(), Errno> {
        let mut message = by_index(index);
        crate::kind::describe(&mut message, "bridge", |data| {
            let tag = tag.unwrap_or(0);
            data.attribute(ifla::BR_VLAN_DEFAULT_PVID, &tag.to_ne_bytes());
        });
        self.change(message)?;
        let Some(tag) = tag else { return Ok(()) };
        // The kernel puts the bridge itself in that vlan, and so the host's frames without a tag.
        // On FreeBSD these pass no filter: the host has a vlan(4) for each vlan that it is in.
        let set = VlanSet([tag].into());
        self.change(vlan_request(rtm::DELLINK, index, &set, 0, true))
    }

    fn filtering_bridge(
        &mut self,
        name: &InterfaceName,
        request: impl Fn() -> Request,
    ) -> Result<(u32, Bridge), Error> {
        let found = self.link(name)?;
        match found.kind {
            Kind::Bridge(known) if known.vlan_filter.is_some() => Ok((found.index, known)),
            Kind::Bridge(_) => {
                let because = "this kernel's bridges do not look at tags: it was made without \
                               CONFIG_BRIDGE_VLAN_FILTERING";
                Err(request().refused_because(Errno::OPNOTSUPP, because))
            }
            _ => Err(request().refused_because(Errno::INVAL, "this is not a bridge")),
        }
    }

    /// Whether a member of the bridge is in any vlan.
    fn has_vlans(&mut self, bridge: u32) -> Result<bool, Error> {
        let members: Vec<u32> = self
            .links()?
            .iter()
            .filter(|link| link.master == Some(bridge))
            .map(|link| link.index)
            .collect();
        let vlans = self.port_vlans()?;
        let mut of_members = vlans.iter().filter(|(index, _)| members.contains(index));
        Ok(of_members.any(|(_, vlans)| *vlans != PortVlans::default()))
    }

    fn vlans_of(&mut self, port: u32) -> Result<PortVlans, Error> {
        let all = self.port_vlans()?;
        Ok(all.into_iter().find(|(index, _)| *index == port).map(|it| it.1).unwrap_or_default())
    }

    /// The vlans of all ports of all bridges, by the number of the port.
    fn port_vlans(&mut self) -> Result<Vec<(u32, PortVlans)>, Error> {
        let request = || {
            let mut message = Message::new(rtm::GETLINK, 0, &bridge_body(0));
            // Without this the kernel leaves the vlans out.
            message.number(ifla::EXT_MASK, bridge::FILTER_VLANS_COMPRESSED);
            message
        };
        let collect = |found: &mut Vec<(u32, PortVlans)>, body: &[u8]| found.extend(parse(body));
        self.dump(request, collect).map_err(Error::Listing)
    }
}

/// What a change takes away, and what it brings besides the vlan of frames without a tag.
fn difference(now: &PortVlans, change: &PortVlanChange) -> (VlanSet, VlanSet) {
    let except = |set: &VlanSet, other: &VlanSet| VlanSet(&set.0 - &other.0);
    // On Linux one entry says both of a tag, so the untagged one stays what it is.
    let own = VlanSet(now.untagged.into_iter().collect());
    match change {
        PortVlanChange::Untagged(tag) => {
            let stays = VlanSet(tag.iter().copied().collect());
            (except(&own, &stays), VlanSet::default())
        }
        PortVlanChange::Tagged(set) => {
            (except(&now.tagged, set), except(&except(set, &own), &now.tagged))
        }
        PortVlanChange::AddTagged(set) => {
            (VlanSet::default(), except(&except(set, &own), &now.tagged))
        }
        PortVlanChange::RemoveTagged(set) => (VlanSet(&now.tagged.0 & &set.0), VlanSet::default()),
    }
}

/// `struct ifinfomsg` of a request about the ports of bridges.
fn bridge_body(index: u32) -> [u8; LINK_BODY] {
    let mut body = link_body(index, 0, 0);
    body[0] = af::BRIDGE;
    body
}

/// A request to give the port `index` the vlans of `set`, or to take them; `is_bridge`: the port is
/// the bridge itself, which is how the host takes part.
fn vlan_request(kind: u16, index: u32, set: &VlanSet, flags: u16, is_bridge: bool) -> Message {
    let mut message = Message::new(kind, 0, &bridge_body(index));
    message.nest(ifla::AF_SPEC, |spec| {
        if is_bridge {
            spec.attribute(bridge::FLAGS, &bridge::SELF.to_ne_bytes());
        }
        let mut entry = |flags: u16, tag: u16| {
            let value = [flags.to_ne_bytes(), tag.to_ne_bytes()].concat();
            spec.attribute(bridge::VLAN_INFO, &value);
        };
        for range in set.ranges() {
            let (first, last) = range.into_inner();
            if first == last {
                entry(flags, first);
            } else {
                entry(flags | bridge::VLAN_BEGIN, first);
                entry(flags | bridge::VLAN_END, last);
            }
        }
    });
    message
}

/// The vlans of a port, from the body of an `RTM_NEWLINK` of a bridge.
fn parse(body: &[u8]) -> Option<(u32, PortVlans)> {
    let index = u32_at(body, 4)?;
    let spec = find(body.get(LINK_BODY..)?, ifla::AF_SPEC)?;
    let (mut vlans, mut first) = (PortVlans::default(), None);
    for (kind, value) in attributes(spec) {
        if kind != bridge::VLAN_INFO {
            continue;
        }
        let (flags, tag) = (u16_at(value, 0)?, u16_at(value, 2)?);
        if flags & bridge::VLAN_BEGIN != 0 {
            first = Some(tag);
        } else if flags & bridge::VLAN_PVID != 0 {
            vlans.untagged = Some(tag);
        } else {
            let from = first.take().unwrap_or(tag);
            vlans.tagged.0.extend((from..=tag).filter(|tag| TAGS.contains(tag)));
        }
    }
    Some((index, vlans))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ifbridge.c, `parse_vlans()` and `print_vlans()`.
    #[test]
    #[rustfmt::skip]
    fn sets() {
        for (text, want) in [
            ("20",              Some("20")),
            ("2-3,128",         Some("2-3,128")),
            ("5,4,3",           Some("3-5")),
            ("7-7",             Some("7")),
            ("none",            Some("")),
            ("all",             Some("1-4094")),
            ("",                None),
            ("0",               None),
            ("-1",              None),
            ("4095",            None),
            ("0-10",            None),
            ("4000-5000",       None),
            ("9-8",             None),
            ("foo",             None),
            ("foo-40",          None),
            ("+4",              None),
            ("4,",              None),
        ] {
            let got = VlanSet::parse(text).map(|set| set.to_string());
            assert_eq!(got.as_deref(), want, "{text:?}");
        }
    }

    #[test]
    fn a_request_is_read_back() {
        let set = VlanSet::parse("2-3,128").unwrap();
        let message = vlan_request(rtm::SETLINK, 7, &set, 0, false);
        let got = parse(&message.bytes()[16..]);
        assert_eq!(got, Some((7, PortVlans { untagged: None, tagged: set })));
        let flags = bridge::VLAN_PVID | bridge::VLAN_UNTAGGED;
        let message = vlan_request(rtm::SETLINK, 7, &VlanSet([20].into()), flags, true);
        let got = parse(&message.bytes()[16..]);
        assert_eq!(got, Some((7, PortVlans { untagged: Some(20), ..PortVlans::default() })));
    }

    #[test]
    #[rustfmt::skip]
    fn differences() {
        let set = |text| VlanSet::parse(text).unwrap();
        let now = PortVlans { untagged: Some(10), tagged: set("20-30") };
        for (change, gone, come) in [
            (PortVlanChange::Untagged(Some(10)),         "none",  "none"),
            (PortVlanChange::Untagged(Some(11)),         "10",    "none"),
            (PortVlanChange::Untagged(None),             "10",    "none"),
            (PortVlanChange::Tagged(set("10,25-40")),    "20-24", "31-40"),
            (PortVlanChange::Tagged(set("none")),        "20-30", "none"),
            (PortVlanChange::AddTagged(set("9-21")),     "none",  "9,11-19"),
            (PortVlanChange::RemoveTagged(set("1-25")),  "20-25", "none"),
        ] {
            assert_eq!(difference(&now, &change), (set(gone), set(come)), "{change:?}");
        }
    }
}
