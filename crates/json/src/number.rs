//! Numbers: RFC 8259, section 6. A number is kept as it is written, because no type of Rust holds
//! all numbers.

use std::fmt;

/// A number in JSON's own notation. Two numbers are equal if they are written alike: `1` is not
/// `1.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(Box<str>);

impl Number {
    /// Makes a number of `text`, which must be one by JSON's grammar.
    pub(crate) fn written(text: &str) -> Self {
        Self(text.into())
    }

    /// The number as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The integer. `None` if there is a fraction or an exponent, or if the number does not fit.
    #[must_use]
    pub fn to_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The integer, from 0. `None` if the number is negative, has a fraction or an exponent, or
    /// does not fit.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The nearest binary number. `None` if the number is too large for one.
    #[must_use]
    pub fn to_f64(&self) -> Option<f64> {
        // Rust reads `1e999` as infinity.
        self.0.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(number.to_string().into())
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self(number.to_string().into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn no_digit_is_lost() {
        let max = u64::MAX.to_string();
        for (text, i64, u64, f64) in [
            ("0",                    Some(0),        Some(0),        Some(0.0)),
            ("-0",                   Some(0),        None,           Some(-0.0)),
            ("-12",                  Some(-12),      None,           Some(-12.0)),
            ("9007199254740993",     Some(9007199254740993), Some(9007199254740993), Some(9007199254740992.0)), // 2^53 + 1
            (max.as_str(),           None,           Some(u64::MAX), Some(18446744073709551615.0)),
            ("1.5",                  None,           None,           Some(1.5)),
            ("1e2",                  None,           None,           Some(100.0)),
            ("1e999",                None,           None,           None),
        ] {
            let number = Number::written(text);
            assert_eq!((number.to_i64(), number.to_u64(), number.to_f64()), (i64, u64, f64), "{text}");
            assert_eq!(number.to_string(), text);
        }
        assert_eq!(Number::from(-5_i64).as_str(), "-5");
        assert_eq!(Number::from(u64::MAX).as_str(), max);
    }
}
