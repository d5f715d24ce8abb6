//! Escapes of white space and other bytes in a field: strunvis(3).

use crate::number::number;

/// Resolves the escapes of strunvis(3) that a name can need: octal ones such as `\040`, and `\s`,
/// `\t`, `\n`, `\\`. `None` if there is another one.
pub(crate) fn unescape(field: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let octal = after.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
        let (byte, length) = match after.first()? {
            b'0'..=b'7' => (u8::try_from(number::<u32>(&after[..octal], 8)?).ok()?, octal),
            b's' => (b' ', 1),
            b't' => (b'\t', 1),
            b'n' => (b'\n', 1),
            b'\\' => (b'\\', 1),
            _ => return None,
        };
        // No path can have a NUL: the kernel would read a shorter one.
        if byte == 0 {
            return None;
        }
        bytes.push(byte);
        rest = &after[length..];
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn escapes() {
        for (field, want) in [
            (&br"/plain"[..], Some(&b"/plain"[..])),
            (br"a\040b\011c", Some(b"a b\tc")),      // strunvis(3), octal
            (br"\s\t\n\\",    Some(b" \t\n\\")),     // and cstyle
            (br"\0431",       Some(b"#1")),          // at most three digits
            (br"\7x",         Some(b"\x07x")),
            (br"a\",          None),
            (br"\q",          None),
            (br"\777",        None),                 // no byte
            (br"\000",        None),                 // in no path
        ] {
            assert_eq!(unescape(field).as_deref(), want, "{}", String::from_utf8_lossy(field));
        }
    }
}
