//! fstab(5): the lines of `mount.fstab` and `mount`, and what their options mean.
//!
//! [`parse`] reads the lines as jail(8) does, [`Entry::mount`] reads their file system and options. What
//! kletka cannot mount the way the line asks is refused by name; nothing is mounted here.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is mounted: a device, a directory, a name; escapes resolved.
    pub source: Vec<u8>,
    /// Where; escapes resolved.
    pub target: Vec<u8>,
    /// The file system: `nullfs`.
    pub fstype: Vec<u8>,
    /// The options between the commas.
    pub options: Vec<Vec<u8>>,
    /// For dump(8); unused.
    pub dump: u32,
    /// For fsck(8); unused.
    pub pass: u32,
    /// The line's number, from 1.
    pub line: usize,
}

/// A line that cannot be taken. `Display` begins with the line's number: `3: reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: ErrorKind,
}

/// The things that can be wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// Fewer than three fields; the line.
    MissingInformation(Vec<u8>),
    /// An escape that means nothing, a number that is none, too many fields; the line.
    Parse(Vec<u8>),
    /// A file system that kletka does not mount.
    UnknownFileSystem(Vec<u8>),
    /// What is to be mounted is no device.
    UnknownDevice(Vec<u8>),
    /// An overlay of nothing.
    NoLayers,
    /// An option that this file system does not have here.
    UnknownOption {
        /// As it stands on the line.
        option: Vec<u8>,
        /// The line's file system.
        fstype: &'static str,
    },
    /// An option whose value is not what it must be.
    BadValue(Vec<u8>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        match self {
            Self::MissingInformation(line) => write!(f, "{}: missing information", text(line)),
            Self::Parse(line) => write!(f, "{}: fstab parse error", text(line)),
            Self::UnknownFileSystem(fstype) => {
                write!(f, "{}: file system not supported", text(fstype))
            }
            Self::UnknownDevice(source) => {
                write!(f, "{}: a file system of disks needs a device's absolute path", text(source))
            }
            Self::NoLayers => write!(f, "overlay: needs lowerdir=, and upperdir= with workdir="),
            Self::UnknownOption { option, fstype } => {
                write!(f, "{}: mount option not supported for {fstype}", text(option))
            }
            Self::BadValue(option) => write!(f, "{}: invalid value", text(option)),
        }
    }
}

impl std::error::Error for Error {}

/// Reads all lines of a file. A line with the option `xx` is no entry: fstab(5).
///
/// # Errors
/// The first line that is wrong.
pub fn parse(text: &[u8]) -> Result<Vec<Entry>, Error> {
    let lines = text.split(|&byte| byte == b'\n').enumerate();
    let entries = lines.map(|(index, line)| parse_line(line, index + 1));
    entries.filter_map(Result::transpose).collect()
}

/// Reads one line, the one with number `line` in its file: also the value of jail(8)'s `mount`. `None` when
/// nothing is on it.
///
/// # Errors
/// Fewer than three fields, and what does not parse.
pub fn parse_line(text: &[u8], line: usize) -> Result<Option<Entry>, Error> {
    // jail(8) cuts at any `#`; one in a name is written \043.
    let text = text.split(|&byte| byte == b'#').next().unwrap_or_default().trim_ascii();
    let error = |kind: fn(Vec<u8>) -> ErrorKind| Error { line, kind: kind(text.to_vec()) };
    let parse_error = || error(ErrorKind::Parse);
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\x0b';
    let fields: Vec<_> = text.split(blank).filter(|field| !field.is_empty()).collect();
    let (source, target, fstype, rest) = match *fields.as_slice() {
        [] => return Ok(None),
        [source, target, fstype, ref rest @ ..] => (source, target, fstype, rest),
        _ => return Err(error(ErrorKind::MissingInformation)),
    };
    let (options, numbers) =
        rest.split_first().map_or((&b""[..], rest), |(first, rest)| (*first, rest));
    let options: Vec<_> = options
        .split(|&byte| byte == b',')
        .filter(|option| !option.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    if options.iter().any(|option| option == b"xx") {
        return Ok(None);
    }
    let numbers: Option<Vec<u32>> = numbers.iter().map(|field| number(field, 10)).collect();
    let (dump, pass) = match numbers.as_deref() {
        Some([]) => (0, 0),
        Some(&[dump]) => (dump, 0),
        Some(&[dump, pass]) => (dump, pass),
        _ => return Err(parse_error()),
    };
    Ok(Some(Entry {
        source: unescape(source).ok_or_else(parse_error)?,
        target: unescape(target).ok_or_else(parse_error)?,
        fstype: fstype.to_vec(),
        options,
        dump,
        pass,
        line,
    }))
}

/// Resolves the escapes of strunvis(3) that a name can need: `\040` and its like, `\s`, `\t`, `\n`, `\\`.
fn unescape(field: &[u8]) -> Option<Vec<u8>> {
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
        // No path has a NUL in it.
        if byte == 0 {
            return None;
        }
        bytes.push(byte);
        rest = &after[length..];
    }
    Some(bytes)
}

/// A number without sign in this radix.
fn number<T: TryFrom<u64>>(digits: &[u8], radix: u32) -> Option<T> {
    let digits = str::from_utf8(digits).ok().filter(|digits| !digits.starts_with(['+', '-']))?;
    T::try_from(u64::from_str_radix(digits, radix).ok()?).ok()
}

/// What an entry asks for, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub target: PathBuf,
    /// What.
    pub file_system: FileSystem,
    /// How.
    pub flags: Flags,
}

/// The file systems that can be mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSystem {
    /// Another directory (or file), seen here too: mount_nullfs(8).
    Nullfs {
        /// That directory.
        source: PathBuf,
    },
    /// Files in memory: tmpfs(5).
    Tmpfs(Tmpfs),
    /// One of the kernel's own.
    Kernel(Kernel),
    /// One on a device of the host, by the name that Linux has for it.
    Disk {
        /// The name: `ext4`.
        kind: String,
        /// The device.
        device: PathBuf,
    },
    /// Directories over each other: Linux's overlay.
    Overlay(Overlay),
    /// Another directory over what lies at the mount point: mount_unionfs(8).
    Union {
        /// That directory.
        source: PathBuf,
        /// It is under what lies there.
        below: bool,
    },
}

/// The kernel's own file systems. Linux's /proc and /sys do for both of FreeBSD's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// procfs(5), linprocfs(5).
    Proc,
    /// linsysfs(5).
    Sys,
    /// devfs(5).
    Dev,
    /// fdescfs(5).
    Fd,
}

/// The layers of an overlay.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// Directories that are only read, the topmost first.
    pub lower: Vec<PathBuf>,
    /// The directory that takes what is written.
    pub upper: Option<PathBuf>,
    /// An empty directory beside it, for the kernel's use.
    pub work: Option<PathBuf>,
}

impl Overlay {
    fn take(&mut self, option: &[u8]) -> bool {
        let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
        if let Some(lower) = option.strip_prefix(b"lowerdir=") {
            self.lower = lower.split(|&byte| byte == b':').map(path).collect();
        } else if let Some(upper) = option.strip_prefix(b"upperdir=") {
            self.upper = Some(path(upper));
        } else if let Some(work) = option.strip_prefix(b"workdir=") {
            self.work = Some(path(work));
        } else {
            return false;
        }
        true
    }

    fn is_whole(&self) -> bool {
        let all = self.lower.iter().chain(&self.upper).chain(&self.work);
        !self.lower.is_empty()
            && self.upper.is_some() == self.work.is_some()
            && all.into_iter().all(|path| path.is_absolute())
    }
}

/// Takes an option of mount_unionfs(8). The kernel's overlay copies a file up with its owner and mode, and makes
/// whiteouts where they are needed; it has no other way.
fn take_of_union(below: &mut bool, option: &[u8]) -> bool {
    match option {
        b"below" => *below = true,
        b"copymode=transparent" | b"whiteout=whenneeded" => {}
        _ => return false,
    }
    true
}

/// Linux's name for a file system of disks, by FreeBSD's or its own.
fn disk(fstype: &[u8]) -> Option<&'static str> {
    Some(match fstype {
        b"ext2fs" | b"ext2" | b"ext3" | b"ext4" => "ext4",
        b"msdosfs" | b"vfat" => "vfat",
        b"cd9660" | b"iso9660" => "iso9660",
        b"xfs" => "xfs",
        b"btrfs" => "btrfs",
        b"f2fs" => "f2fs",
        b"exfat" => "exfat",
        b"squashfs" => "squashfs",
        b"erofs" => "erofs",
        b"udf" => "udf",
        _ => return None,
    })
}

/// The limits and the root directory of a tmpfs. Where it says nothing, the root directory has the mode and
/// the owner of what it is mounted on.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tmpfs {
    /// The most that its files may hold, in bytes.
    pub size: Option<u64>,
    /// The most files that there may be.
    pub inodes: Option<u64>,
    /// Permission bits of its root directory.
    pub mode: Option<u32>,
    /// Owner of its root directory.
    pub uid: Option<u32>,
    /// Group of its root directory.
    pub gid: Option<u32>,
}

/// Options that every file system has: mount(8), `-o`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    /// `ro`.
    pub read_only: bool,
    /// `nosuid`.
    pub no_suid: bool,
    /// `noexec`.
    pub no_exec: bool,
    /// `noatime`.
    pub no_atime: bool,
    /// `late`: mount(8) with `-a` leaves it to a later `-al`. jail(8) mounts it.
    pub late: bool,
    /// `noauto`: mount(8) with `-a` leaves it out. jail(8) mounts it.
    pub no_auto: bool,
}

impl Flags {
    /// Takes `option` when it is one of these; the later of two wins.
    fn take(&mut self, option: &[u8]) -> bool {
        let (flag, value) = match option {
            b"ro" | b"rdonly" | b"norw" => (&mut self.read_only, true),
            b"rw" | b"noro" => (&mut self.read_only, false),
            b"nosuid" => (&mut self.no_suid, true),
            b"suid" => (&mut self.no_suid, false),
            b"noexec" => (&mut self.no_exec, true),
            b"exec" => (&mut self.no_exec, false),
            b"noatime" => (&mut self.no_atime, true),
            b"atime" => (&mut self.no_atime, false),
            b"late" => (&mut self.late, true),
            b"noauto" => (&mut self.no_auto, true),
            b"auto" => (&mut self.no_auto, false),
            _ => return false,
        };
        *flag = value;
        true
    }
}

impl Tmpfs {
    /// Takes `option` when it is one of these. `None`: its value makes no sense.
    fn take(&mut self, option: &[u8]) -> Option<bool> {
        let equals = option.iter().position(|&byte| byte == b'=').unwrap_or(option.len());
        let value = option.get(equals + 1..).unwrap_or_default();
        match &option[..equals] {
            b"size" => self.size = Some(size(value)?),
            b"inodes" => self.inodes = Some(size(value)?),
            b"mode" => {
                self.mode = Some(number(value, 8).filter(|&mode: &u32| mode <= 0o7777)?);
            }
            b"uid" => self.uid = Some(number(value, 10)?),
            b"gid" => self.gid = Some(number(value, 10)?),
            _ => return Some(false),
        }
        Some(true)
    }
}

/// A number with an optional k, m, g or t behind it, for powers of 1024: expand_number(3).
fn size(value: &[u8]) -> Option<u64> {
    let (digits, shift) = match value.split_last()? {
        (b'k' | b'K', digits) => (digits, 10),
        (b'm' | b'M', digits) => (digits, 20),
        (b'g' | b'G', digits) => (digits, 30),
        (b't' | b'T', digits) => (digits, 40),
        _ => (value, 0),
    };
    number::<u64>(digits, 10)?.checked_mul(1 << shift)
}

impl Entry {
    /// Reads the file system and the options.
    ///
    /// # Errors
    /// What kletka cannot mount as the line asks.
    pub fn mount(&self) -> Result<Mount, Error> {
        let error = |kind| Error { line: self.line, kind };
        let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
        let mut flags = Flags::default();
        let (mut tmpfs, mut overlay, mut below) = (Tmpfs::default(), Overlay::default(), false);
        let fstype = match self.fstype.as_slice() {
            b"nullfs" => "nullfs",
            b"tmpfs" => "tmpfs",
            b"overlay" => "overlay",
            b"unionfs" => "unionfs",
            b"procfs" | b"linprocfs" | b"proc" => "procfs",
            b"linsysfs" | b"sysfs" => "linsysfs",
            b"devfs" => "devfs",
            b"fdescfs" => "fdescfs",
            other => {
                let unknown = || error(ErrorKind::UnknownFileSystem(other.to_vec()));
                disk(other).ok_or_else(unknown)?
            }
        };
        for option in &self.options {
            let bad_value = || error(ErrorKind::BadValue(option.clone()));
            let known = flags.take(option)
                || match fstype {
                    "tmpfs" => tmpfs.take(option).ok_or_else(bad_value)?,
                    "overlay" => overlay.take(option),
                    "unionfs" => take_of_union(&mut below, option),
                    // Links that readlink(2) can read: what /proc/self/fd is anyway.
                    "fdescfs" => option == b"linrdlnk",
                    _ => false,
                };
            if !known {
                return Err(error(ErrorKind::UnknownOption { option: option.clone(), fstype }));
            }
        }
        let file_system = match fstype {
            "tmpfs" => FileSystem::Tmpfs(tmpfs),
            "nullfs" => FileSystem::Nullfs { source: path(&self.source) },
            "unionfs" => FileSystem::Union { source: path(&self.source), below },
            "procfs" => FileSystem::Kernel(Kernel::Proc),
            "linsysfs" => FileSystem::Kernel(Kernel::Sys),
            "devfs" => FileSystem::Kernel(Kernel::Dev),
            "fdescfs" => FileSystem::Kernel(Kernel::Fd),
            "overlay" if overlay.is_whole() => FileSystem::Overlay(overlay),
            "overlay" => return Err(error(ErrorKind::NoLayers)),
            _ if !self.source.starts_with(b"/") => {
                return Err(error(ErrorKind::UnknownDevice(self.source.clone())));
            }
            kind => FileSystem::Disk { kind: kind.to_owned(), device: path(&self.source) },
        };
        Ok(Mount { target: path(&self.target), file_system, flags })
    }
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
            format!(
                "{}: {source:?} {target:?} {fstype} {options} {} {}",
                entry.line, entry.dump, entry.pass
            )
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
            ("/data /j/data nullfs rw 0 0\n",                Ok(vec![r#"1: "/data" "/j/data" nullfs rw 0 0"#])),
            ("\n /data\t/j/data  nullfs ro,noexec 1 2 # ok", Ok(vec![r#"2: "/data" "/j/data" nullfs ro,noexec 1 2"#])),
            ("tmpfs /j/tmp tmpfs\n",                         Ok(vec![r#"1: "tmpfs" "/j/tmp" tmpfs  0 0"#])), // jail(8) needs three
            (r"/my\040files /j/a\011b\\c nullfs rw",         Ok(vec![r#"1: "/my files" "/j/a\tb\\c" nullfs rw 0 0"#])),
            (r"/my\sfiles\0431 /j nullfs rw",                Ok(vec![r#"1: "/my files#1" "/j" nullfs rw 0 0"#])),
            ("/a /b nullfs xx 0 0\n/c /d nullfs rw\n",       Ok(vec![r#"2: "/c" "/d" nullfs rw 0 0"#])),
            ("/a /b nullfs rw 0 0\r\n",                      Ok(vec![r#"1: "/a" "/b" nullfs rw 0 0"#])),
            ("/a /b\n",                                      Err("1: /a /b: missing information")),
            ("\n\n/a\n",                                     Err("3: /a: missing information")),
            (r"/a\q /b nullfs rw",                           Err(r"1: /a\q /b nullfs rw: fstab parse error")),
            (r"/a\ /b nullfs rw",                            Err(r"1: /a\ /b nullfs rw: fstab parse error")),
            (r"/a\000 /b nullfs rw",                         Err(r"1: /a\000 /b nullfs rw: fstab parse error")),
            (r"/a\777 /b nullfs rw",                         Err(r"1: /a\777 /b nullfs rw: fstab parse error")),
            ("/a /b nullfs rw x 0",                          Err("1: /a /b nullfs rw x 0: fstab parse error")),
            ("/a /b nullfs rw 0 0 0",                        Err("1: /a /b nullfs rw 0 0 0: fstab parse error")),
        ] {
            let want = want
                .map(|lines| lines.into_iter().map(str::to_owned).collect::<Vec<_>>())
                .map_err(str::to_owned);
            assert_eq!(read(text), want, "{text:?}");
        }
    }

    fn understood(line: &str) -> Result<(FileSystem, Flags), String> {
        let entry = parse_line(line.as_bytes(), 1).unwrap().unwrap();
        let mount = entry.mount().map_err(|error| error.to_string())?;
        Ok((mount.file_system, mount.flags))
    }

    #[test]
    fn options_mean_what_mount_says() {
        let nullfs = |source: &str| FileSystem::Nullfs { source: source.into() };
        let flags = Flags::default();
        #[rustfmt::skip]
        let cases = [
            ("/a /b nullfs rw",              nullfs("/a"), flags),
            ("/a /b nullfs",                 nullfs("/a"), flags),
            ("/a /b nullfs ro,nosuid,noexec,noatime", nullfs("/a"),
                Flags { read_only: true, no_suid: true, no_exec: true, no_atime: true, ..flags }),
            ("/a /b nullfs ro,rw",           nullfs("/a"), flags),
            ("/a /b nullfs rw,late,noauto",  nullfs("/a"), Flags { late: true, no_auto: true, ..flags }),
            ("tmpfs /b tmpfs rw",            FileSystem::Tmpfs(Tmpfs::default()), flags),
            ("x /b tmpfs rw,size=64m,mode=1777,uid=5,gid=6,inodes=1k",
                FileSystem::Tmpfs(Tmpfs { size: Some(64 << 20), inodes: Some(1024), mode: Some(0o1777), uid: Some(5), gid: Some(6) }),
                flags),
            ("/a /b unionfs rw,noatime",     FileSystem::Union { source: "/a".into(), below: false }, Flags { no_atime: true, ..flags }),
            ("/a /b unionfs below,copymode=transparent,whiteout=whenneeded", FileSystem::Union { source: "/a".into(), below: true }, flags),
            ("fdescfs /b fdescfs rw,linrdlnk", FileSystem::Kernel(Kernel::Fd), flags),
            ("x /b tmpfs size=4096",         FileSystem::Tmpfs(Tmpfs { size: Some(4096), ..Tmpfs::default() }), flags),
        ];
        for (line, file_system, flags) in cases {
            assert_eq!(understood(line), Ok((file_system, flags)), "{line}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_not_supported_is_named() {
        for (line, want) in [
            ("/dev/da0 /b ufs rw",       "1: ufs: file system not supported"),
            ("a:b /b nfs rw",            "1: nfs: file system not supported"),
            ("da0 /b ext4 rw",           "1: da0: a file system of disks needs a device's absolute path"),
            ("x /b overlay lowerdir=/a,upperdir=/u", "1: overlay: needs lowerdir=, and upperdir= with workdir="),
            ("x /b overlay rw",          "1: overlay: needs lowerdir=, and upperdir= with workdir="),
            ("/a /b nullfs rw,union",    "1: union: mount option not supported for nullfs"),
            ("/a /b nullfs size=1g",     "1: size=1g: mount option not supported for nullfs"),
            ("/a /b unionfs copymode=masquerade", "1: copymode=masquerade: mount option not supported for unionfs"),
            ("/a /b unionfs copymode=traditional", "1: copymode=traditional: mount option not supported for unionfs"),
            ("/a /b unionfs whiteout=always", "1: whiteout=always: mount option not supported for unionfs"),
            ("/a /b nullfs below",       "1: below: mount option not supported for nullfs"),
            ("x /b tmpfs export",        "1: export: mount option not supported for tmpfs"),
            ("x /b tmpfs size=lots",     "1: size=lots: invalid value"),
            ("x /b tmpfs size",          "1: size: invalid value"),
            ("x /b tmpfs size=99999999999t", "1: size=99999999999t: invalid value"),
            ("x /b tmpfs mode=888",      "1: mode=888: invalid value"),
            ("x /b tmpfs mode=77777",    "1: mode=77777: invalid value"),
            ("x /b tmpfs uid=root",      "1: uid=root: invalid value"),
            ("x /b tmpfs gid=-1",        "1: gid=-1: invalid value"),
        ] {
            assert_eq!(understood(line), Err(want.to_owned()), "{line}");
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
