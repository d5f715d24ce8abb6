//! Parameters that the compiler knows, with the type of their values.
//!
//! A [`Handle`] is a row of the catalogue that is found by its name when this crate is compiled. A
//! name that the catalogue lacks does not compile, and neither does a parameter with values of
//! another type. Which handles there are is left to [`crate::param`].

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use crate::catalogue::CATALOGUE;
use crate::types::Parameter;
use crate::value::Typed;

/// A parameter whose values are `T`.
pub struct Handle<T> {
    parameter: &'static Parameter,
    values: PhantomData<T>,
}

/// A boolean parameter.
pub type Bool = Handle<bool>;
/// A number.
pub type Int = Handle<i64>;
/// A text.
pub type Text = Handle<Vec<u8>>;
/// A list of texts, or of addresses.
pub type List = Handle<Vec<Vec<u8>>>;

impl<T: Typed> Handle<T> {
    /// Finds the parameter `name`. A constant does not compile if the catalogue lacks the name, or
    /// if the parameter has values of another type.
    ///
    /// # Panics
    /// Panics if there is no such parameter. Only constants may call this function: for them, that
    /// is an error of the compiler.
    pub const fn named(name: &str) -> Self {
        // A constant function has no iterators, and cannot compare texts with `==`.
        let mut place = 0;
        while !is_same(CATALOGUE[place].name, name) {
            place += 1;
            assert!(place < CATALOGUE.len(), "the catalogue has no parameter of this name");
        }
        let parameter = &CATALOGUE[place];
        // As numbers, because a constant function cannot call `PartialEq`.
        let is_of_type = parameter.kind.type_of() as u8 == T::TYPE as u8;
        assert!(is_of_type, "the parameter has values of another type");
        Self { parameter, values: PhantomData }
    }
}

impl<T> Handle<T> {
    /// The row of the catalogue.
    pub const fn parameter(self) -> &'static Parameter {
        self.parameter
    }

    /// Whether `parameter` is this one.
    pub const fn is(self, parameter: &Parameter) -> bool {
        self.parameter.place == parameter.place
    }
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

impl<T> Deref for Handle<T> {
    type Target = Parameter;

    fn deref(&self) -> &Parameter {
        self.parameter
    }
}

// Derived, these would ask the same of `T`: a handle of texts would be no `Copy`.
impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.parameter)
    }
}

impl<T> Eq for Handle<T> {}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_its_row() {
        assert_eq!(Bool::named("allow.raw_sockets").name, "allow.raw_sockets");
        assert_eq!(List::named("ip4.addr").name, "ip4.addr");
    }

    #[test]
    #[should_panic(expected = "no parameter of this name")]
    fn an_unknown_name_makes_none() {
        Bool::named("allow.raw_socket");
    }

    #[test]
    #[should_panic(expected = "values of another type")]
    fn another_type_makes_none() {
        Bool::named("path");
    }
}
