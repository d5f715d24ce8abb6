//! The registry that a jail has of its own, which the jail's root may have written.

use prison::{Record, view_on_paper};

/// The outer jail, whose record the host has written.
const OUTER: &[u8] = b"version=1\njid=2\nname=outer\npath=/jails/outer\nids=65536\nboot=b\n\
    children=10 10\nrights=reserved_ports set_hostname inet children\ncgroup=/cgroup/2\ninit=1 inode 1\n";

/// Reads registries of jails and of jails inside them: [`view_on_paper`]. The bytes are files,
/// each behind an empty line, with the number of its registry and its name on the first line.
///
/// Whatever the files say, a jail that is believed is inside the outer one by its name, its root
/// and its jid, no other one has that name or jid, and what is printed of it is no control
/// character.
pub fn nested_registry(bytes: &[u8]) {
    let outer = Record::of_text(OUTER);
    assert!(outer.is_some(), "the outer jail's record is one");
    let Some(outer) = outer else { return };
    let mut registries = vec![Vec::new(); 4];
    for file in split(bytes, b"\n\n") {
        let (first, text) = halves(file, b'\n');
        let (number, name) = halves(first, b' ');
        let number = number.first().map_or(0, |&byte| usize::from(byte));
        let place = number % registries.len();
        let name = std::str::from_utf8(name).ok().and_then(|name| name.parse().ok());
        registries[place].push((name.unwrap_or(10), text));
    }
    let seen = view_on_paper(&outer, &registries);
    assert!(seen.len() <= 10);
    for (at, record) in seen.iter().enumerate() {
        assert!((10..20).contains(&record.jid), "{}", record.jid);
        assert!(record.is_inside() && record.name.starts_with("outer."), "{}", record.name);
        assert!(record.path.starts_with("/jails/outer"), "{}", record.path.display());
        assert!(record.path.components().all(|part| part.as_os_str() != ".."));
        let shown = [record.name.as_str(), &record.path.to_string_lossy()].concat();
        assert!(!shown.contains(char::is_control), "{shown:?}");
        assert_eq!(record.ids, outer.ids);
        assert_eq!(record.cgroup, outer.cgroup);
        let outers: Vec<u32> = seen.iter().map(|other| other.jid).chain([outer.jid]).collect();
        assert!(outers.contains(&record.parent) && record.parent != record.jid);
        for other in &seen[..at] {
            assert!(other.jid != record.jid && other.name != record.name);
        }
    }
}

/// Splits bytes where `separator` stands.
fn split<'b>(bytes: &'b [u8], separator: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = bytes.windows(separator.len()).position(|part| part == separator);
        rest = end.map(|end| &bytes[end + separator.len()..]);
        Some(&bytes[..end.unwrap_or(bytes.len())])
    })
}

/// What stands before and behind the first `separator`.
fn halves(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&byte| byte == separator) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}
