//! How many jails a jail may have inside, and their jids: jail(8), `children.max`. A file in the
//! jail's own registry tells the jail.

/// The registry of a jail that may have jails inside.
pub(crate) const DIRECTORY: &str = "/run/kletka.jails";
/// In that directory: the jail's [`Limits`].
pub(crate) const FILE: &str = "limits";

/// The jids for jails inside one: `children.max` of them, from the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How many jails may be inside: jail(8), `children.max`.
    pub max: u32,
    /// The jid of the first; 0 when there can be none.
    pub(crate) first: u32,
}

impl Limits {
    pub(crate) fn text(self) -> String {
        format!("{} {}", self.max, self.first)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (max, first) = text.trim_end().split_once(' ')?;
        Some(Self { max: max.parse().ok()?, first: first.parse().ok()? })
    }

    /// The last of the jids; 0 when there are none.
    pub(crate) fn end(self) -> u32 {
        if self.max == 0 { 0 } else { self.first + self.max - 1 }
    }

    pub(crate) fn contains(self, jid: u32) -> bool {
        jid >= self.first && jid - self.first < self.max
    }

    /// Whether all jids of `inner` are among these.
    pub(crate) fn has_within(self, inner: Self) -> bool {
        let last = inner.max.checked_sub(1).map(|more| inner.first.checked_add(more));
        match last {
            None => true,
            Some(last) => self.contains(inner.first) && last.is_some_and(|it| self.contains(it)),
        }
    }
}
