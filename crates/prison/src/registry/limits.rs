//! How many jails a jail may have inside, and their jids: jail(8), `children.max`. A file in the
//! jail's own registry tells the jail.

/// The registry of a jail that may have jails inside.
pub(crate) const DIRECTORY: &str = "/run/kletka.jails";
/// In that directory: the jail's [`Limits`].
pub(crate) const FILE: &str = "limits";

/// The jids for jails inside one: as many as were set aside, from the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How many jails may be inside: jail(8), `children.max`.
    pub max: u32,
    /// The jid of the first; 0 when there can never be any.
    pub(crate) first: u32,
    /// How many jids are set aside: as many as `max` ever was.
    pub(crate) room: u32,
}

impl Limits {
    /// The limits of a jail that is made with room for as many jails as it may have.
    pub(crate) fn new(max: u32, first: u32) -> Self {
        Self { max, first, room: max }
    }

    /// Whether there can be jails inside, now or when `max` is raised: only in a jail that was made
    /// for that.
    #[must_use]
    pub fn has_room(self) -> bool {
        self.room > 0
    }

    pub(crate) fn text(self) -> String {
        let Self { max, first, room } = self;
        if room == max { format!("{max} {first}") } else { format!("{max} {first} {room}") }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split_ascii_whitespace().map(str::parse);
        let (max, first) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        let room = numbers.next().unwrap_or(Ok(max)).ok()?;
        numbers.next().is_none().then_some(Self { max, first, room })
    }

    /// The last of the jids; 0 when there are none.
    pub(crate) fn end(self) -> u32 {
        if self.room == 0 { 0 } else { self.first.saturating_add(self.room - 1) }
    }

    pub(crate) fn contains(self, jid: u32) -> bool {
        jid >= self.first && jid - self.first < self.room
    }

    /// Whether all jids of `inner` are among these.
    pub(crate) fn has_within(self, inner: Self) -> bool {
        let last = inner.room.checked_sub(1).map(|more| inner.first.checked_add(more));
        match last {
            None => true,
            Some(last) => self.contains(inner.first) && last.is_some_and(|it| self.contains(it)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let raised = Limits { max: 2, first: 8, room: 5 };
        for (limits, text) in [(Limits::new(5, 8), "5 8"), (raised, "2 8 5")] {
            assert_eq!((limits.text().as_str(), Limits::parse(text)), (text, Some(limits)));
        }
        for text in ["", "5", "5 x", "5 8 5 5", "-1 8"] {
            assert_eq!(Limits::parse(text), None, "{text}");
        }
    }
}
