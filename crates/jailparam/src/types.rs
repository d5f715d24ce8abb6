//! What the catalogue says of a parameter.

/// A parameter of jail(8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name; a boolean one also has the form with `no` before its last component.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Whether it belongs to the prison or only to jail(8).
    pub role: Role,
    /// When it may be given a value.
    pub access: Access,
    /// The value that it has when it is given none, as jls(8) writes it; `None`: it then has none.
    pub default: Option<&'static str>,
    /// The default in a jail with a network stack of its own, where that is another one.
    pub default_with_vnet: Option<&'static str>,
    /// What it is, in a few words.
    pub about: &'static str,
    /// What it does on Linux.
    pub support: Support,
    /// The only values that are supported, as jls(8) writes them; empty when all are.
    pub only: &'static [&'static str],
    /// Its place in the catalogue.
    pub(crate) place: usize,
}

/// The type of a parameter's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `name`, `noname`, or one of `true`, `false` and a number.
    Bool,
    /// A number, from the first to the second.
    Int(i64, i64),
    /// A text of at most so many bytes.
    Text(usize),
    /// Texts, one after the other: `+=` adds to them.
    List,
    /// IPv4 addresses.
    Ip4List,
    /// IPv6 addresses.
    Ip6List,
    /// `disable`, `new` or `inherit`; a bare name means `new`.
    Jailsys,
}

/// The type of a parameter's values as Rust has it: several kinds share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `i64`.
    Int,
    /// A text of bytes.
    Text,
    /// Texts.
    List,
    /// [`crate::Jailsys`].
    Jailsys,
}

impl Kind {
    /// The type of such values.
    pub const fn type_of(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int(..) => Type::Int,
            Self::Text(_) => Type::Text,
            Self::List | Self::Ip4List | Self::Ip6List => Type::List,
            Self::Jailsys => Type::Jailsys,
        }
    }
}

/// Who uses a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The prison has it, and `jls -n` shows it.
    Core,
    /// Only jail(8) uses it, to set the jail up and to take it down: a pseudo-parameter.
    Pseudo,
}

/// When a parameter may be given a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Never: it only tells.
    ReadOnly,
    /// When the jail is created; `jail -m` cannot change it.
    Create,
    /// When the jail is created, and by `jail -m` while it runs. A pseudo-parameter
    /// is read anew at every use.
    Live,
}

/// How far a parameter does on Linux what it does on FreeBSD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// All of it; how.
    Full(&'static str),
    /// Not all of it; what is missing.
    Partly(&'static str),
    /// Nothing: giving it a value is an error; why.
    Refused(&'static str),
}

impl Support {
    /// The sentence that goes with it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Full(reason) | Self::Partly(reason) | Self::Refused(reason) => reason,
        }
    }
}

impl Parameter {
    /// Whether a configuration that says `name` means this parameter, by exactly its name.
    pub fn is_called(&self, name: &[u8]) -> bool {
        self.name.as_bytes() == name
    }

    /// The form of a boolean's name that turns it off: `allow.nomount`. Other types have none.
    pub fn no_name(&self) -> Option<String> {
        let last = self.name.rfind('.').map_or(0, |dot| dot + 1);
        (self.kind == Kind::Bool).then(|| format!("{}no{}", &self.name[..last], &self.name[last..]))
    }

    /// The value that it has when it is given none, in a jail with a network stack
    /// of its own or without one.
    pub const fn default_of(&self, vnet: bool) -> Option<&'static str> {
        if vnet && self.default_with_vnet.is_some() {
            return self.default_with_vnet;
        }
        self.default
    }

    /// Whether it is a text of lines `KEY=VALUE`, each of which is a parameter too: `meta.KEY`.
    pub fn has_keys(&self) -> bool {
        matches!(self.name, "meta" | "env")
    }

    /// Whether jail(8) alone uses it.
    pub fn is_pseudo(&self) -> bool {
        self.role == Role::Pseudo
    }
}
