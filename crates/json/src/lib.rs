//! JSON as a language: RFC 8259. A text is read into a value, and a value is written as a text that
//! people can read.
//!
//! [`Json::read`] is strict: a text beyond the grammar, a name that an object has twice, and
//! nesting deeper than [`DEPTH`] are refused with line and column. `Display` writes. No system
//! calls.
//!
//! Why own code: `jail --plan=json` promises a layout (short arrays on one line) and has texts that
//! need not be UTF-8, so the writer would be our own with any crate. Only this small reader could
//! be saved. serde_json would bring five crates for it, and its `Value` silently takes the last of
//! two members of one name; tinyjson makes an `f64` of every number; the last release of jzon is
//! from 2023, and its parser is full of `unsafe`.
//!
//! May use: `vis`; no system calls.

mod number;
mod read;
mod write;

pub use number::Number;
pub use read::{DEPTH, Error, ErrorKind};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, to its last digit.
    Number(Number),
    /// A string. One that was read is UTF-8. In others, bytes that are not UTF-8 are written as
    /// U+FFFD, as JSON has no way to write them: a file's name, and a jail's parameter, can be any
    /// bytes.
    Text(Vec<u8>),
    /// An array.
    List(Vec<Json>),
    /// An object: its members in their order. In one that was read, every name is there once.
    // A vector, not a map: people read the members in the order in which they were put.
    Object(Vec<(Vec<u8>, Json)>),
}

impl Json {
    /// Makes a string.
    pub fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Text(text.as_ref().to_vec())
    }

    /// Makes an integer.
    pub fn number(number: impl Into<Number>) -> Self {
        Self::Number(number.into())
    }

    /// Makes an array of strings.
    pub fn texts<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// Makes an object.
    pub fn object<const N: usize>(members: [(&str, Json); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// The member `name` of an object. `None` if the object has none, or if this is no object.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(own, _)| own == name.as_bytes()).map(|(_, value)| value)
    }
}
