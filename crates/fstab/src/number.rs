//! Numbers in fields and options, and sizes in powers of 1024: expand_number(3).

/// Reads a number without sign in this radix.
pub(crate) fn number<T: TryFrom<u64>>(digits: &[u8], radix: u32) -> Option<T> {
    // `from_str_radix` takes a `+`.
    let digits = str::from_utf8(digits).ok().filter(|digits| !digits.starts_with(['+', '-']))?;
    T::try_from(u64::from_str_radix(digits, radix).ok()?).ok()
}

/// Reads a number with an optional k, m, g or t behind it, for powers of 1024: expand_number(3).
pub(crate) fn size(value: &[u8]) -> Option<u64> {
    let (digits, shift) = match value.split_last()? {
        (b'k' | b'K', digits) => (digits, 10),
        (b'm' | b'M', digits) => (digits, 20),
        (b'g' | b'G', digits) => (digits, 30),
        (b't' | b'T', digits) => (digits, 40),
        _ => (value, 0),
    };
    number::<u64>(digits, 10)?.checked_mul(1 << shift)
}
