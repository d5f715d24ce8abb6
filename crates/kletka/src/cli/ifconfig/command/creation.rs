//! What `create` is told of the kind of interface: tags, tunnels, the protocol of a lagg.
//!
//! FreeBSD makes an interface first and configures it then. On Linux a vlan, a vxlan or a tunnel is made
//! whole, so these words are put by and the interface is made of them.

use std::net::IpAddr;

use netif::{Cloner, InterfaceName, LaggProtocol, Tunnel, Vlan};

use super::reader::number_in;
use super::{Change, UsageError};

/// The words so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Creation {
    tag: Option<u16>,
    parent: Option<InterfaceName>,
    stacked: Option<bool>,
    priority: Option<u8>,
    pub(in super::super) lagg: Option<LaggProtocol>,
    ends: Option<(IpAddr, IpAddr)>,
    key: Option<u32>,
    pub(in super::super) vxlan: Option<VxlanWords>,
}

/// What was said of a vxlan: [`netif::Vxlan`] with the name of its interface.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct VxlanWords {
    pub(in super::super) values: netif::Vxlan,
    pub(in super::super) id: Option<u32>,
    pub(in super::super) device: Option<InterfaceName>,
}

/// The words of a vxlan.
const VXLAN: [&str; 11] = [
    "vxlanid",
    "vni",
    "vxlanlocal",
    "vxlanremote",
    "vxlangroup",
    "vxlandev",
    "vxlanlocalport",
    "vxlanremoteport",
    "vxlanttl",
    "vxlanlearn",
    "-vxlanlearn",
];

impl Creation {
    /// Reads `word` and its arguments, if it is one of these.
    pub(super) fn word<'a>(
        &mut self,
        word: &str,
        mut argument: impl FnMut() -> Result<&'a str, UsageError>,
    ) -> Result<bool, UsageError> {
        match word {
            "vlan" => self.tag = Some(tag(argument()?)?),
            "vlandev" => self.parent = Some(super::reader::name(argument()?)?),
            "vlanproto" => self.stacked = Some(is_stacked(argument()?)?),
            "vlanpcp" => self.priority = Some(priority(argument()?)?),
            "laggproto" => self.lagg = Some(lagg_protocol(argument()?)?),
            "tunnel" => self.ends = Some(ends(argument()?, argument()?)?),
            "grekey" => {
                let text = argument()?;
                let bad = || UsageError::Invalid("invalid grekey", text.to_owned());
                self.key = Some(number_in(text, 0..=u32::MAX).ok_or_else(bad)?);
            }
            word => return self.vxlan_word(word, argument),
        }
        Ok(true)
    }

    fn vxlan_word<'a>(
        &mut self,
        word: &str,
        mut argument: impl FnMut() -> Result<&'a str, UsageError>,
    ) -> Result<bool, UsageError> {
        if !VXLAN.contains(&word) {
            return Ok(false);
        }
        let new = self.vxlan.get_or_insert_default();
        if let Some(on) = word.strip_suffix("vxlanlearn") {
            new.values.deaf = on == "-";
            return Ok(true);
        }
        let text = argument()?;
        let invalid = |message| UsageError::Invalid(message, text.to_owned());
        match word {
            "vxlanid" | "vni" => {
                let id = number_in(text, 0..=0xff_ffff);
                new.id = Some(id.ok_or_else(|| invalid("invalid network identifier"))?);
            }
            "vxlanlocal" => new.values.local = Some(address(text, false, "local")?),
            "vxlanremote" => new.values.remote = Some(address(text, false, "remote")?),
            "vxlangroup" => new.values.remote = Some(address(text, true, "group")?),
            "vxlandev" => new.device = Some(super::reader::name(text)?),
            "vxlanttl" => {
                let hops = number_in(text, 0..=255).ok_or_else(|| invalid("invalid TTL value"))?;
                new.values.hops = hops as u8;
            }
            _ => {
                let port = number_in(text, 1..=65535).ok_or_else(|| invalid("invalid port"))?;
                let port = port as u16;
                if ![0, port].contains(&new.values.port) {
                    return Err(UsageError::ForCreation(
                        "vxlanlocalport and vxlanremoteport: on Linux they are the same",
                    ));
                }
                new.values.port = port;
            }
        }
        Ok(true)
    }

    /// Whether nothing was said.
    pub(in super::super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether something was said that only a vlan has.
    pub(in super::super) fn is_vlan(&self) -> bool {
        self.tag.is_some()
            || self.parent.is_some()
            || self.stacked.is_some()
            || self.priority.is_some()
    }

    /// The tunnel that was described.
    pub(in super::super) fn tunnel(&self) -> Option<Tunnel> {
        let (local, remote) = self.ends?;
        Some(Tunnel { local, remote, key: self.key.unwrap_or(0) })
    }

    /// Changes of an interface that is there already.
    pub(super) fn changes(&self) -> Result<Vec<Change>, UsageError> {
        match (self.tag, &self.parent) {
            (None, None) if self.stacked.is_none() => {}
            (Some(_), Some(_)) | (None, None) => {
                return Err(UsageError::ForCreation(
                    "vlan and vlandev are for create: on Linux a vlan keeps its tag and its parent",
                ));
            }
            _ => return Err(UsageError::VlanBoth),
        }
        if self.vxlan.is_some() {
            return Err(UsageError::ForCreation(
                "vxlanid and the like are for create: on Linux a vxlan keeps what it was made with",
            ));
        }
        if self.key.is_some() && self.ends.is_none() {
            return Err(UsageError::ForCreation("grekey: say tunnel and its ends as well"));
        }
        let priority = self.priority.map(Change::VlanPriority);
        let lagg = self.lagg.map(Change::LaggProtocol);
        Ok(priority.into_iter().chain(lagg).chain(self.tunnel().map(Change::Tunnel)).collect())
    }

    /// The vlan that was described. What is missing of tag and parent comes from a name of the form
    /// `IF.TAG`, which may not gainsay what was said. `None`: nothing was said of a vlan, and the name
    /// says nothing either.
    pub(in super::super) fn vlan(&self, interface: &str) -> Result<Option<Vlan>, UsageError> {
        let named = match Cloner::parse(interface) {
            Some(Cloner::VlanOf(parent, tag)) => Some((tag, parent)),
            _ => None,
        };
        let (tag, parent) = match (named, self.tag, &self.parent) {
            (Some(named), tag, parent) => {
                let agrees = tag.is_none_or(|tag| tag == named.0)
                    && parent.as_ref().is_none_or(|parent| *parent == named.1);
                if !agrees {
                    return Err(UsageError::VlanAmbiguous);
                }
                named
            }
            (None, Some(tag), Some(parent)) => (tag, parent.clone()),
            (None, None, None) if !self.is_vlan() => return Ok(None),
            _ => return Err(UsageError::VlanBoth),
        };
        let (stacked, priority) = (self.stacked.unwrap_or(false), self.priority.unwrap_or(0));
        Ok(Some(Vlan { tag, parent, stacked, priority }))
    }
}

fn tag(word: &str) -> Result<u16, UsageError> {
    let value: u64 = word.parse().map_err(|_| UsageError::VlanInvalid)?;
    u16::try_from(value).ok().filter(|tag| (1..=4094).contains(tag)).ok_or(UsageError::VlanRange)
}

fn priority(word: &str) -> Result<u8, UsageError> {
    let value: u64 = word
        .parse()
        .map_err(|_| UsageError::Invalid("invalid value for vlan_pcp", String::new()))?;
    let fits = u8::try_from(value).ok().filter(|value| *value <= 7);
    fits.ok_or(UsageError::Invalid("value for vlan_pcp out of range", String::new()))
}

fn is_stacked(word: &str) -> Result<bool, UsageError> {
    match word.to_ascii_lowercase().as_str() {
        "802.1q" => Ok(false),
        "802.1ad" | "qinq" => Ok(true),
        _ => Err(UsageError::Invalid("invalid value for vlanproto", String::new())),
    }
}

fn lagg_protocol(word: &str) -> Result<LaggProtocol, UsageError> {
    if word == "none" {
        let because = "a bond always uses its ports";
        return Err(UsageError::NoCounterpart { word: "laggproto none".into(), because });
    }
    let unknown = || UsageError::Invalid("unknown aggregation protocol", word.to_owned());
    LaggProtocol::parse(word).ok_or_else(unknown)
}

fn ends(local: &str, remote: &str) -> Result<(IpAddr, IpAddr), UsageError> {
    let parse = |text: &str| {
        let bad = |_| UsageError::Invalid("error in parsing address string", text.to_owned());
        text.parse::<IpAddr>().map_err(bad)
    };
    let (local, remote) = (parse(local)?, parse(remote)?);
    if local.is_ipv4() != remote.is_ipv4() {
        let message = "source and destination address families do not match";
        return Err(UsageError::Invalid(message, String::new()));
    }
    Ok((local, remote))
}

/// An address of a vxlan, which must be, or not be, one of many hosts.
fn address(text: &str, multicast: bool, what: &'static str) -> Result<IpAddr, UsageError> {
    let bad = |_| UsageError::Invalid("error in parsing address string", text.to_owned());
    let address: IpAddr = text.parse().map_err(bad)?;
    match (address.is_multicast(), multicast, what) {
        (true, false, "local") => Err(UsageError::ForCreation("local address cannot be multicast")),
        (true, false, _) => Err(UsageError::ForCreation("remote address cannot be multicast")),
        (false, true, _) => Err(UsageError::ForCreation("group address must be multicast")),
        _ => Ok(address),
    }
}
