//! Reads what follows a word of ifconfig(8): names and numbers, with FreeBSD's messages for wrong
//! ones.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use netif::{Fib, GroupName, InterfaceName, VlanSet};

use super::error::UsageError;

/// The name of an interface.
pub(super) fn name(text: &str) -> Result<InterfaceName, UsageError> {
    InterfaceName::parse(text).map_err(UsageError::Name)
}

/// A group; `verb` is FreeBSD's name of what is done with it.
pub(super) fn group(verb: &'static str, text: &str) -> Result<GroupName, UsageError> {
    GroupName::parse(text).map_err(|error| UsageError::Group { verb, error })
}

/// A decimal number.
pub(super) fn number(text: &str) -> Result<u32, UsageError> {
    text.parse().map_err(|_| bad_value(text))
}

/// A number with base 10, with base 16 after `0x`, or with base 8 after `0`, within bounds: FreeBSD
/// reads it by strtoul(3) with base 0.
pub(super) fn number_in(text: &str, bounds: RangeInclusive<u32>) -> Option<u32> {
    let (digits, base) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // Digits alone: `from_str_radix` would take a plus sign behind `0x`.
    let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let value = u32::from_str_radix(digits, base).ok().filter(|_| plain);
    value.filter(|value| bounds.contains(value))
}

/// An IPv4 address of one to four numbers, the last of which fills all bytes that are left:
/// `10.6` is 10.0.0.6. inet_aton(3).
pub(super) fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let (first, last) = match text.rsplit_once('.') {
        Some((first, last)) => (first.split('.').collect(), last),
        None => (Vec::new(), text),
    };
    let places = 32 - 8 * u32::try_from(first.len()).ok().filter(|&count| count < 4)?;
    let last = number_in(last, 0..=u32::MAX >> (32 - places))?;
    let bytes = first.iter().map(|part| number_in(part, 0..=255));
    let whole = bytes.zip([24, 16, 8]).try_fold(0, |all, (byte, place)| Some(all | byte? << place));
    Some(Ipv4Addr::from_bits(whole? | last))
}

/// A setting of a bridge, 0 to `most`.
pub(super) fn bridge_value(text: &str, most: u32) -> Result<u32, UsageError> {
    number_in(text, 0..=most).ok_or_else(|| UsageError::Invalid("invalid value", text.to_owned()))
}

/// A setting of a bridge that is a byte.
pub(super) fn bridge_byte(text: &str) -> Result<u8, UsageError> {
    Ok(bridge_value(text, u8::MAX.into())? as u8)
}

/// A list of vlans: `2-3,128`.
pub(super) fn vlans(text: &str) -> Result<VlanSet, UsageError> {
    VlanSet::parse(text).ok_or_else(|| UsageError::Invalid("invalid vlan set", text.to_owned()))
}

/// The tag of a vlan; `message` is FreeBSD's for a wrong one.
pub(super) fn vlan(message: &'static str, text: &str) -> Result<u16, UsageError> {
    let tag = number_in(text, 1..=4094).and_then(|tag| u16::try_from(tag).ok());
    tag.ok_or_else(|| UsageError::Invalid(message, text.to_owned()))
}

/// One end of a tunnel, or of a vxlan.
pub(super) fn end(text: &str) -> Result<IpAddr, UsageError> {
    let bad = |_| UsageError::Invalid("error in parsing address string", text.to_owned());
    text.parse().map_err(bad)
}

/// The number of a routing table.
pub(super) fn fib(text: &str) -> Result<Fib, UsageError> {
    let number = number_in(text, 0..=u32::MAX);
    let number = number.ok_or_else(|| UsageError::Message(format!("fib {text} not valid")))?;
    let last = Fib::COUNT - 1;
    // FreeBSD's kernel answers EINVAL to a table that it does not have.
    let none = || format!("ioctl (SIOCSIFFIB): Invalid argument (there are fibs 0 to {last})");
    Fib::new(number).ok_or_else(|| UsageError::Message(none()))
}

/// Accepts the number of a routing table for tunnels, which is 0.
pub(super) fn only_fib(number: &str) -> Result<(), UsageError> {
    let refused = match number_in(number, 0..=u32::MAX) {
        Some(0) => return Ok(()),
        Some(_) => "ioctl (SIOCSTUNFIB): Invalid argument (tunnels send by fib 0)".to_owned(),
        None => format!("tunnelfib {number} not valid"),
    };
    Err(UsageError::Message(refused))
}

/// FreeBSD's message for a text that is no value.
pub(super) fn bad_value(text: &str) -> UsageError {
    UsageError::BadValue(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn numbers() {
        for (text, want) in [
            ("0",          Some(0)),
            ("10",         Some(10)),
            ("010",        Some(8)),      // strtoul(3): base 8 after 0
            ("0777",       Some(511)),
            ("08",         None),
            ("0x10",       Some(16)),
            ("0X1f",       Some(31)),
            ("0x",         None),
            ("0x+1",       None),
            ("+1",         None),
            ("",           None),
            ("1000",       Some(1000)),
            ("1001",       None),         // out of bounds
            ("4294967296", None),
        ] {
            assert_eq!(number_in(text, 0..=1000), want, "{text:?}");
        }
    }
}
