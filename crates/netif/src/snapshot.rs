//! What a network looked like, and the way back to it: all that [`Saved`] has, and LRO of the
//! hardware, which the kernel switches off when an interface becomes a member of a bridge.

use std::collections::BTreeSet;

use crate::capability::{Capability, Ethtool};
use crate::error::Error;
use crate::kind::Kind;
use crate::name::InterfaceName;
use crate::saved::Saved;
use crate::wire::Netlink;

/// A network before a change.
pub struct Snapshot {
    saved: Saved,
    /// The interfaces whose hardware joins packets (LRO).
    joining: Vec<InterfaceName>,
    /// The bridges that have span ports.
    copying: Vec<InterfaceName>,
}

impl Snapshot {
    /// Looks at the network of `netlink`.
    ///
    /// # Errors
    /// The kernel does not answer.
    pub fn take(netlink: &mut Netlink) -> Result<Self, Error> {
        let (joining, copying) = (joining(netlink)?, copying(netlink)?);
        Ok(Self { saved: netlink.save()?, joining, copying })
    }

    /// Says what could not be put back; empty if everything could.
    #[must_use]
    pub fn limits(&self) -> Vec<String> {
        let told = |names: Vec<&InterfaceName>, what: &str| {
            let names: Vec<&str> = names.into_iter().map(InterfaceName::as_str).collect();
            (!names.is_empty()).then(|| format!("{}: {what}", names.join(" ")))
        };
        let lost =
            told(self.saved.irreplaceable(), "cannot be made again if the command destroys them");
        let vlans = told(self.saved.filtering(), "the VLANs of its members are not put back");
        let times = told(
            self.saved.with_borrowed_times(),
            "not all times are put back: its spanning tree hides what they are set to",
        );
        let spans = told(self.copying.iter().collect(), "its span ports are not put back");
        [lost, vlans, times, spans].into_iter().flatten().collect()
    }

    /// Whether all that can be put back is as it was.
    pub fn is_unchanged(&self, netlink: &mut Netlink) -> bool {
        // A network that cannot be read counts as changed: what has cut the host off may also
        // refuse the look.
        Self::take(netlink)
            .is_ok_and(|now| self.saved.is_still(&now.saved) && now.joining == self.joining)
    }

    /// Puts back all that can be put back. Answers in words what could not.
    pub fn restore(&self, netlink: &mut Netlink) -> Vec<String> {
        let mut problems = netlink.put_back(&self.saved);
        // LRO comes last: the kernel switches it off again whenever an interface enters a bridge.
        let now: BTreeSet<_> = joining(netlink).unwrap_or_default().into_iter().collect();
        let lost = self.joining.iter().filter(|name| !now.contains(name));
        if let Ok(Some(mut ethtool)) = Ethtool::open() {
            for name in lost {
                let done = ethtool.set(name, Capability::Lro, true, "lro");
                problems.extend(done.err().map(|error| format!("{name}: {error}")));
            }
        }
        problems
    }
}

/// The bridges that have span ports.
fn copying(netlink: &mut Netlink) -> Result<Vec<InterfaceName>, Error> {
    let mut links = netlink.links()?;
    netlink.find_spans(&mut links)?;
    let copies = |kind: &Kind| matches!(kind, Kind::Bridge(bridge) if !bridge.spans.is_empty());
    Ok(links.into_iter().filter(|link| copies(&link.kind)).map(|link| link.name).collect())
}

/// The interfaces whose hardware joins packets.
fn joining(netlink: &mut Netlink) -> Result<Vec<InterfaceName>, Error> {
    // A kernel whose ethtool cannot be asked cannot be told either.
    let Some(mut ethtool) = Ethtool::open()? else { return Ok(Vec::new()) };
    let all = ethtool.all()?;
    let joins = |index: u32| all.get(&index).is_some_and(|it| it.has(Capability::Lro));
    let links = netlink.links()?.into_iter();
    Ok(links.filter(|link| joins(link.index)).map(|link| link.name).collect())
}
