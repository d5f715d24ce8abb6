//! Where this kernel keeps what it knows of a process's capabilities: the offsets of members, by
//! the kernel's own description of its types, Documentation/bpf/btf.rst.
//!
//! No function for programs of bind(2) asks whether a process has a capability, and offsets differ
//! from kernel to kernel. Where the description is missing, programs go by the user alone.

use std::fs;
use std::sync::OnceLock;

/// The description of the running kernel.
const FILE: &str = "/sys/kernel/btf/vmlinux";

/// Offsets in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// In struct task_struct: where its credentials are.
    pub(crate) credentials: i32,
    /// In struct cred: the capabilities in force, a bit each.
    pub(crate) capabilities: i32,
    /// In struct cred: where the user namespace is that the capabilities count in.
    pub(crate) namespace: i32,
    /// In struct user_namespace: how many others it is inside of, `u32`.
    pub(crate) level: i32,
}

/// The running kernel's layout; `None`: the kernel does not say, or in another form.
pub(crate) fn of_kernel() -> Option<Layout> {
    // The file has 5 MB, and does not change while the machine runs.
    static LAYOUT: OnceLock<Option<Layout>> = OnceLock::new();
    *LAYOUT.get_or_init(|| read(&fs::read(FILE).ok()?))
}

fn read(description: &[u8]) -> Option<Layout> {
    let types = Types::parse(description)?;
    let (mut task, mut cred, mut namespace) = (None, None, None);
    types.each(|name, size, members| {
        // Another structure may have the name of one of these, and has not its members.
        let members = Members { types: &types, bytes: members, size };
        match name {
            b"task_struct" if task.is_none() => task = members.offset(b"cred"),
            b"cred" if cred.is_none() => {
                let both = (members.offset(b"cap_effective"), members.offset(b"user_ns"));
                cred = both.0.zip(both.1);
            }
            b"user_namespace" if namespace.is_none() => namespace = members.offset(b"level"),
            _ => {}
        }
        task.is_none() || cred.is_none() || namespace.is_none()
    })?;
    let (capabilities, of_namespace) = cred?;
    Some(Layout { credentials: task?, capabilities, namespace: of_namespace, level: namespace? })
}

/// The sections of a description.
struct Types<'a> {
    types: &'a [u8],
    texts: &'a [u8],
}

/// Bytes of the head of a type, and of a member.
const HEAD: usize = 12;
const MEMBER: usize = 12;

/// The kind of structures: struct btf_type.
const STRUCT: u32 = 4;

/// How many bytes follow the head of a type of this kind with so many parts; `None`: the kind is
/// newer than this program.
fn length(kind: u32, parts: usize) -> Option<usize> {
    Some(match kind {
        // Pointers, forward declarations, typedefs, qualifiers, functions, floats, type tags.
        2 | 7..=12 | 16 | 18 => 0,
        // Integers, variables, declaration tags.
        1 | 14 | 17 => 4,
        // Arrays.
        3 => 12,
        // Structures, unions, sections, enumerations of 64 bits.
        4 | 5 | 15 | 19 => parts * MEMBER,
        // Enumerations, prototypes.
        6 | 13 => parts * 8,
        _ => return None,
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

impl<'a> Types<'a> {
    fn parse(description: &'a [u8]) -> Option<Self> {
        const MAGIC: [u8; 2] = 0xeb9f_u16.to_ne_bytes();
        if description.first_chunk() != Some(&MAGIC) {
            return None;
        }
        let head = word(description, 4)? as usize;
        let section = |at: usize| {
            let begin = head.checked_add(word(description, at)? as usize)?;
            description.get(begin..begin.checked_add(word(description, at + 4)? as usize)?)
        };
        Some(Self { types: section(8)?, texts: section(16)? })
    }

    /// Hands structures over, by name, size and members, until the function has enough and says
    /// false.
    fn each(&self, mut take: impl FnMut(&[u8], u32, &[u8]) -> bool) -> Option<()> {
        let mut rest = self.types;
        while let (Some(name), Some(info), Some(size)) =
            (word(rest, 0), word(rest, 4), word(rest, 8))
        {
            let (kind, parts) = (info >> 24 & 0x1f, (info & 0xffff) as usize);
            let end = HEAD + length(kind, parts)?;
            let members = rest.get(HEAD..end)?;
            if kind == STRUCT && !take(self.text(name)?, size, members) {
                return Some(());
            }
            rest = &rest[end..];
        }
        Some(())
    }

    /// The text that begins there.
    fn text(&self, at: u32) -> Option<&'a [u8]> {
        let text = self.texts.get(at as usize..)?;
        Some(&text[..text.iter().position(|byte| *byte == 0)?])
    }
}

/// The members of a structure.
struct Members<'a> {
    types: &'a Types<'a>,
    bytes: &'a [u8],
    size: u32,
}

impl Members<'_> {
    /// Where the member of this name begins.
    fn offset(&self, name: &[u8]) -> Option<i32> {
        let named = |member: &&[u8]| {
            let at = word(member, 0);
            at.and_then(|at| self.types.text(at)) == Some(name)
        };
        let member = self.bytes.chunks_exact(MEMBER).find(named)?;
        // In structures with bit fields the upper byte is the size of the field.
        // Without bit fields no offset comes near it.
        let bits = word(member, 8)? & 0x00ff_ffff;
        let is_inside = bits % 8 == 0 && bits / 8 < self.size;
        i32::try_from(bits / 8).ok().filter(|_| is_inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A description with types, and the texts of their names.
    fn description(types: &[u32], texts: &[&str]) -> Vec<u8> {
        let texts: Vec<u8> =
            texts.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect();
        let length = (types.len() * 4) as u32;
        let head = [0x0001_eb9f, 24, 0, length, length, texts.len() as u32];
        let words = head.iter().chain(types).flat_map(|word| word.to_ne_bytes());
        words.chain(texts).collect()
    }

    const TEXTS: [&str; 8] =
        ["", "task_struct", "cred", "cap_effective", "user_ns", "user_namespace", "level", "other"];

    /// Where the text of this number begins.
    fn at(number: usize) -> u32 {
        TEXTS[..number].iter().map(|text| text.len() as u32 + 1).sum()
    }

    fn structure(name: usize, size: u32, members: &[(usize, u32)]) -> Vec<u32> {
        let head = [at(name), STRUCT << 24 | members.len() as u32, size];
        let members = members.iter().flat_map(|(name, offset)| [at(*name), 0, offset * 8]);
        head.into_iter().chain(members).collect()
    }

    #[test]
    fn offsets_are_found_by_name() {
        let parts = [
            // An int, and a prototype with a parameter.
            vec![0, 1 << 24, 4, 32, 0, 13 << 24 | 1, 0, 0, 0],
            structure(5, 8, &[(7, 0)]),
            structure(1, 3000, &[(7, 0), (2, 2048)]),
            structure(2, 184, &[(3, 56), (4, 144)]),
            structure(5, 600, &[(6, 228)]),
        ];
        let whole = description(&parts.concat(), &TEXTS);
        let want = Layout { credentials: 2048, capabilities: 56, namespace: 144, level: 228 };
        assert_eq!(read(&whole), Some(want));
        // Whatever is cut off, nothing is made up.
        for length in 0..whole.len() - 8 {
            let found = read(&whole[..length]);
            assert!(found.is_none_or(|found| found == want), "{length}");
        }
        assert_eq!(read(&description(&parts[..4].concat(), &TEXTS)), None);
        assert_eq!(read(&description(&[0, 31 << 24, 0], &TEXTS)), None);
    }
}
