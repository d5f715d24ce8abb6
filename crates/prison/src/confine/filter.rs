//! The system calls of a jailed process: seccomp(2), a list of what is allowed.
//!
//! The architecture is checked first. Then a balanced tree over ranges of numbers, made when kletka
//! is compiled, finds the [`Rule`]: when a filter is loaded, the kernel runs it once for every
//! number, and a linear one makes that 1 ms. A rule that depends on the jail, or on an argument, is
//! a section behind the tree; only that part is written when a jail starts.

mod calls;
mod sockets;

use crate::confine::rights::Rights;
use crate::permission::{Allow, Permission};
use crate::spec::Users;
use calls::RULED;
use libc::{
    BPF_ABS, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W,
    sock_filter,
};

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;
const SECOND_ARGUMENT: u32 = 24;
const THIRD_ARGUMENT: u32 = 32;

#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;

/// Every CLONE_NEW* flag, CLONE_NEWTIME too: a jail makes no namespaces of its own.
const NAMESPACES: u32 = 0x7e02_0080;
// Both put text into a terminal's input: a jail could type commands into its caller's shell.
const TIOCSTI: u32 = 0x5412;
const TIOCLINUX: u32 = 0x541c;
/// Changes the flags of a file: linux/fs.h.
const FS_IOC_SETFLAGS: u32 = 0x4008_6602;
/// The values that personality(2) may be given: Linux's own, with and without address
/// randomisation, 32-bit uname, and the question for the present one.
const PERSONALITIES: [u32; 5] = [0, 0x0004_0000, 0x0008, 0x0002_0000, 0xffff_ffff];

/// What syslog(2) may be asked: linux/syslog.h.
const SYSLOG_ACTION_READ_ALL: u32 = 3;
const SYSLOG_ACTION_SIZE_BUFFER: u32 = 10;

/// What decides about a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Rule {
    Unknown,
    Allowed,
    Refused,
    /// Makes namespaces, when its first argument says so: for jails with jails inside.
    Namespaces,
    /// clone3(2) makes namespaces too, but its flags are in memory, which a filter cannot read:
    /// refused with `ENOSYS`, so that programs fall back to clone(2).
    Clone3,
    /// Enters namespaces: for jails with jails inside.
    Entering,
    /// Mounts: where the jail may mount, answered by init, or allowed in its own namespace, which
    /// jails inside need too.
    Mounts,
    /// Does the same by descriptors: none of it is answered by init, and programs fall back to
    /// mount(2).
    NewMounts,
    /// uname(2): answered by init in a jail with a release of its own.
    Names,
    /// ioctl(2): the second argument puts no characters into a terminal's input, and flags of files
    /// are changed by init in a jail that may have those changed which are root's.
    Terminal,
    /// Extended attributes of files by name: answered by init in a jail with those of the system.
    Attributes,
    /// socket(2): a family, and of netlink a protocol, that the jail may use.
    Socket,
    /// setsockopt(2): none that changes a packet filter, at a securelevel that forbids this.
    SocketOption,
    /// personality(2): one that makes no process easier to attack.
    Personality,
    /// `sysvmsg`
    Messages,
    /// `sysvsem`
    Semaphores,
    /// `sysvshm`
    SharedMemory,
    /// `allow.quotas`
    Quotas,
    /// `allow.set_hostname`
    HostName,
    /// `allow.settime`
    Clock,
    /// `allow.adjtime`: the kernel refuses it to whoever has no capability over the clock, and
    /// answers the question how fast the clock goes.
    ClockSpeed,
    /// `allow.read_msgbuf`: the first argument asks to read, and to clear nothing.
    Log,
    /// `allow.unprivileged_proc_debug`
    Debugging,
    /// Does to the process whose number is its first argument what must not be done to init: queues
    /// a signal whose sender can be made up, or sets a limit.
    ByNumber,
    /// Sends a signal to a process that a filter cannot see: it is behind a descriptor.
    ByPidfd,
}

/// Rules that have a section, in the order of the sections.
const SECTIONED: [Rule; 22] = [
    Rule::Namespaces,
    Rule::Clone3,
    Rule::Entering,
    Rule::Mounts,
    Rule::NewMounts,
    Rule::Names,
    Rule::Terminal,
    Rule::Attributes,
    Rule::Socket,
    Rule::SocketOption,
    Rule::Personality,
    Rule::Messages,
    Rule::Semaphores,
    Rule::SharedMemory,
    Rule::Quotas,
    Rule::HostName,
    Rule::Clock,
    Rule::ClockSpeed,
    Rule::Log,
    Rule::Debugging,
    Rule::ByNumber,
    Rule::ByPidfd,
];

/// The number of instructions in a rule's section, the same in every jail: the tree jumps by fixed
/// distances.
const fn length(rule: Rule) -> usize {
    match rule {
        Rule::Unknown | Rule::Allowed | Rule::Refused => 0,
        Rule::Clone3 | Rule::Entering | Rule::Mounts | Rule::NewMounts | Rule::Names => 1,
        Rule::Messages | Rule::Semaphores | Rule::SharedMemory => 1,
        Rule::Quotas | Rule::HostName | Rule::ByPidfd => 1,
        Rule::Attributes | Rule::Clock | Rule::ClockSpeed | Rule::Debugging => 1,
        Rule::Namespaces | Rule::ByNumber => 4,
        Rule::Log => 5,
        Rule::Terminal => 7,
        Rule::Socket => sockets::LENGTH,
        Rule::SocketOption => sockets::OPTIONS_LENGTH,
        Rule::Personality => 2 * PERSONALITIES.len() + 2,
    }
}

/// Where a rule's section begins, behind the tree.
const fn place(rule: Rule) -> usize {
    let (mut place, mut index) = (0, 0);
    while SECTIONED[index] as u8 != rule as u8 {
        place += length(SECTIONED[index]);
        index += 1;
    }
    place
}

/// Greater than every call's number.
const NUMBERS: usize = 512;

/// Each number's rule.
const RULES: [Rule; NUMBERS] = {
    let mut rules = [Rule::Unknown; NUMBERS];
    let mut list = 0;
    while list < RULED.len() {
        let (rule, calls) = RULED[list];
        let mut index = 0;
        while index < calls.len() {
            let number = calls[index].1 as usize;
            assert!(matches!(rules[number], Rule::Unknown), "a call is listed twice");
            rules[number] = rule;
            index += 1;
        }
        list += 1;
    }
    rules
};

/// Whether another rule begins at `number`.
const fn begins(number: usize) -> bool {
    number == 0 || RULES[number] as u8 != RULES[number - 1] as u8
}

/// The number of ranges of which each has one rule; the last one begins above all known numbers.
const RANGE_COUNT: usize = {
    let (mut count, mut number) = (0, 0);
    while number < NUMBERS {
        count += begins(number) as usize;
        number += 1;
    }
    count
};

/// The ranges: each begins at its number and reaches to the next.
const RANGES: [(u32, Rule); RANGE_COUNT] = {
    let mut ranges = [(0, Rule::Unknown); RANGE_COUNT];
    let (mut count, mut number) = (0, 0);
    while number < NUMBERS {
        if begins(number) {
            ranges[count] = (number as u32, RULES[number]);
            count += 1;
        }
        number += 1;
    }
    assert!(matches!(ranges[RANGE_COUNT - 1].1, Rule::Unknown), "NUMBERS is too small");
    ranges
};

const fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

const fn jump(test: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | test | BPF_K) as u16, jt, jf, k }
}

const fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

const ALLOW: sock_filter = statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW);
const NOTIFY: sock_filter = statement(BPF_RET | BPF_K, libc::SECCOMP_RET_USER_NOTIF);
const KILL: sock_filter = statement(BPF_RET | BPF_K, libc::SECCOMP_RET_KILL_PROCESS);

const fn refuse(errno: i32) -> sock_filter {
    statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ERRNO | errno as u32)
}

/// The instructions before the tree.
const HEAD: [sock_filter; 4] =
    // By another architecture's numbers, as of 32-bit programs, an allowed number is another call.
    [load(ARCHITECTURE), jump(BPF_JEQ, NATIVE, 1, 0), KILL, load(NUMBER)];

/// Instructions of a tree over so many ranges.
const fn size(ranges: usize) -> usize {
    if ranges == 1 {
        return 1;
    }
    let (below, above) = (size(ranges / 2), size(ranges - ranges / 2));
    // A conditional jump reaches 255 instructions: over more, an unconditional one is needed too.
    let far = (below > u8::MAX as usize) as usize;
    1 + far + below + above
}

const TREE_SIZE: usize = size(RANGE_COUNT);

const TREE: [sock_filter; TREE_SIZE] = {
    let mut tree = [ALLOW; TREE_SIZE];
    let end = grow(&mut tree, 0, 0, RANGE_COUNT);
    assert!(end == TREE_SIZE);
    tree
};

/// Writes, from `at` on, a search tree over `count` ranges from the one numbered `first`; the
/// accumulator holds the call's number. Answers where the tree ends.
const fn grow(tree: &mut [sock_filter; TREE_SIZE], at: usize, first: usize, count: usize) -> usize {
    if count == 1 {
        tree[at] = leaf(RANGES[first].1, at);
        return at + 1;
    }
    let half = count / 2;
    let (middle, below) = (RANGES[first + half].0, size(half));
    let below_from = if below <= u8::MAX as usize {
        tree[at] = jump(BPF_JGE, middle, below as u8, 0);
        at + 1
    } else {
        tree[at] = jump(BPF_JGE, middle, 0, 1);
        tree[at + 1] = statement(BPF_JMP | BPF_JA, below as u32);
        at + 2
    };
    let above_from = grow(tree, below_from, first, half);
    grow(tree, above_from, first + half, count - half)
}

/// The end of the search, at `at`: the answer itself, or a jump to the rule's section.
const fn leaf(rule: Rule, at: usize) -> sock_filter {
    match rule {
        // Not EPERM: C libraries try a new call first, and take the older one only after ENOSYS.
        Rule::Unknown => refuse(libc::ENOSYS),
        Rule::Allowed => ALLOW,
        Rule::Refused => refuse(libc::EPERM),
        _ => statement(BPF_JMP | BPF_JA, (TREE_SIZE + place(rule) - (at + 1)) as u32),
    }
}

/// Every call that the lists have, what a jail is answered, and whether a jail without any
/// permission may make it.
pub(crate) fn answers() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    RULED.iter().flat_map(|&(rule, calls)| {
        let (answer, by_default) = rule.answer();
        calls.iter().map(move |(name, _)| (name.trim_start_matches("SYS_"), answer, by_default))
    })
}

impl Rule {
    /// What a jail is answered, in words, and whether a jail without any permission may make the
    /// call.
    const fn answer(self) -> (&'static str, bool) {
        match self {
            Self::Unknown => ("`ENOSYS`", false),
            Self::Allowed => ("yes", true),
            Self::Refused => ("`EPERM`", false),
            Self::Namespaces => ("yes; new namespaces with `children.max`", true),
            Self::Clone3 => ("`ENOSYS`; with `children.max` yes", false),
            Self::Entering => ("`EPERM`; with `children.max` yes", false),
            Self::Mounts => {
                ("`EPERM`; with `allow.mount` answered by init, with `children.max` yes", false)
            }
            Self::NewMounts => {
                ("`EPERM`; with `allow.mount` `ENOSYS`, with `children.max` yes", false)
            }
            Self::Names => ("yes; with `osrelease` answered by init", true),
            Self::Terminal => (
                "yes, but no input for a terminal; with `allow.chflags` init answers the change of \
                 a file's flags",
                true,
            ),
            Self::Attributes => ("yes; with `allow.extattr` answered by init", true),
            Self::Socket => ("by family and protocol", true),
            Self::SocketOption => ("yes; with `securelevel=3` none of packet filters", true),
            Self::Personality => ("yes, but none that weakens a process", true),
            Self::Messages => ("yes; with `sysvmsg=disable` `ENOSYS`", true),
            Self::Semaphores => ("yes; with `sysvsem=disable` `ENOSYS`", true),
            Self::SharedMemory => ("yes; with `sysvshm=disable` `ENOSYS`", true),
            Self::Quotas => ("`EPERM`; with `allow.quotas` yes", false),
            Self::HostName => ("yes; with `allow.noset_hostname` `EPERM`", true),
            Self::Clock => ("`EPERM`; with `allow.settime` yes", false),
            Self::ClockSpeed => ("yes; with `allow.settime` alone `EPERM`", true),
            Self::Log => ("`EPERM`; with `allow.read_msgbuf` reading", false),
            Self::Debugging => ("yes; with `allow.nounprivileged_proc_debug` `EPERM`", true),
            Self::ByNumber => ("yes; with `kletka.userns=inherit` not to init", true),
            Self::ByPidfd => ("yes; with `kletka.userns=inherit` `ENOSYS`", true),
        }
    }
}

/// The filter of a prison with these rights.
pub(crate) fn program(rights: Rights) -> Vec<sock_filter> {
    let rights = rights.without_privileges();
    const LAST: Rule = SECTIONED[SECTIONED.len() - 1];
    const WHOLE: usize = HEAD.len() + TREE_SIZE + place(LAST) + length(LAST);
    let mut program = Vec::with_capacity(WHOLE);
    program.extend_from_slice(&HEAD);
    program.extend_from_slice(&TREE);
    for rule in SECTIONED {
        let end = program.len() + length(rule);
        section(rule, rights, &mut program);
        debug_assert!(program.len() <= end);
        // No jump leads to what is left of the section.
        program.resize(end, KILL);
    }
    program
}

/// Writes what a rule says in a jail with these rights, in at most [`length`] instructions.
fn section(rule: Rule, rights: Rights, program: &mut Vec<sock_filter>) {
    let (allow, users) = (rights.allow, rights.users);
    let mut permitted = |on, otherwise| program.push(if on { ALLOW } else { refuse(otherwise) });
    match rule {
        Rule::Unknown | Rule::Allowed | Rule::Refused => {}
        Rule::Clone3 => permitted(rights.children, libc::ENOSYS),
        Rule::Entering => permitted(rights.children, libc::EPERM),
        Rule::Mounts if rights.mounts_by_init() => program.push(NOTIFY),
        Rule::NewMounts if rights.mounts_by_init() => program.push(refuse(libc::ENOSYS)),
        Rule::Mounts | Rule::NewMounts => {
            permitted(rights.children || rights.mounts_itself(), libc::EPERM);
        }
        Rule::Names => program.push(if rights.own_release { NOTIFY } else { ALLOW }),
        Rule::Attributes => {
            program.push(if rights.has_attributes_by_init() { NOTIFY } else { ALLOW });
        }
        // FreeBSD's answer too.
        Rule::Messages => permitted(rights.ipc.messages, libc::ENOSYS),
        Rule::Semaphores => permitted(rights.ipc.semaphores, libc::ENOSYS),
        Rule::SharedMemory => permitted(rights.ipc.memory, libc::ENOSYS),
        Rule::Quotas => permitted(allow.has(Permission::Quotas), libc::EPERM),
        Rule::HostName => permitted(allow.has(Permission::SetHostname), libc::EPERM),
        Rule::Clock => permitted(allow.has(Permission::SetTime), libc::EPERM),
        Rule::ClockSpeed => permitted(adjusts_clock(allow), libc::EPERM),
        Rule::Debugging => permitted(allow.has(Permission::ProcDebug), libc::EPERM),
        Rule::Log if !allow.has(Permission::ReadMsgbuf) => program.push(refuse(libc::EPERM)),
        Rule::Log => program.extend([
            load(FIRST_ARGUMENT),
            jump(BPF_JEQ, SYSLOG_ACTION_READ_ALL, 2, 0),
            jump(BPF_JEQ, SYSLOG_ACTION_SIZE_BUFFER, 1, 0),
            refuse(libc::EPERM),
            ALLOW,
        ]),
        // Programs fall back to kill(2).
        Rule::ByPidfd => permitted(cannot_signal_init(users), libc::ENOSYS),
        Rule::Namespaces if rights.children => program.push(ALLOW),
        Rule::ByNumber if cannot_signal_init(users) => program.push(ALLOW),
        Rule::Namespaces => {
            let makes_none = jump(BPF_JSET, NAMESPACES, 1, 0);
            program.extend([load(FIRST_ARGUMENT), makes_none, ALLOW, refuse(libc::EPERM)]);
        }
        Rule::ByNumber => {
            // The sender of a queued signal can be made up, and init trusts senders. A limit that
            // is too low keeps init from its work. Init is process 1 in every jail.
            let not_to_init = jump(BPF_JEQ, 1, 0, 1);
            program.extend([load(FIRST_ARGUMENT), not_to_init, refuse(libc::EPERM), ALLOW]);
        }
        Rule::Terminal => program.extend([
            load(SECOND_ARGUMENT),
            jump(BPF_JEQ, TIOCSTI, 3, 0),
            jump(BPF_JEQ, TIOCLINUX, 2, 0),
            jump(BPF_JEQ, FS_IOC_SETFLAGS, 2, 0),
            ALLOW,
            refuse(libc::EPERM),
            if rights.sets_flags_by_init() { NOTIFY } else { ALLOW },
        ]),
        Rule::Socket => program.extend(sockets::section(rights)),
        Rule::SocketOption => program.extend(sockets::options(rights)),
        Rule::Personality => {
            program.push(load(FIRST_ARGUMENT));
            for personality in PERSONALITIES {
                program.extend([jump(BPF_JEQ, personality, 0, 1), ALLOW]);
            }
            program.push(refuse(libc::EPERM));
        }
    }
}

/// Whether adjtimex(2) is left to the kernel. The capability of `allow.settime` would permit all of
/// it.
fn adjusts_clock(allow: Allow) -> bool {
    allow.has(Permission::AdjTime) || !allow.has(Permission::SetTime)
}

/// With other users the jail's root has the id of init's user, and the kernel lets it signal init.
fn cannot_signal_init(users: Users) -> bool {
    users == Users::Own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Families, IpcKinds};

    const RIGHTS: Rights = Rights {
        allow: Allow::NOTHING
            .with(Permission::SetHostname)
            .with(Permission::ReservedPorts)
            .with(Permission::Suser)
            .with(Permission::ProcDebug),
        families: Families { inet: true, inet6: false },
        users: Users::Own,
        own_network: true,
        carried_network: false,
        children: false,
        packet_filters: true,
        clears_flags: true,
        ipc: IpcKinds::ALL,
        mediated_mounts: false,
        own_release: false,
        is_held: false,
    };

    /// Answers what the kernel would: the few instructions that the filter is made of.
    fn run(program: &[sock_filter], architecture: u32, number: u32, arguments: [u32; 3]) -> u32 {
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let instruction = program[at];
            let (code, k) = (u32::from(instruction.code), instruction.k);
            at += 1;
            let mut branch = |taken| {
                at += usize::from(if taken { instruction.jt } else { instruction.jf });
            };
            match code & 0x07 {
                BPF_LD => {
                    accumulator = match k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        FIRST_ARGUMENT => arguments[0],
                        SECOND_ARGUMENT => arguments[1],
                        THIRD_ARGUMENT => arguments[2],
                        other => panic!("load of offset {other}"),
                    };
                }
                BPF_JMP => match code & 0xf0 {
                    BPF_JEQ => branch(accumulator == k),
                    BPF_JGE => branch(accumulator >= k),
                    BPF_JSET => branch(accumulator & k != 0),
                    _ => at += k as usize,
                },
                _ => return k,
            }
        }
    }

    fn errno(errno: i32) -> u32 {
        libc::SECCOMP_RET_ERRNO | errno as u32
    }

    #[test]
    #[rustfmt::skip]
    fn verdicts() {
        const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;
        let program = program(RIGHTS);
        for (number, arguments, want) in [
            (libc::SYS_read,        [0, 0, 0],                       ALLOWED),
            (libc::SYS_getrandom,   [0, 0, 0],                       ALLOWED),
            (libc::SYS_mount,       [0, 0, 0],                       errno(libc::EPERM)),
            (libc::SYS_init_module, [0, 0, 0],                       errno(libc::EPERM)),
            (libc::SYS_setns,       [0, 0, 0],                       errno(libc::EPERM)),
            (libc::SYS_clone3,      [0, 0, 0],                       errno(libc::ENOSYS)),
            (libc::SYS_clone,       [libc::SIGCHLD as u32, 0, 0],    ALLOWED),
            (libc::SYS_clone,       [libc::CLONE_NEWNET as u32, 0, 0], errno(libc::EPERM)),
            (libc::SYS_unshare,     [libc::CLONE_FS as u32, 0, 0],   ALLOWED),
            (libc::SYS_unshare,     [libc::CLONE_NEWUSER as u32, 0, 0], errno(libc::EPERM)),
            (libc::SYS_unshare,     [0x80, 0, 0],                    errno(libc::EPERM)), // CLONE_NEWTIME
            (libc::SYS_ioctl,       [0, 0x5401, 0],                  ALLOWED),            // TCGETS
            (libc::SYS_ioctl,       [0, TIOCSTI, 0],                 errno(libc::EPERM)),
            (libc::SYS_socket,      [libc::AF_INET as u32, 0, 0],    ALLOWED),
            (libc::SYS_socket,      [libc::AF_INET6 as u32, 0, 0],   errno(libc::EAFNOSUPPORT)),
            (libc::SYS_socket,      [libc::AF_PACKET as u32, 3, 0],  ALLOWED),
            (libc::SYS_socket,      [libc::AF_VSOCK as u32, 0, 0],   errno(libc::EAFNOSUPPORT)),
            (libc::SYS_personality, [0xffff_ffff, 0, 0],             ALLOWED),
            (libc::SYS_personality, [0x0040_0000, 0, 0],             errno(libc::EPERM)), // READ_IMPLIES_EXEC
            (libc::SYS_clock_settime, [0, 0, 0],                  errno(libc::EPERM)),
            (libc::SYS_adjtimex,    [0, 0, 0],                       ALLOWED),
            (libc::SYS_vmsplice,    [0, 0, 0],                       errno(libc::EPERM)),
            (libc::SYS_io_uring_setup, [0, 0, 0],                 errno(libc::ENOSYS)),
            (libc::SYS_quotactl,    [0, 0, 0],                       errno(libc::EPERM)),
            (libc::SYS_sethostname, [0, 0, 0],                       ALLOWED),
            (libc::SYS_setsockopt,  [3, 0, 64],                      ALLOWED),
            (9999,                  [0, 0, 0],                       errno(libc::ENOSYS)),
            (0x4000_0000,           [0, 0, 0],                       errno(libc::ENOSYS)), // x32's read
        ] {
            assert_eq!(run(&program, NATIVE, number as u32, arguments), want, "{number} {arguments:x?}");
        }
    }

    /// Every combination that a filter depends on.
    fn all_rights() -> impl Iterator<Item = Rights> {
        (0..1 << 14).map(|bits| {
            let on = |bit: u32| bits & 1 << bit != 0;
            let allow = Allow::of(|permission| match permission {
                Permission::RawSockets => on(0),
                Permission::Quotas | Permission::Extattr => on(1),
                Permission::SetHostname => on(2),
                Permission::SocketAf => on(12),
                Permission::Mount | Permission::MountTmpfs => on(3),
                // One bit for rules that know nothing of each other.
                Permission::SetTime | Permission::ReadMsgbuf => on(13),
                Permission::AdjTime | Permission::ProcDebug => on(2),
                // Carried out by a capability, a limit or init, not by the filter.
                _ => true,
            });
            let users = if on(4) { Users::Own } else { Users::Host };
            let families = Families { inet: on(5), inet6: on(6) };
            let ipc = IpcKinds { messages: on(9), semaphores: on(10), memory: on(11) };
            let (children, packet_filters) = (on(7), on(8));
            let (mediated_mounts, own_release) = (on(4) && !on(7), on(13));
            let rights = Rights { allow, users, families, children, packet_filters, ..RIGHTS };
            Rights { ipc, mediated_mounts, own_release, ..rights }
        })
    }

    /// The answer for arguments that are 0: no namespace, no terminal's input, no family, not to
    /// init.
    fn expected(rule: Rule, rights: Rights) -> u32 {
        let or = |on, otherwise| if on { libc::SECCOMP_RET_ALLOW } else { errno(otherwise) };
        match rule {
            Rule::Unknown => errno(libc::ENOSYS),
            Rule::Refused => errno(libc::EPERM),
            Rule::Clone3 => or(rights.children, libc::ENOSYS),
            Rule::Entering => or(rights.children, libc::EPERM),
            Rule::Mounts if rights.mounts_by_init() => libc::SECCOMP_RET_USER_NOTIF,
            Rule::NewMounts if rights.mounts_by_init() => errno(libc::ENOSYS),
            Rule::Mounts | Rule::NewMounts => {
                or(rights.children || rights.allow.has(Permission::Mount), libc::EPERM)
            }
            Rule::Names if rights.own_release => libc::SECCOMP_RET_USER_NOTIF,
            Rule::Attributes if rights.has_attributes_by_init() => libc::SECCOMP_RET_USER_NOTIF,
            Rule::Messages => or(rights.ipc.messages, libc::ENOSYS),
            Rule::Semaphores => or(rights.ipc.semaphores, libc::ENOSYS),
            Rule::SharedMemory => or(rights.ipc.memory, libc::ENOSYS),
            Rule::Quotas => or(rights.allow.has(Permission::Quotas), libc::EPERM),
            Rule::HostName => or(rights.allow.has(Permission::SetHostname), libc::EPERM),
            Rule::Clock => or(rights.allow.has(Permission::SetTime), libc::EPERM),
            Rule::ClockSpeed => or(adjusts_clock(rights.allow), libc::EPERM),
            // 0 is none of the questions.
            Rule::Log => errno(libc::EPERM),
            Rule::Debugging => or(rights.allow.has(Permission::ProcDebug), libc::EPERM),
            Rule::ByPidfd => or(rights.users == Users::Own, libc::ENOSYS),
            Rule::Socket => errno(libc::EAFNOSUPPORT),
            Rule::Allowed
            | Rule::Names
            | Rule::Attributes
            | Rule::Namespaces
            | Rule::ByNumber
            | Rule::Terminal
            | Rule::SocketOption
            | Rule::Personality => libc::SECCOMP_RET_ALLOW,
        }
    }

    #[test]
    fn the_tree_agrees_with_the_lists() {
        let ruled = |number| {
            let has = |calls: &[calls::Call]| calls.iter().any(|call| call.1 == number);
            RULED.iter().find(|(_, calls)| has(calls)).map(|&(rule, _)| rule)
        };
        for rights in all_rights() {
            let program = program(rights);
            for number in 0..NUMBERS as u32 + 100 {
                let rule = ruled(number.into()).unwrap_or(Rule::Unknown);
                let got = run(&program, NATIVE, number, [0, 0, 0]);
                assert_eq!(got, expected(rule, rights), "{number} {rule:?} {rights:?}");
            }
        }
    }

    #[test]
    #[rustfmt::skip]
    fn sockets() {
        let vnet = RIGHTS;
        let shared = Rights { own_network: false, ..RIGHTS };
        let raw = Rights { allow: RIGHTS.allow.with(Permission::RawSockets), ..shared };
        let none = Rights { families: Families { inet: false, inet6: false }, ..RIGHTS };
        const NETLINK: i32 = libc::AF_NETLINK;
        for (family, protocol, in_vnet, elsewhere) in [
            (NETLINK,         libc::NETLINK_ROUTE,          0, 0),
            (NETLINK,         libc::NETLINK_SOCK_DIAG,      0, 0),
            (NETLINK,         libc::NETLINK_KOBJECT_UEVENT, 0, 0),
            (NETLINK,         libc::NETLINK_GENERIC,        0, 0),
            (NETLINK,         libc::NETLINK_NETFILTER,      0, libc::EPROTONOSUPPORT),
            (NETLINK,         libc::NETLINK_XFRM,           0, libc::EPROTONOSUPPORT),
            (NETLINK,         libc::NETLINK_AUDIT,          libc::EPROTONOSUPPORT, libc::EPROTONOSUPPORT),
            (NETLINK,         libc::NETLINK_SELINUX,        libc::EPROTONOSUPPORT, libc::EPROTONOSUPPORT),
            (NETLINK,         libc::NETLINK_CONNECTOR,      libc::EPROTONOSUPPORT, libc::EPROTONOSUPPORT),
            (NETLINK,         libc::NETLINK_CRYPTO,         libc::EPROTONOSUPPORT, libc::EPROTONOSUPPORT),
            (NETLINK,         32,                           libc::EPROTONOSUPPORT, libc::EPROTONOSUPPORT),
            (libc::AF_UNIX,   0,                            0, 0),
            (libc::AF_PACKET, 0,                            0, libc::EAFNOSUPPORT),
            (libc::AF_ALG,    0,                            libc::EAFNOSUPPORT, libc::EAFNOSUPPORT),
            (libc::AF_CAN,    0,                            libc::EAFNOSUPPORT, libc::EAFNOSUPPORT),
        ] {
            for (rights, want) in [(vnet, in_vnet), (shared, elsewhere), (raw, elsewhere), (none, elsewhere)] {
                let arguments = [family as u32, libc::SOCK_RAW as u32, protocol as u32];
                let want = if want == 0 { libc::SECCOMP_RET_ALLOW } else { errno(want) };
                for call in [libc::SYS_socket, libc::SYS_socketpair] {
                    let got = run(&program(rights), NATIVE, call as u32, arguments);
                    assert_eq!(got, want, "{family} {protocol} {rights:?}");
                }
            }
        }
    }

    #[test]
    #[rustfmt::skip]
    fn more_families() {
        let all = |rights: Rights| Rights { allow: rights.allow.with(Permission::SocketAf), ..rights };
        let shared = Rights { own_network: false, ..RIGHTS };
        for (rights, families) in [
            (RIGHTS,      &[libc::AF_UNIX, libc::AF_INET, libc::AF_PACKET][..]),
            (all(RIGHTS), &[libc::AF_UNIX, libc::AF_INET, libc::AF_PACKET, libc::AF_CAN]),
            (all(shared), &[libc::AF_UNIX, libc::AF_INET]),
        ] {
            let program = program(rights);
            for family in (0..64).filter(|family| *family != libc::AF_NETLINK) {
                let is = run(&program, NATIVE, libc::SYS_socket as u32, [family as u32, 3, 0]);
                let want = families.contains(&family);
                assert_eq!(is == libc::SECCOMP_RET_ALLOW, want, "{family} {rights:?}");
            }
        }
    }

    #[test]
    fn packet_filters_at_securelevel_3() {
        let program = program(Rights { packet_filters: false, ..RIGHTS });
        let verdict = |refused, errno| if refused { errno } else { libc::SECCOMP_RET_ALLOW };
        let (ip, ip6, tcp) = (libc::IPPROTO_IP, libc::IPPROTO_IPV6, libc::IPPROTO_TCP);
        for (level, option, refused) in [
            (ip, libc::IP_TTL, false),
            (ip, 63, false),
            (ip, 64, true),
            (ip, 65, true),
            (ip, 66, false),
            (ip, 96, true),
            (ip, 97, true),
            (ip, 128, true),
            (ip, 129, true),
            (ip, 1023, false),
            (ip, 1024, true),
            (ip, 1156, true),
            (ip6, 64, true),
            (ip6, 65, true),
            (ip6, libc::IPV6_RECVTCLASS, false),
            (ip6, libc::IPV6_TCLASS, false),
            (tcp, 64, false),
            (libc::SOL_SOCKET, 64, false),
        ] {
            let arguments = [3, level as u32, option as u32];
            let got = run(&program, NATIVE, libc::SYS_setsockopt as u32, arguments);
            assert_eq!(got, verdict(refused, errno(libc::EPERM)), "{level} {option}");
        }
        let (netlink, route) = (libc::AF_NETLINK as u32, libc::NETLINK_ROUTE as u32);
        for (protocol, refused) in [(libc::NETLINK_NETFILTER as u32, true), (route, false)] {
            let arguments = [netlink, libc::SOCK_RAW as u32, protocol];
            let got = run(&program, NATIVE, libc::SYS_socket as u32, arguments);
            assert_eq!(got, verdict(refused, errno(libc::EPROTONOSUPPORT)), "{protocol}");
        }
    }

    #[test]
    fn orders_to_init() {
        let calls = [libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo, libc::SYS_prlimit64];
        let host = Rights { users: Users::Host, ..RIGHTS };
        for (rights, process, want) in [
            (RIGHTS, 1, libc::SECCOMP_RET_ALLOW),
            (host, 1, errno(libc::EPERM)),
            (host, 2, libc::SECCOMP_RET_ALLOW),
            (host, 0, libc::SECCOMP_RET_ALLOW),
        ] {
            for call in calls {
                let got = run(&program(rights), NATIVE, call as u32, [process, 0, 0]);
                assert_eq!(got, want, "{call} {process}");
            }
        }
    }

    #[test]
    #[rustfmt::skip]
    fn permissions_over_calls() {
        const SYSLOG: i64 = libc::SYS_syslog;
        let with = |permission| Rights { allow: RIGHTS.allow.with(permission), ..RIGHTS };
        let log = with(Permission::ReadMsgbuf);
        let no_root = Rights { allow: Allow::NOTHING.with(Permission::Mount), children: true, ..RIGHTS };
        for (rights, number, argument, want) in [
            (log,     SYSLOG,            3,  libc::SECCOMP_RET_ALLOW),
            (log,     SYSLOG,            10, libc::SECCOMP_RET_ALLOW),
            (log,     SYSLOG,            2,  errno(libc::EPERM)), // SYSLOG_ACTION_READ takes them away
            (log,     SYSLOG,            5,  errno(libc::EPERM)), // SYSLOG_ACTION_CLEAR
            (RIGHTS,  SYSLOG,            3,  errno(libc::EPERM)),
            (RIGHTS,  libc::SYS_ptrace,  0,  libc::SECCOMP_RET_ALLOW),
            (no_root, libc::SYS_ptrace,  0,  errno(libc::EPERM)),
            (no_root, libc::SYS_unshare, libc::CLONE_NEWUSER as u32, errno(libc::EPERM)),
            (no_root, libc::SYS_mount,   0,  errno(libc::EPERM)),
        ] {
            let got = run(&program(rights), NATIVE, number as u32, [argument, 0, 0]);
            assert_eq!(got, want, "{number} {argument} {rights:?}");
        }
    }

    #[test]
    fn flags_of_files() {
        let flags = Rights { allow: RIGHTS.allow.with(Permission::Chflags), ..RIGHTS };
        let mediated = Rights { mediated_mounts: true, ..flags };
        let no_root = Rights { allow: Allow::NOTHING.with(Permission::Chflags), ..mediated };
        let (allowed, notified) = (libc::SECCOMP_RET_ALLOW, libc::SECCOMP_RET_USER_NOTIF);
        for (rights, request, want) in [
            (mediated, FS_IOC_SETFLAGS, notified),
            (mediated, 0x8008_6601, allowed), // FS_IOC_GETFLAGS
            (mediated, TIOCSTI, errno(libc::EPERM)),
            (mediated, TIOCLINUX, errno(libc::EPERM)),
            (flags, FS_IOC_SETFLAGS, allowed),
            (RIGHTS, FS_IOC_SETFLAGS, allowed),
            (no_root, FS_IOC_SETFLAGS, notified),
        ] {
            let got = run(&program(rights), NATIVE, libc::SYS_ioctl as u32, [3, request, 0]);
            assert_eq!(got, want, "{request:#x} {rights:?}");
        }
    }

    #[test]
    fn foreign_architectures_are_killed() {
        let killed = run(&program(RIGHTS), 0x4000_0003, 0, [0, 0, 0]); // AUDIT_ARCH_I386
        assert_eq!(killed, libc::SECCOMP_RET_KILL_PROCESS);
    }
}
