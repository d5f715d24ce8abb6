//! Mounts: the kernel's table /proc/PID/mountinfo as text, proc_pid_mountinfo(5), and the same as
//! FreeBSD's mount(8) shows it.
//!
//! [`lines`] reads the table. [`Mounted::table`] translates it to FreeBSD: names of file systems,
//! and a nullfs where one directory shows another. No system calls: the caller reads the file.
//!
//! May use: no other crate; no system calls.

mod freebsd;

pub use freebsd::Mounted;

/// One mount, as the kernel lists it. The fields that are escaped in the table, because they may
/// hold any byte, are read by methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The id of the mount: `stx_mnt_id` of statx(2).
    pub id: u64,
    /// The device of the file system: `254:0`.
    pub device: &'a [u8],
    root: &'a [u8],
    target: &'a [u8],
    /// The options of the mount, with commas between them.
    pub options: &'a [u8],
    /// The file system, by Linux's name.
    pub fstype: &'a [u8],
    source: &'a [u8],
    file_system_options: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads one line. `None` if the line is not whole.
    fn read(text: &'a [u8]) -> Option<Self> {
        let mut fields = text.split(|&byte| byte == b' ');
        let id = str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        let (device, root) = (fields.nth(1)?, fields.next()?);
        let (target, options) = (fields.next()?, fields.next()?);
        // The kernel writes any number of optional fields, and a lone dash behind them.
        let mut fields = fields.skip_while(|field| *field != b"-").skip(1);
        let (fstype, source) = (fields.next()?, fields.next()?);
        let file_system_options = fields.next().unwrap_or_default();
        Some(Self { id, device, root, target, options, fstype, source, file_system_options })
    }

    /// The directory of the file system that is shown at the target.
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        unescape(self.root)
    }

    /// The mount point.
    #[must_use]
    pub fn target(&self) -> Vec<u8> {
        unescape(self.target)
    }

    /// The source: a device, or a name without meaning.
    #[must_use]
    pub fn source(&self) -> Vec<u8> {
        unescape(self.source)
    }

    /// The options of the file system itself, with commas between them.
    #[must_use]
    pub fn file_system_options(&self) -> Vec<u8> {
        unescape(self.file_system_options)
    }
}

/// The lines of the table `text`, the oldest mount first. A line that is not whole is left out.
pub fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    text.split(|&byte| byte == b'\n').filter_map(Line::read)
}

/// Resolves the kernel's octal escapes of blanks and backslashes.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            // mangle_path() of the kernel writes always three digits, of one byte.
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                bytes.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                rest = after;
            }
            _ => bytes.push(*byte),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_line() {
        // proc_pid_mountinfo(5), EXAMPLES, with escapes of the kernel.
        let text = b"36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 - ext3 /dev/my\\134disk rw,errors=continue\n";
        let found: Vec<_> = lines(text).collect();
        let [line] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((line.id, line.device, line.fstype), (36, &b"98:0"[..], &b"ext3"[..]));
        assert_eq!((line.root(), line.target()), (b"/mnt1".to_vec(), b"/mnt/a b".to_vec()));
        assert_eq!(line.source(), b"/dev/my\\disk");
        assert_eq!(line.options, b"rw,noatime");
        assert_eq!(line.file_system_options(), b"rw,errors=continue");
    }

    #[test]
    fn what_is_not_whole_is_no_line() {
        for text in ["", "36 35", "x 35 98:0 / /mnt rw - ext3 /dev/root rw", "36 35 98:0 / /mnt rw"]
        {
            assert_eq!(lines(text.as_bytes()).count(), 0, "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn escapes() {
        for (field, want) in [
            (&br"/a\040b\011c\012d\134e"[..], &b"/a b\tc\nd\\e"[..]),
            (br"\043",  b"#"),
            (br"\377",  b"\xff"),
            (br"\777",  br"\777"),
            (br"\04",   br"\04"),
        ] {
            assert_eq!(unescape(field), want);
        }
    }
}
