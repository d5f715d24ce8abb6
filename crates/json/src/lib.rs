//! JSON as a language: RFC 8259. Text in, a value out, and a value written as text that people can read.
//!
//! [`Json::read`] is strict: what the grammar does not allow, a name that an object has twice, and what is
//! nested deeper than [`DEPTH`] are refused with line and column. `Display` writes. No system calls.
//!
//! Why own code: the layout that `jail --plan=json` promises (short arrays on one line) and texts that need
//! not be UTF-8 ask for a writer of our own with any crate. What is left is this small reader. serde_json would
//! bring five crates for it, and its `Value` takes the last of two members of one name without a word;
//! tinyjson makes an `f64` of every number; jzon's last release is of 2023 and its parser full of `unsafe`.
//!
//! May use: no other crate; no system calls.

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
    /// A string: UTF-8 when it was read. What is not is written as U+FFFD, as JSON has no other bytes:
    /// a file's name, and a jail's parameter, can be any bytes.
    Text(Vec<u8>),
    /// An array.
    List(Vec<Json>),
    /// An object: its members in their order. When it was read, no two have one name.
    Object(Vec<(Vec<u8>, Json)>),
}

impl Json {
    /// A string.
    pub fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Text(text.as_ref().to_vec())
    }

    /// An integer.
    pub fn number(number: impl Into<Number>) -> Self {
        Self::Number(number.into())
    }

    /// An array of strings.
    pub fn texts<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// An object.
    pub fn object<const N: usize>(members: [(&str, Json); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// The member `name` of an object. `None`: there is none, or this is no object.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(own, _)| own == name.as_bytes()).map(|(_, value)| value)
    }
}
