//! The parameters of one interface while they are read, and what a word of ifconfig(8) may add to
//! them.

use netif::{Capability, Inet6Option, Mode, PortSetting, PortVlanChange};

use super::address::{Lifetime, PendingAddress, seconds};
use super::change::{BridgeChange, Change, OnOff};
use super::configuration::Configuration;
use super::creation::{Creation, VxlanWords};
use super::error::UsageError;
use super::family::AddressFamily;
use super::value::{bad_value, name};
use crate::word::Said;

/// What has been read so far.
#[derive(Default)]
pub(super) struct ParameterReader {
    create: bool,
    creation: Creation,
    /// How many changes were read before the first word of `creation`.
    creation_at: usize,
    changes: Vec<Change>,
    family: Option<AddressFamily>,
    pub(super) address: PendingAddress,
    /// What may follow an IPv6 address: `%` and the name of the interface.
    scope: String,
}

impl ParameterReader {
    /// Begins to read the parameters of `interface`.
    pub(super) fn new(interface: &str) -> Self {
        Self { scope: format!("%{interface}"), ..Self::default() }
    }

    /// `create`: notes that the interface is made first.
    pub(super) fn set_create(&mut self) -> Result<(), UsageError> {
        self.create = true;
        Ok(())
    }

    /// Notes a change that is made after those before it.
    pub(super) fn change(&mut self, change: Change) -> Result<(), UsageError> {
        self.changes.push(change);
        Ok(())
    }

    /// Notes a change of a bridge.
    pub(super) fn bridge(&mut self, change: BridgeChange) -> Result<(), UsageError> {
        self.change(Change::Bridge(change))
    }

    /// Notes a setting of a member of a bridge.
    pub(super) fn member(&mut self, text: &str, setting: PortSetting) -> Result<(), UsageError> {
        let member = name(text)?;
        self.bridge(BridgeChange::SetMember(member, setting))
    }

    /// Notes a change of the vlans of a member of a bridge.
    pub(super) fn member_vlans(
        &mut self,
        text: &str,
        change: PortVlanChange,
    ) -> Result<(), UsageError> {
        let member = name(text)?;
        self.bridge(BridgeChange::MemberVlans(member, change))
    }

    /// Notes what the hardware is to do.
    pub(super) fn capability(
        &mut self,
        said: Said<'_>,
        capabilities: &[Capability],
    ) -> Result<(), UsageError> {
        self.change(Change::Capability(capabilities.to_vec(), switched(said)))
    }

    /// Notes what the interface does besides being up.
    pub(super) fn mode(&mut self, said: Said<'_>, mode: Mode) -> Result<(), UsageError> {
        self.change(Change::Mode(mode, switched(said)))
    }

    /// Notes what the interface does about IPv6.
    pub(super) fn inet6(&mut self, said: Said<'_>, option: Inet6Option) -> Result<(), UsageError> {
        self.change(Change::Inet6(option, said.on))
    }

    /// The words about the kind of interface, for one more of them.
    pub(super) fn creation(&mut self) -> &mut Creation {
        // On an interface that exists they become changes; these are made where the first one was
        // written.
        if self.creation.is_empty() {
            // A name that follows, as in `laggproto lacp name wan`, must not come before them.
            self.creation_at = self.changes.len();
        }
        &mut self.creation
    }

    /// The words about a vxlan, for one more of them.
    pub(super) fn vxlan(&mut self) -> &mut VxlanWords {
        self.creation().vxlan.get_or_insert_default()
    }

    /// Takes the name of a family: the address before it is complete, and what follows is of this
    /// family.
    pub(super) fn set_family(&mut self, family: AddressFamily) -> Result<(), UsageError> {
        self.finish_address()?;
        self.family = Some(family);
        Ok(())
    }

    /// `netmask`.
    pub(super) fn set_mask(&mut self, text: &str) -> Result<(), UsageError> {
        if self.is_inet6() {
            return Err(bad_value(text));
        }
        self.address.set_mask(text)
    }

    /// `prefixlen`.
    pub(super) fn set_prefix_length(&mut self, text: &str) -> Result<(), UsageError> {
        if !self.is_inet6() {
            return Err(UsageError::NotSupported("prefixlen for inet".to_owned()));
        }
        self.address.set_prefix_length(text)
    }

    /// `pltime`, `vltime`.
    pub(super) fn set_lifetime(
        &mut self,
        said: Said<'_>,
        which: Lifetime,
        text: &str,
    ) -> Result<(), UsageError> {
        let seconds = seconds(said.word, text)?;
        self.only_inet6(said.word)?;
        self.address.set_lifetime(which, seconds);
        Ok(())
    }

    /// `deprecated`.
    pub(super) fn set_deprecated(&mut self, on: bool) -> Result<(), UsageError> {
        if !self.is_inet6() {
            // FreeBSD's message differs from that for lifetimes.
            let message = "address flags can be set only for inet6 addresses";
            return Err(UsageError::Message(message.to_owned()));
        }
        self.address.set_deprecated(on);
        Ok(())
    }

    /// `eui64`.
    pub(super) fn set_eui64(&mut self, word: &str) -> Result<(), UsageError> {
        self.only_inet6(word)?;
        self.address.set_eui64()
    }

    /// `random`: after `ether` an address of our own making; elsewhere no address.
    pub(super) fn random(&mut self, word: &str) -> Result<(), UsageError> {
        // Elsewhere FreeBSD takes the word for an address, and refuses it.
        if self.family == Some(AddressFamily::Ether) {
            return self.change(Change::RandomEther);
        }
        self.value(word)
    }

    /// Takes a word that is no parameter: an address of the family that was named last.
    pub(super) fn value(&mut self, word: &str) -> Result<(), UsageError> {
        match self.family {
            Some(AddressFamily::Ether) => {
                let ether = word.parse().map_err(UsageError::Ether)?;
                self.change(Change::Ether(ether))
            }
            Some(AddressFamily::Inet6) => self.address.take(word, Some(&self.scope)),
            Some(AddressFamily::Inet) | None => self.address.take(word, None),
        }
    }

    fn is_inet6(&self) -> bool {
        self.family == Some(AddressFamily::Inet6)
    }

    fn only_inet6(&self, word: &str) -> Result<(), UsageError> {
        let wrong = || UsageError::Message(format!("{word} not allowed for the AF"));
        if self.is_inet6() { Ok(()) } else { Err(wrong()) }
    }

    /// Completes the address that has been read, if any: at a new family, and at the end.
    fn finish_address(&mut self) -> Result<(), UsageError> {
        let pending = std::mem::take(&mut self.address);
        self.changes.extend(pending.finish(self.is_inet6())?);
        Ok(())
    }

    /// Answers what all the words ask for.
    pub(super) fn finish(mut self, interface: &str) -> Result<Configuration, UsageError> {
        self.finish_address()?;
        if self.create {
            // A mistake in the words about a vlan is reported before anything is made.
            self.creation.vlan(interface)?;
        } else {
            let at = self.creation_at;
            self.changes.splice(at..at, self.creation.changes()?);
            self.creation = Creation::default();
        }
        let Self { create, creation, changes, .. } = self;
        Ok(Configuration { interface: interface.to_owned(), create, creation, changes })
    }
}

fn switched(said: Said<'_>) -> OnOff {
    OnOff { on: said.on, word: said.word.to_owned() }
}
