//! The lines of fstab(5) and their fields, as jail(8) reads them with getfsent(3) of FreeBSD's
//! libc.

use crate::error::{Error, ErrorKind};
use crate::escape::unescape;

/// The entry of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is mounted: a device, a directory or a name, without escapes.
    pub source: Vec<u8>,
    /// The mount point, without escapes.
    pub target: Vec<u8>,
    /// The name of the file system: `nullfs`.
    pub fstype: Vec<u8>,
    /// The options between the commas.
    pub options: Vec<Vec<u8>>,
    /// The number of the line, from 1.
    pub line: usize,
}

/// Reads all lines of a file. A line with the option `xx` is no entry: fstab(5).
///
/// # Errors
/// The first line that is wrong.
pub fn parse(text: &[u8]) -> Result<Vec<Entry>, Error> {
    let lines = text.split(|&byte| byte == b'\n').enumerate();
    let entries = lines.map(|(index, line)| parse_line(line, index + 1));
    entries.filter_map(Result::transpose).collect()
}

/// Reads one line; `line` is its number in the file. `None` if the line has no entry.
///
/// # Errors
/// The line has fewer than three fields, or something in it does not parse.
pub fn parse_line(text: &[u8], line: usize) -> Result<Option<Entry>, Error> {
    // jail(8) cuts the line at any `#`; a name has \043 instead.
    parse_fields(text.split(|&byte| byte == b'#').next().unwrap_or_default(), line)
}

/// Reads the value of jail(8)'s `mount`: the fields of one line, in which a `#` is a letter, and a
/// line feed a blank. `None` if there are no fields.
///
/// # Errors
/// Those of [`parse_line`].
pub fn parse_value(text: &[u8]) -> Result<Option<Entry>, Error> {
    parse_fields(text, 1)
}

fn parse_fields(text: &[u8], line: usize) -> Result<Option<Entry>, Error> {
    let text = text.trim_ascii();
    let error = |kind: fn(Vec<u8>) -> ErrorKind| Error { line, kind: kind(text.to_vec()) };
    let parse_error = || error(ErrorKind::Parse);
    // isspace(3) has the vertical tab, which Rust's function lacks.
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\x0b';
    let fields: Vec<_> = text.split(blank).filter(|field| !field.is_empty()).collect();
    let (source, target, fstype, options) = match *fields.as_slice() {
        [] => return Ok(None),
        // jail(8) demands three fields. It does not look at those behind the fourth, which are for
        // dump(8) and fsck(8).
        [source, target, fstype] => (source, target, fstype, &b""[..]),
        [source, target, fstype, options, ..] => (source, target, fstype, options),
        _ => return Err(error(ErrorKind::MissingInformation)),
    };
    let options = options_between_commas(options);
    if options.iter().any(|option| option == b"xx") {
        return Ok(None);
    }
    Ok(Some(Entry {
        source: unescape(source).ok_or_else(parse_error)?,
        target: unescape(target).ok_or_else(parse_error)?,
        fstype: fstype.to_vec(),
        options,
        line,
    }))
}

/// Splits the fourth field at its commas.
fn options_between_commas(field: &[u8]) -> Vec<Vec<u8>> {
    let options = field.split(|&byte| byte == b',');
    options.filter(|option| !option.is_empty()).map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries as the words of their fields.
    fn read(text: &str) -> Result<Vec<String>, String> {
        let show = |entry: Entry| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (source, target) = (text(&entry.source), text(&entry.target));
            let (fstype, options) = (text(&entry.fstype), text(&entry.options.join(&b',')));
            format!("{}: {source:?} {target:?} {fstype} {options}", entry.line)
        };
        let entries = parse(text.as_bytes()).map_err(|error| error.to_string())?;
        Ok(entries.into_iter().map(show).collect())
    }

    #[test]
    #[rustfmt::skip]
    fn lines() {
        for (text, want) in [
            ("",                                             Ok(vec![])),
            ("# a comment\n\n   \n",                         Ok(vec![])),
            ("/data /j/data nullfs rw 0 0\n",                Ok(vec![r#"1: "/data" "/j/data" nullfs rw"#])),
            ("\n /data\t/j/data  nullfs ro,noexec 1 2 # ok", Ok(vec![r#"2: "/data" "/j/data" nullfs ro,noexec"#])),
            ("tmpfs /j/tmp tmpfs\n",                         Ok(vec![r#"1: "tmpfs" "/j/tmp" tmpfs "#])), // jail(8) needs three
            (r"/my\040files /j/a\011b\\c nullfs rw",         Ok(vec![r#"1: "/my files" "/j/a\tb\\c" nullfs rw"#])),
            (r"/my\sfiles\0431 /j nullfs rw",                Ok(vec![r#"1: "/my files#1" "/j" nullfs rw"#])),
            ("/a /b nullfs xx 0 0\n/c /d nullfs rw\n",       Ok(vec![r#"2: "/c" "/d" nullfs rw"#])),
            ("/a /b nullfs rw 0 0\r\n",                      Ok(vec![r#"1: "/a" "/b" nullfs rw"#])),
            ("/a /b\n",                                      Err("1: /a /b: missing information; a line is SOURCE MOUNTPOINT TYPE OPTIONS")),
            ("\n\n/a\n",                                     Err("3: /a: missing information; a line is SOURCE MOUNTPOINT TYPE OPTIONS")),
            (r"/a\q /b nullfs rw",                           Ok(vec![r#"1: "/aq" "/b" nullfs rw"#])),
            (r"/a\ /b nullfs rw",                            Err(r"1: /a\ /b nullfs rw: fstab parse error; a line is SOURCE MOUNTPOINT TYPE OPTIONS 0 0, and a blank in a name is \040")),
            (r"/a\000 /b nullfs rw",                         Err(r"1: /a\000 /b nullfs rw: fstab parse error; a line is SOURCE MOUNTPOINT TYPE OPTIONS 0 0, and a blank in a name is \040")),
            ("/a /b nullfs rw, noexec 0 0 0",                Ok(vec![r#"1: "/a" "/b" nullfs rw"#])), // jail(8) reads four fields
        ] {
            let want = want
                .map(|lines| lines.into_iter().map(str::to_owned).collect::<Vec<_>>())
                .map_err(str::to_owned);
            assert_eq!(read(text), want, "{text:?}");
        }
    }

    /// run_command() of FreeBSD's jail(8), against check_intparams(), which reads files.
    #[test]
    #[rustfmt::skip]
    fn values_of_mount() {
        for (text, want) in [
            ("/nas/#recycle /j/trash nullfs rw",  Ok(Some("/nas/#recycle"))),
            ("/a\n/j/b\nnullfs rw",               Ok(Some("/a"))),
            ("",                                  Ok(None)),
            ("/nas/#recycle",                     Err("/nas/#recycle: missing information; a line is SOURCE MOUNTPOINT TYPE OPTIONS")),
        ] {
            let source = |entry: Entry| String::from_utf8_lossy(&entry.source).into_owned();
            let got = parse_value(text.as_bytes()).map(|entry| entry.map(source));
            let got = got.map_err(|error| error.kind.to_string());
            assert_eq!(got, want.map(|it| it.map(str::to_owned)).map_err(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let pieces: [&[u8]; 12] = [
            b"/a ", b"\\", b"0", b"777", b" ", b"\n", b"#", b",", b"=", b"nullfs ", b"tmpfs ",
            b"\xff",
        ];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    for d in pieces {
                        let text = [a, b, c, d, b" size=", d, c].concat();
                        for entry in parse(&text).into_iter().flatten() {
                            let _ = entry.mount();
                        }
                    }
                }
            }
        }
    }
}
