//! What a process that enters a prison may do: kept with the prison, and carried out by its
//! filter and its capabilities.
//!
//! In the registry each right is a word, and a word grants something: who does not understand one
//! does not grant it, so a record of a newer kletka never gives more here than it does there.

use crate::permission::{Allow, Permission};
use crate::spec::{Families, Users};

/// What a process that enters may do: kept, because jexec(8) must give the same as the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) allow: Allow,
    pub(crate) families: Families,
    pub(crate) users: Users,
    /// It has a network stack of its own.
    pub(crate) own_network: bool,
    /// It may have jails inside.
    pub(crate) children: bool,
}

/// A right that is no permission: its word, whether somebody has it, and how it is given.
type Other = (&'static str, fn(&Rights) -> bool, fn(&mut Rights));

const OTHERS: [Other; 6] = [
    ("inet", |rights| rights.families.inet, |rights| rights.families.inet = true),
    ("inet6", |rights| rights.families.inet6, |rights| rights.families.inet6 = true),
    ("host_users", |rights| rights.users == Users::Host, |rights| rights.users = Users::Host),
    ("outer_users", |rights| rights.users == Users::Outer, |rights| rights.users = Users::Outer),
    ("own_network", |rights| rights.own_network, |rights| rights.own_network = true),
    ("children", |rights| rights.children, |rights| rights.children = true),
];

impl Rights {
    /// None at all.
    pub(crate) const NONE: Self = Self {
        allow: Allow::NOTHING,
        families: Families { inet: false, inet6: false },
        users: Users::Own,
        own_network: false,
        children: false,
    };

    /// The words of all that are given.
    pub(crate) fn words(self) -> impl Iterator<Item = &'static str> {
        let others = OTHERS.iter().filter(move |(_, has, _)| has(&self)).map(|(word, ..)| *word);
        self.allow.iter().map(Permission::word).chain(others)
    }

    /// Gives the right of this word; false when there is none.
    pub(crate) fn grant(&mut self, word: &str) -> bool {
        if let Some(&permission) = Permission::ALL.iter().find(|one| one.word() == word) {
            self.allow = self.allow.with(permission);
            return true;
        }
        let other = OTHERS.iter().find(|(name, ..)| *name == word);
        other.map(|(.., give)| give(self)).is_some()
    }

    /// What is left of these rights in a jail that has `outer` ones.
    pub(crate) fn within(self, outer: Self) -> Self {
        Self {
            allow: self.allow.and(outer.allow),
            families: Families {
                inet: self.families.inet && (self.own_network || outer.families.inet),
                inet6: self.families.inet6 && (self.own_network || outer.families.inet6),
            },
            ..self
        }
    }
}
