//! Which devices a prison's processes open: the verdict of its devfs ruleset once more, in the
//! kernel, as a program of the prison's control group.
//!
//! Nodes open in a prison's /dev alone, as all its other mounts are `nodev`. The program is what
//! holds where a node of /dev has been renamed or linked by the prison, and where somebody outside
//! hands a node in. A host without cgroup v2, or a kernel without such programs, has the mounts
//! alone.

use crate::cgroup;
use crate::spec::{Dev, Device, NodeKind};
use kernel::bpf::{self, Hook, Instruction};
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::AsFd;
use std::path::Path;

/// The program's name, as the kernel shows it.
const NAME: &std::ffi::CStr = c"kletka_devices";

/// What every prison may open: the pseudo-terminals, which no node outside of a devpts reaches, and
/// each prison has its own devpts.
const TERMINALS: [Range; 2] = [
    Range { is_block: false, major: (136, 143), minors: None },
    Range { is_block: false, major: (5, 5), minors: Some((2, 2)) },
];

/// Devices of one kind with numbers in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    is_block: bool,
    major: (u32, u32),
    /// `None`: all.
    minors: Option<(u32, u32)>,
}

/// Holds the processes of a control group to the devices of `dev`, from now on. Answers whether the
/// kernel does so.
pub(crate) fn hold(cgroup: &Path, dev: &Dev) -> bool {
    attach(cgroup, dev).is_ok()
}

fn attach(cgroup: &Path, dev: &Dev) -> io::Result<()> {
    let group = cgroup::open_to_query(cgroup)?;
    let group = group.as_fd();
    let program = bpf::load(Hook::Device, NAME, &program(&ranges(dev), dev.keeps_disks))?;
    // The group is the prison's alone, and so is what is attached to it.
    match bpf::attached(group, Hook::Device)?.last() {
        Some(&old) => {
            bpf::replace(group, program.as_fd(), bpf::program(old)?.as_fd(), Hook::Device)
        }
        None => bpf::attach(group, program.as_fd(), Hook::Device),
    }
}

/// The devices of `dev`, in as few ranges as there are gaps.
fn ranges(dev: &Dev) -> Vec<Range> {
    let device = |node: &crate::spec::Node| match node.kind {
        NodeKind::Device(device) => Some(device),
        _ => None,
    };
    let mut devices: Vec<Device> = dev.nodes.iter().filter_map(device).collect();
    devices.sort_unstable();
    let mut ranges = TERMINALS.to_vec();
    for Device { is_block, major, minor } in devices {
        let last = ranges.last_mut().filter(|it| (it.is_block, it.major.0) == (is_block, major));
        match last.and_then(|range| range.minors.as_mut()) {
            Some((_, end)) if (*end..=end.saturating_add(1)).contains(&minor) => *end = minor,
            _ => {
                let (major, minors) = ((major, major), Some((minor, minor)));
                ranges.push(Range { is_block, major, minors });
            }
        }
    }
    ranges
}

/// BPF_DEVCG_DEV_BLOCK and BPF_DEVCG_DEV_CHAR: linux/bpf.h.
const BLOCK: i32 = 1;
const CHARACTER: i32 = 2;
/// BPF_DEVCG_ACC_WRITE, which stands above the kind.
const WRITE: u32 = 4 << 16;

/// Writes the program: struct bpf_cgroup_dev_ctx has what is done and to which kind of device, the
/// major and the minor number, four bytes each. 1 lets the process go on.
fn program(ranges: &[Range], keeps_disks: bool) -> Vec<Instruction> {
    /// `to = *(u32 *)(context + offset)`.
    const LOAD: u8 = 0x61;
    const AND: u8 = 0x54;
    const SET: u8 = 0xb4;
    const EXIT: u8 = 0x95;
    const JUMP_NOT_EQUAL: u8 = 0x56;
    const JUMP_GREATER: u8 = 0x26;
    const JUMP_LESS: u8 = 0xa6;
    let put = |code, registers, offset, immediate: u32| Instruction {
        code,
        registers,
        offset,
        immediate: i32::from_ne_bytes(immediate.to_ne_bytes()),
    };
    // R1 is the context. R2 becomes the kind, whose upper half says what is done; R3 and R4 the
    // numbers.
    let mut code = vec![
        put(LOAD, 0x12, 0, 0),
        put(AND, 0x02, 0, 0xffff),
        put(LOAD, 0x13, 4, 0),
        put(LOAD, 0x14, 8, 0),
    ];
    if keeps_disks {
        let writes_to_disk = BLOCK.unsigned_abs() | WRITE;
        code.extend([
            put(LOAD, 0x15, 0, 0),
            put(AND, 0x05, 0, writes_to_disk),
            put(JUMP_NOT_EQUAL, 0x05, 2, writes_to_disk),
            put(SET, 0x00, 0, 0),
            put(EXIT, 0, 0, 0),
        ]);
    }
    for Range { is_block, major, minors } in ranges {
        let kind = if *is_block { BLOCK } else { CHARACTER };
        let mut tests = vec![(JUMP_NOT_EQUAL, 0x02, kind.unsigned_abs())];
        let mut within = |register, range: RangeInclusive<u32>| match range.into_inner() {
            (first, last) if first == last => tests.push((JUMP_NOT_EQUAL, register, first)),
            (first, last) => {
                tests.extend([(JUMP_LESS, register, first), (JUMP_GREATER, register, last)]);
            }
        };
        within(0x03, major.0..=major.1);
        if let Some((first, last)) = minors {
            within(0x04, *first..=*last);
        }
        // A test that fails leads behind this range's answer, which is two instructions.
        let count = tests.len();
        for (at, (jump, register, number)) in tests.into_iter().enumerate() {
            let behind = count - at + 1;
            code.push(put(jump, register, behind as i16, number));
        }
        code.extend([put(SET, 0x00, 0, 1), put(EXIT, 0, 0, 0)]);
    }
    code.extend([put(SET, 0x00, 0, 0), put(EXIT, 0, 0, 0)]);
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Node;

    fn node(is_block: bool, major: u32, minor: u32) -> Node {
        let kind = NodeKind::Device(Device { is_block, major, minor });
        Node { path: "x".into(), kind, uid: 0, gid: 0, mode: 0o600 }
    }

    #[test]
    fn numbers_in_a_row_are_one_range() {
        let nodes = [(false, 1, 9), (false, 1, 8), (true, 7, 1), (false, 1, 3), (true, 7, 0)];
        let nodes = nodes.map(|(is_block, major, minor)| node(is_block, major, minor)).to_vec();
        let got = ranges(&Dev { nodes, ..Dev::default() });
        let got = got[TERMINALS.len()..].iter().map(|it| (it.is_block, it.major.0, it.minors));
        let want = [(false, 1, (3, 3)), (false, 1, (8, 9)), (true, 7, (0, 1))];
        assert!(got.eq(want.map(|(block, major, minors)| (block, major, Some(minors)))));
    }
}
