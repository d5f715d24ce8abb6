//! What `create` needs to know of the kind of interface: tags, tunnels, the protocol of a lagg.
//!
//! FreeBSD makes an interface first and configures it then. On Linux a vlan, a vxlan or a tunnel is
//! made whole. So these words are collected, and `create` gets them all at once.

use std::net::IpAddr;

use netif::{Cloner, InterfaceName, LaggProtocol, Tunnel, Vlan};

use super::change::Change;
use super::error::UsageError;
use super::value::{end, name, number_in};

/// What has been said so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Creation {
    tag: Option<u16>,
    parent: Option<InterfaceName>,
    stacked: Option<bool>,
    priority: Option<u8>,
    /// `laggproto`.
    pub lagg: Option<LaggProtocol>,
    ends: Option<(IpAddr, IpAddr)>,
    key: Option<u32>,
    /// What has been said of a vxlan.
    pub vxlan: Option<VxlanWords>,
}

/// What has been said of a vxlan: [`netif::Vxlan`], with its interface by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct VxlanWords {
    /// All but the two values below.
    pub values: netif::Vxlan,
    /// `vxlanid`: the number of the network.
    pub id: Option<u32>,
    /// `vxlandev`: the interface that the packets leave through.
    pub device: Option<InterfaceName>,
}

impl VxlanWords {
    /// `vxlanid`, `vni`.
    pub(super) fn set_id(&mut self, text: &str) -> Result<(), UsageError> {
        let id = number_in(text, 0..=0xff_ffff);
        self.id = Some(id.ok_or_else(|| invalid("invalid network identifier", text))?);
        Ok(())
    }

    /// `vxlanlocal`.
    pub(super) fn set_local(&mut self, text: &str) -> Result<(), UsageError> {
        self.values.local = Some(one_host(text, "local address cannot be multicast")?);
        Ok(())
    }

    /// `vxlanremote`.
    pub(super) fn set_remote(&mut self, text: &str) -> Result<(), UsageError> {
        self.values.remote = Some(one_host(text, "remote address cannot be multicast")?);
        Ok(())
    }

    /// `vxlangroup`.
    pub(super) fn set_group(&mut self, text: &str) -> Result<(), UsageError> {
        let group = end(text)?;
        if !group.is_multicast() {
            return Err(UsageError::ForCreation("group address must be multicast"));
        }
        // Linux has one attribute for the other end and for the group.
        self.values.remote = Some(group);
        Ok(())
    }

    /// `vxlandev`.
    pub(super) fn set_device(&mut self, text: &str) -> Result<(), UsageError> {
        self.device = Some(name(text)?);
        Ok(())
    }

    /// `vxlanlocalport`, `vxlanremoteport`.
    pub(super) fn set_port(&mut self, text: &str) -> Result<(), UsageError> {
        let port = number_in(text, 1..=65535).ok_or_else(|| invalid("invalid port", text))? as u16;
        // 0 is a port that was not given. FreeBSD has a word for each end, Linux's vxlan one port.
        if ![0, port].contains(&self.values.port) {
            return Err(UsageError::ForCreation(
                "vxlanlocalport and vxlanremoteport: on Linux they are the same",
            ));
        }
        self.values.port = port;
        Ok(())
    }

    /// `vxlanttl`.
    pub(super) fn set_hops(&mut self, text: &str) -> Result<(), UsageError> {
        let hops = number_in(text, 0..=255).ok_or_else(|| invalid("invalid TTL value", text))?;
        self.values.hops = hops as u8;
        Ok(())
    }

    /// `vxlanlearn`.
    pub(super) fn set_learning(&mut self, on: bool) -> Result<(), UsageError> {
        self.values.deaf = !on;
        Ok(())
    }
}

impl Creation {
    /// `vlan`.
    pub(super) fn set_tag(&mut self, text: &str) -> Result<(), UsageError> {
        self.tag = Some(tag(text)?);
        Ok(())
    }

    /// `vlandev`.
    pub(super) fn set_parent(&mut self, text: &str) -> Result<(), UsageError> {
        self.parent = Some(name(text)?);
        Ok(())
    }

    /// `vlanproto`.
    pub(super) fn set_vlan_protocol(&mut self, text: &str) -> Result<(), UsageError> {
        self.stacked = Some(is_stacked(text)?);
        Ok(())
    }

    /// `vlanpcp`.
    pub(super) fn set_priority(&mut self, text: &str) -> Result<(), UsageError> {
        self.priority = Some(priority(text)?);
        Ok(())
    }

    /// `laggproto`.
    pub(super) fn set_lagg_protocol(&mut self, text: &str) -> Result<(), UsageError> {
        self.lagg = Some(lagg_protocol(text)?);
        Ok(())
    }

    /// `tunnel`.
    pub(super) fn set_ends(&mut self, [local, remote]: [&str; 2]) -> Result<(), UsageError> {
        self.ends = Some(ends(local, remote)?);
        Ok(())
    }

    /// `grekey`.
    pub(super) fn set_key(&mut self, text: &str) -> Result<(), UsageError> {
        let key = number_in(text, 0..=u32::MAX);
        self.key = Some(key.ok_or_else(|| invalid("invalid grekey", text))?);
        Ok(())
    }

    /// Whether nothing has been said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything has been said that only a vlan has.
    #[must_use]
    pub fn is_vlan(&self) -> bool {
        self.tag.is_some()
            || self.parent.is_some()
            || self.stacked.is_some()
            || self.priority.is_some()
    }

    /// The tunnel that the words describe; `None`: its ends were not given.
    #[must_use]
    pub fn tunnel(&self) -> Option<Tunnel> {
        let (local, remote) = self.ends?;
        Some(Tunnel { local, remote, key: self.key.unwrap_or(0) })
    }

    /// The changes that the words mean for an interface that exists already.
    pub(super) fn changes(&self) -> Result<Vec<Change>, UsageError> {
        // FreeBSD's message if only one was given; else the reason why Linux cannot change a vlan.
        match (self.tag, &self.parent) {
            (None, None) if self.stacked.is_none() => {}
            (Some(_), Some(_)) | (None, None) => {
                return Err(UsageError::ForCreation(
                    "vlan and vlandev are for create: on Linux a vlan keeps its tag and its parent",
                ));
            }
            _ => return Err(UsageError::VlanBoth),
        }
        // The kernel would refuse most of these changes with EOPNOTSUPP, one by one and without a
        // reason.
        if self.vxlan.is_some() {
            return Err(UsageError::ForCreation(
                "vxlanid and the like are for create: on Linux a vxlan keeps what it was made with",
            ));
        }
        // The kernel takes a tunnel's settings all together: without its ends they would be
        // cleared.
        if self.key.is_some() && self.ends.is_none() {
            return Err(UsageError::ForCreation("grekey: say tunnel and its ends as well"));
        }
        // These three Linux can change of an interface that exists.
        let priority = self.priority.map(Change::VlanPriority);
        let lagg = self.lagg.map(Change::LaggProtocol);
        Ok(priority.into_iter().chain(lagg).chain(self.tunnel().map(Change::Tunnel)).collect())
    }

    /// The vlan that the words describe. A name of the form `IF.TAG` gives tag and parent too, and
    /// must not contradict the words. `None`: neither the words nor the name mean a vlan.
    ///
    /// # Errors
    /// Tag or parent is missing, or differs from what the name says.
    pub fn vlan(&self, interface: &str) -> Result<Option<Vlan>, UsageError> {
        let named = match Cloner::parse(interface) {
            Some(Cloner::VlanOf(parent, tag)) => Some((tag, parent)),
            _ => None,
        };
        let (tag, parent) = match (named, self.tag, &self.parent) {
            // As on FreeBSD, words that repeat what the name says are no mistake.
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
    // 0 means a frame without a vlan, and 4095 is reserved: IEEE 802.1Q.
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
    // FreeBSD ignores case here.
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
    let (local, remote) = (end(local)?, end(remote)?);
    if local.is_ipv4() != remote.is_ipv4() {
        let message = "source and destination address families do not match";
        return Err(UsageError::Invalid(message, String::new()));
    }
    Ok((local, remote))
}

/// Reads an end of a vxlan, which is the address of one host.
fn one_host(text: &str, message: &'static str) -> Result<IpAddr, UsageError> {
    let address = end(text)?;
    if address.is_multicast() { Err(UsageError::ForCreation(message)) } else { Ok(address) }
}

fn invalid(message: &'static str, text: &str) -> UsageError {
    UsageError::Invalid(message, text.to_owned())
}
