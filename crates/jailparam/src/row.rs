//! How a row of the catalogue is written, word by word: from its name to what it does on Linux.
//!
//! A row begins with the time at which the parameter may be given a value ([`at_creation`],
//! [`live`], [`read_only`], [`pseudo`]), continues with its type, and ends with how far it is
//! supported. A row that lacks one of these is no [`Parameter`] and does not compile.

use crate::types::{Access, Kind, Parameter, Role, Support};

/// Begins a parameter of the prison that is given its value when the jail is created.
pub(crate) const fn at_creation(name: &'static str) -> Named {
    Named { name, role: Role::Core, access: Access::Create }
}

/// Begins a parameter of the prison that `jail -m` can change.
pub(crate) const fn live(name: &'static str) -> Named {
    Named { name, role: Role::Core, access: Access::Live }
}

/// Begins a parameter of the prison that only shows something.
pub(crate) const fn read_only(name: &'static str) -> Named {
    Named { name, role: Role::Core, access: Access::ReadOnly }
}

/// Begins a parameter that only jail(8) uses.
pub(crate) const fn pseudo(name: &'static str) -> Named {
    Named { name, role: Role::Pseudo, access: Access::Live }
}

/// A row without a type so far.
#[derive(Clone, Copy)]
pub(crate) struct Named {
    name: &'static str,
    role: Role,
    access: Access,
}

impl Named {
    /// Makes it a boolean, which always has a default.
    pub(crate) const fn bool(self, default: bool) -> Row {
        self.of(Kind::Bool).default(if default { "true" } else { "false" })
    }

    /// Makes it a number.
    pub(crate) const fn int(self, from: i64, to: i64) -> Row {
        self.of(Kind::Int(from, to))
    }

    /// Makes it a text of at most `most` bytes.
    pub(crate) const fn text(self, most: usize) -> Row {
        self.of(Kind::Text(most))
    }

    /// Makes it a list of texts.
    pub(crate) const fn list(self) -> Row {
        self.of(Kind::List)
    }

    /// Makes it a list of IPv4 addresses.
    pub(crate) const fn ip4_list(self) -> Row {
        self.of(Kind::Ip4List)
    }

    /// Makes it a list of IPv6 addresses.
    pub(crate) const fn ip6_list(self) -> Row {
        self.of(Kind::Ip6List)
    }

    /// Makes it one of `disable`, `new` and `inherit`.
    pub(crate) const fn jailsys(self) -> Row {
        self.of(Kind::Jailsys)
    }

    const fn of(self, kind: Kind) -> Row {
        let Self { name, role, access } = self;
        let (default, default_with_vnet, only, about) = (None, None, &[], "");
        Row(Parameter {
            name,
            kind,
            role,
            access,
            default,
            default_with_vnet,
            about,
            // The support is known last, by `Row::supported`; the place by `numbered`.
            support: Support::Refused(""),
            only,
            place: 0,
        })
    }
}

/// A row that is complete but for its support on Linux.
#[derive(Clone, Copy)]
pub(crate) struct Row(Parameter);

impl Row {
    /// The value in a jail that gives none.
    pub(crate) const fn default(mut self, default: &'static str) -> Self {
        self.0.default = Some(default);
        self
    }

    /// The default in a jail with a network stack of its own, if it is another one.
    pub(crate) const fn with_vnet(mut self, default: &'static str) -> Self {
        self.0.default_with_vnet = Some(default);
        self
    }

    /// The only values that are supported.
    pub(crate) const fn only(mut self, only: &'static [&'static str]) -> Self {
        self.0.only = only;
        self
    }

    /// What the parameter is, in a few words.
    pub(crate) const fn about(mut self, about: &'static str) -> Self {
        self.0.about = about;
        self
    }

    /// Ends the row: it does all that it does on FreeBSD; how.
    pub(crate) const fn full(self, how: &'static str) -> Parameter {
        self.supported(Support::Full(how))
    }

    /// Ends the row: it does not do all that it does on FreeBSD; what is missing.
    pub(crate) const fn partly(self, missing: &'static str) -> Parameter {
        self.supported(Support::Partly(missing))
    }

    /// Ends the row: to give it a value is an error; why.
    pub(crate) const fn refused(self, why: &'static str) -> Parameter {
        self.supported(Support::Refused(why))
    }

    const fn supported(self, support: Support) -> Parameter {
        Parameter { support, ..self.0 }
    }
}

/// Gives each row its place in the catalogue.
pub(crate) const fn numbered<const N: usize>(mut rows: [Parameter; N]) -> [Parameter; N] {
    // A constant function has no `for`.
    let mut place = 0;
    while place < N {
        rows[place].place = place;
        place += 1;
    }
    rows
}
