//! Escapes of white space and other bytes in a field: strunvis(3).

use crate::number::number;

/// Resolves the escapes of strunvis(3): octal ones such as `\040`, hexadecimal ones, those of C
/// with `\s` and `\E`, `\^C`, `\M-C` and `\M^C`. Before any other letter a backslash means nothing,
/// and `\$` is nothing. `None` if one is not whole, or means a NUL.
pub(crate) fn unescape(field: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let (byte, length) = escape(after)?;
        rest = &after[length..];
        // No path can have a NUL: the kernel would read a shorter one.
        if byte == Some(0) {
            return None;
        }
        bytes.extend(byte);
    }
    Some(bytes)
}

/// What the escape means whose backslash `after` follows, and how many bytes it has there.
fn escape(after: &[u8]) -> Option<(Option<u8>, usize)> {
    let simple = |byte| Some((Some(byte), 1));
    match *after {
        [b'0'..=b'7', ..] => {
            let digits = after.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7'));
            let length = digits.count();
            // Three digits may mean more than a byte holds: C drops what is too much.
            Some((Some(number::<u16>(&after[..length], 8)?.to_le_bytes()[0]), length))
        }
        [b'x', ref hex @ ..] => {
            let length = hex.iter().take(2).take_while(|digit| digit.is_ascii_hexdigit()).count();
            Some((Some(number(&hex[..length], 16)?), 1 + length))
        }
        [b'^', byte, ..] => Some((Some(control(byte)), 2)),
        [b'M', b'-', byte, ..] => Some((Some(0x80 | byte), 3)),
        [b'M', b'^', byte, ..] => Some((Some(0x80 | control(byte)), 3)),
        [b'^' | b'M', ..] => None,
        [b'$', ..] => Some((None, 1)),
        [b'n', ..] => simple(b'\n'),
        [b'r', ..] => simple(b'\r'),
        [b'b', ..] => simple(8),
        [b'a', ..] => simple(7),
        [b'v', ..] => simple(11),
        [b't', ..] => simple(b'\t'),
        [b'f', ..] => simple(12),
        [b's', ..] => simple(b' '),
        [b'E', ..] => simple(0x1b),
        [byte, ..] if byte.is_ascii_graphic() => simple(byte),
        _ => None,
    }
}

/// The control character of a letter; that of `?` is DEL.
fn control(letter: u8) -> u8 {
    if letter == b'?' { 0x7f } else { letter & 0x1f }
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
            (br"\q\#",        Some(b"q#")),
            (br"\x41\x4g",    Some(b"A\x04g")),
            (br"\r\b\a\v\f\E", Some(b"\r\x08\x07\x0b\x0c\x1b")),
            (br"\^A\^?\M-a\M^A\$", Some(b"\x01\x7f\xe1\x81")),
            (br"\777",        Some(b"\xff")),        // what is too much for a byte falls away
            (br"\x",          None),
            (br"\M",          None),
            (br"\\ ",         Some(b"\\ ")),
            (br"\000",        None),                 // in no path
        ] {
            assert_eq!(unescape(field).as_deref(), want, "{}", String::from_utf8_lossy(field));
        }
    }
}
