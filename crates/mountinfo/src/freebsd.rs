//! Mounts as FreeBSD's mount(8) shows them.

use crate::{Line, lines};

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// The source: a device, a name, or for a nullfs the directory that it shows.
    pub source: Vec<u8>,
    /// The mount point.
    pub target: Vec<u8>,
    /// The file system, by FreeBSD's name where it has one.
    pub fstype: Vec<u8>,
    options: Vec<Vec<u8>>,
    /// The device of the file system: `254:0`.
    device: Vec<u8>,
}

/// The file systems of other machines; all others are `local`.
const REMOTE: &[&[u8]] =
    &[b"nfs", b"nfs4", b"cifs", b"smb3", b"9p", b"ceph", b"afs", b"fuse.sshfs", b"fuse.glusterfs"];

/// The words of mount(8) for options, in its order.
// Options without a word on FreeBSD, such as `relatime`, are not shown.
const SHOWN: &[(&[u8], &str)] = &[
    (b"noatime", "noatime"),
    (b"noexec", "noexec"),
    (b"nosuid", "nosuid"),
    (b"nosymfollow", "nosymfollow"),
    (b"ro", "read-only"),
    (b"sync", "synchronous"),
];

/// The words of fstab(5) for options, in the order of `mount -p`.
const IN_FSTAB: [&str; 5] = ["sync", "noexec", "nosuid", "nosymfollow", "noatime"];

impl Mounted {
    /// The line of mount(8), with its newline.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        self.line_with(&[])
    }

    /// The line of `mount -v`, with its newline: the file system's number is in it.
    #[must_use]
    pub fn verbose_line(&self) -> Vec<u8> {
        let parts = self.device.split(|&byte| byte == b':');
        let parts = parts.map(|part| str::from_utf8(part).ok()?.parse::<u32>().ok());
        let fsid: String = parts.map(|part| format!("{:08x}", part.unwrap_or(0))).collect();
        self.line_with(format!(", fsid {fsid}").as_bytes())
    }

    /// The line of `mount -p`, with its newline: one of fstab(5).
    #[must_use]
    pub fn fstab_line(&self) -> Vec<u8> {
        let has = |option: &[u8]| self.options.iter().any(|own| own == option);
        let mut options = if has(b"ro") { "ro".to_owned() } else { "rw".to_owned() };
        for word in IN_FSTAB.iter().filter(|word| has(word.as_bytes())) {
            options.push(',');
            options.push_str(word);
        }
        // Columns of FreeBSD's mount.c: as many tabs as a short field leaves room for.
        let field = |text: &[u8]| {
            let text = escaped(text);
            let tabs = [8, 16, 24].iter().filter(|&&width| text.len() < width).count();
            let gap = if tabs == 0 { vec![b' '] } else { vec![b'\t'; tabs] };
            [text, gap].concat()
        };
        let gap = if options.len() < 8 { "\t" } else { " " };
        let line = [field(&self.source), field(&self.target), self.fstype.clone()].concat();
        [line, format!("\t{options}{gap}\t0 0\n").into_bytes()].concat()
    }

    fn line_with(&self, more: &[u8]) -> Vec<u8> {
        let mut line =
            [&self.source[..], b" on ", &self.target[..], b" (", &self.fstype[..]].concat();
        if !REMOTE.contains(&self.fstype.as_slice()) {
            line.extend(b", local");
        }
        for (_, word) in SHOWN.iter().filter(|(o, _)| self.options.iter().any(|own| own == o)) {
            line.extend(b", ");
            line.extend(word.bytes());
        }
        line.extend(more);
        line.extend(b")\n");
        line
    }

    /// All mounts of the table `text`, the oldest first.
    #[must_use]
    pub fn table(text: &[u8]) -> Vec<Self> {
        let mut earlier = Vec::new();
        lines(text).map(|line| Self::of(&line, &mut earlier)).collect()
    }

    /// Makes the mount of `line`. `earlier` has the mounts before it, and gets this one.
    fn of<'a>(line: &Line<'a>, earlier: &mut Vec<Shown<'a>>) -> Self {
        let own = Shown { device: line.device, root: line.root(), target: line.target() };
        let shown = earlier.iter().find_map(|earlier| shows(earlier, &own));
        // The mount or the file system may be read-only: FreeBSD has one flag for both.
        let options = [line.options, &line.file_system_options()[..]].join(&b',');
        let mounted = Self {
            fstype: if shown.is_some() { b"nullfs".to_vec() } else { freebsd_name(line.fstype) },
            source: shown.unwrap_or_else(|| line.source()),
            target: own.target.clone(),
            device: line.device.to_vec(),
            options: options.split(|&byte| byte == b',').map(<[u8]>::to_vec).collect(),
        };
        earlier.push(own);
        mounted
    }
}

/// A mount, parts of which later ones may show.
struct Shown<'a> {
    device: &'a [u8],
    root: Vec<u8>,
    target: Vec<u8>,
}

/// Finds the directory below `earlier` that `line` shows, if both are of one file system: then
/// FreeBSD would call `line` a nullfs.
fn shows(earlier: &Shown<'_>, line: &Shown<'_>) -> Option<Vec<u8>> {
    if earlier.device != line.device {
        return None;
    }
    // Both roots are paths inside the file system, not paths of the host.
    let below = match earlier.root.as_slice() {
        b"/" => line.root.as_slice(),
        root => line.root.strip_prefix(root)?,
    };
    let below = below.strip_prefix(b"/").unwrap_or(below);
    // A sibling whose name begins alike is not below: `/sub` and `/subway`.
    if !below.is_empty() && earlier.root != b"/" && line.root.get(earlier.root.len()) != Some(&b'/')
    {
        return None;
    }
    let mut path = earlier.target.clone();
    if !below.is_empty() {
        if path != b"/" {
            path.push(b'/');
        }
        path.extend(below);
    }
    Some(path)
}

/// A field of fstab(5): blanks and backslashes in it by their octal numbers.
fn escaped(text: &[u8]) -> Vec<u8> {
    let each = |&byte: &u8| match byte {
        b' ' | b'\t' | b'\n' | b'\\' | b'#' => format!("\\{byte:03o}").into_bytes(),
        other => vec![other],
    };
    text.iter().flat_map(each).collect()
}

fn freebsd_name(fstype: &[u8]) -> Vec<u8> {
    match fstype {
        b"proc" => b"procfs".to_vec(),
        b"devtmpfs" => b"devfs".to_vec(),
        b"overlay" => b"unionfs".to_vec(),
        other => other.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::Mounted;

    #[test]
    fn lines() {
        let mountinfo = b"\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:20 / /proc rw,nosuid,nodev,noexec shared:2 - proc proc rw
24 22 0:5 / /dev rw,nosuid - devtmpfs udev rw,size=10k
30 22 254:0 /data/my\\040files /j/samba/data ro,relatime - ext4 /dev/vda rw
31 30 254:0 /data/my\\040files/in /j/in rw,noatime - ext4 /dev/vda rw
32 22 0:40 / /tmp rw - tmpfs tmpfs ro
33 22 0:41 / /mnt rw - nfs4 server:/x rw
34 22 0:42 /sub /b rw - btrfs /dev/vdb rw
35 22 0:42 /subway /c rw - btrfs /dev/vdb rw

short line
";
        let shown: Vec<u8> = Mounted::table(mountinfo).iter().flat_map(Mounted::line).collect();
        let want = "\
/dev/vda on / (ext4, local)
proc on /proc (procfs, local, noexec, nosuid)
udev on /dev (devfs, local, nosuid)
/data/my files on /j/samba/data (nullfs, local, read-only)
/data/my files/in on /j/in (nullfs, local, noatime)
tmpfs on /tmp (tmpfs, local, read-only)
server:/x on /mnt (nfs4)
/dev/vdb on /b (btrfs, local)
/dev/vdb on /c (btrfs, local)
";
        assert_eq!(String::from_utf8_lossy(&shown), want);
        let table = Mounted::table(mountinfo);
        let verbose = table[3].verbose_line();
        let want =
            "/data/my files on /j/samba/data (nullfs, local, read-only, fsid 000000fe00000000)\n";
        assert_eq!(String::from_utf8_lossy(&verbose), want);
        for (at, want) in [
            (0, "/dev/vda\t\t/\t\t\text4\trw\t\t0 0\n"),
            (1, "proc\t\t\t/proc\t\t\tprocfs\trw,noexec,nosuid \t0 0\n"),
            (3, "/data/my\\040files\t/j/samba/data\t\tnullfs\tro\t\t0 0\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&table[at].fstab_line()), want);
        }
    }
}
