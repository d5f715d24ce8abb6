//! The types of the catalogue: what each row says of its parameter.

/// A parameter of jail(8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name. A boolean one also has a form with `no` before its last component.
    pub name: &'static str,
    /// The type of its values, with their bounds.
    pub kind: Kind,
    /// Whether the prison has it, or only jail(8).
    pub role: Role,
    /// When it may be given a value.
    pub access: Access,
    /// The value if none is given, as jls(8) writes it; `None`: without one there is no value.
    pub default: Option<&'static str>,
    /// The default in a jail with a network stack of its own, if it is another one.
    pub default_with_vnet: Option<&'static str>,
    /// What the parameter is, in a few words.
    pub about: &'static str,
    /// What it does on Linux.
    pub support: Support,
    /// The only values that are supported, as jls(8) writes them; empty if all are.
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
    /// A list of texts: `+=` adds to it.
    List,
    /// IPv4 addresses.
    Ip4List,
    /// IPv6 addresses.
    Ip6List,
    /// `disable`, `new` or `inherit`. A bare name means `new`.
    Jailsys,
}

/// The type of a parameter's values in Rust. Several kinds share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `i64`.
    Int,
    /// A text of bytes.
    Text,
    /// A list of texts.
    List,
    /// [`crate::Jailsys`].
    Jailsys,
}

impl Kind {
    /// The type of the values of this kind.
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
    /// Only jail(8) uses it, to start and to stop the jail: a pseudo-parameter.
    Pseudo,
}

/// When a parameter may be given a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Never: it only shows something.
    ReadOnly,
    /// When the jail is created; `jail -m` cannot change it.
    Create,
    /// When the jail is created, and by `jail -m` while it runs. A pseudo-parameter is read anew at
    /// every use.
    Live,
}

/// How far a parameter does on Linux what it does on FreeBSD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// All of it; how.
    Full(&'static str),
    /// Not all of it; what is missing.
    Partly(&'static str),
    /// Nothing: to give it a value is an error; why.
    Refused(&'static str),
}

impl Support {
    /// The sentence that explains it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Full(reason) | Self::Partly(reason) | Self::Refused(reason) => reason,
        }
    }
}

impl Parameter {
    /// Whether `name` is exactly the name of this parameter.
    pub fn is_called(&self, name: &[u8]) -> bool {
        self.name.as_bytes() == name
    }

    /// The name that turns a boolean off: `allow.nomount`. Other types have none.
    pub fn no_name(&self) -> Option<String> {
        let last = self.name.rfind('.').map_or(0, |dot| dot + 1);
        (self.kind == Kind::Bool).then(|| format!("{}no{}", &self.name[..last], &self.name[last..]))
    }

    /// The value if none is given, in a jail with a network stack of its own or without one.
    pub const fn default_of(&self, vnet: bool) -> Option<&'static str> {
        if vnet && self.default_with_vnet.is_some() {
            return self.default_with_vnet;
        }
        self.default
    }

    /// Whether its value is a text of lines `KEY=VALUE`, each of which is a parameter too:
    /// `meta.KEY`.
    pub fn has_keys(&self) -> bool {
        matches!(self.name, "meta" | "env")
    }

    /// Whether jail(8) alone uses it.
    pub fn is_pseudo(&self) -> bool {
        self.role == Role::Pseudo
    }
}
