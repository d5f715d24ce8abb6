//! What a process that enters a prison may do: kept with the prison, and carried out by the filter
//! and the capabilities of the process.
//!
//! In the registry each right is a word, and a word grants something. A program that does not
//! understand a word does not grant its right, so a record of a newer kletka never gives more here
//! than there.

use crate::permission::{Allow, Permission};
use crate::spec::{Families, IpcKinds, Users};

/// What a process that enters may do. The registry keeps it, because jexec(8) must give the same as
/// the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) allow: Allow,
    pub(crate) families: Families,
    pub(crate) users: Users,
    /// The prison has a network stack of its own.
    pub(crate) own_network: bool,
    /// The prison has a network stack that is the host's to change, and that nobody else is on.
    pub(crate) carried_network: bool,
    /// The prison may have jails inside.
    pub(crate) children: bool,
    /// The packet filters of the prison's own network stack may be changed.
    pub(crate) packet_filters: bool,
    /// What `allow.chflags` permits to set may be cleared.
    pub(crate) clears_flags: bool,
    pub(crate) ipc: IpcKinds,
    /// Init answers mount(2): the prison's mount namespace is the host's. Otherwise a prison with
    /// `allow.mount` has one of its own.
    pub(crate) mediated_mounts: bool,
    /// Init answers uname(2).
    pub(crate) own_release: bool,
    /// The prison is held to addresses of the host. No word says so, as a word grants something:
    /// the record has the addresses.
    pub(crate) is_held: bool,
}

/// A right that is no permission: its word, whether somebody has it, and how it is given.
type Other = (&'static str, fn(&Rights) -> bool, fn(&mut Rights));

const OTHERS: [Other; 14] = [
    ("inet", |rights| rights.families.inet, |rights| rights.families.inet = true),
    ("inet6", |rights| rights.families.inet6, |rights| rights.families.inet6 = true),
    ("host_users", |rights| rights.users == Users::Host, |rights| rights.users = Users::Host),
    ("outer_users", |rights| rights.users == Users::Outer, |rights| rights.users = Users::Outer),
    ("own_network", |rights| rights.own_network, |rights| rights.own_network = true),
    ("carried_network", |rights| rights.carried_network, |rights| rights.carried_network = true),
    ("children", |rights| rights.children, |rights| rights.children = true),
    ("sysvmsg", |rights| rights.ipc.messages, |rights| rights.ipc.messages = true),
    ("sysvsem", |rights| rights.ipc.semaphores, |rights| rights.ipc.semaphores = true),
    ("sysvshm", |rights| rights.ipc.memory, |rights| rights.ipc.memory = true),
    ("packet_filters", |rights| rights.packet_filters, |rights| rights.packet_filters = true),
    ("clears_flags", |rights| rights.clears_flags, |rights| rights.clears_flags = true),
    ("mediated_mounts", |rights| rights.mediated_mounts, |rights| rights.mediated_mounts = true),
    ("own_release", |rights| rights.own_release, |rights| rights.own_release = true),
];

impl Rights {
    /// No right at all.
    pub(crate) const NONE: Self = Self {
        allow: Allow::NOTHING,
        families: Families { inet: false, inet6: false },
        users: Users::Own,
        own_network: false,
        carried_network: false,
        children: false,
        packet_filters: false,
        clears_flags: false,
        ipc: IpcKinds { messages: false, semaphores: false, memory: false },
        mediated_mounts: false,
        own_release: false,
        is_held: false,
    };

    /// Whether the prison is on a network stack with others: the host's, or that of the jail that
    /// it is in.
    pub(crate) const fn shares_network(self) -> bool {
        !self.own_network && !self.carried_network
    }

    /// Whether the prison mounts in a namespace of its own. The kernel locks there what init has
    /// built; every type that it lets the root of a user namespace mount can be mounted.
    pub(crate) const fn mounts_itself(self) -> bool {
        self.allow.has(Permission::Mount) && !self.mediated_mounts
    }

    /// Whether init answers what the prison mounts.
    pub(crate) const fn mounts_by_init(self) -> bool {
        self.allow.has(Permission::Mount) && self.mediated_mounts
    }

    /// Whether init changes flags of files for the prison.
    pub(crate) const fn sets_flags_by_init(self) -> bool {
        self.allow.has(Permission::Chflags) && self.mediated_mounts
    }

    /// Whether init reads and writes attributes of the system for the prison.
    pub(crate) const fn has_attributes_by_init(self) -> bool {
        self.allow.has(Permission::Extattr) && self.mediated_mounts
    }

    /// Whether the prison's root has the capability over flags of files. A root that is the host's
    /// has it over the host's files, and could clear what a securelevel keeps.
    pub(crate) fn keeps_flags_capability(self) -> bool {
        let may_clear = self.clears_flags || self.users != Users::Host;
        self.allow.has(Permission::Chflags) && may_clear
    }

    /// Whether init answers some call of a process that enters.
    pub(crate) const fn has_listener(self) -> bool {
        self.mounts_by_init()
            || self.sets_flags_by_init()
            || self.has_attributes_by_init()
            || self.own_release
    }

    /// Whether the prison has `vnet`. A jail without network has a stack of its own, too, but an
    /// empty one, where no socket of an internet protocol can be made.
    pub(crate) const fn has_vnet(self) -> bool {
        self.own_network && (self.families.inet || self.families.inet6)
    }

    /// Whether the prison's root may make raw sockets. With a stack of its own it may without
    /// `allow.raw_sockets`: FreeBSD's prison_priv_check(), `PRIV_NETINET_RAW` with `PR_VNET`. With
    /// addresses of the host it may not, as nothing holds such a socket to them.
    ///
    /// A jail with users of its own keeps the capability nevertheless: over the host's stack that
    /// is none, and Debian's ping(8), which needs no raw socket, is a file that does not execute
    /// without it.
    pub(crate) fn keeps_raw_sockets(self) -> bool {
        let is_held = self.is_held && self.shares_network() && self.users == Users::Host;
        self.has_vnet() || !is_held && self.allow.has(Permission::RawSockets)
    }

    /// Whether the prison's root may change the host's clock: Linux has one, and asks for a
    /// capability over the host.
    pub(crate) fn keeps_time(self) -> bool {
        let permitted = [Permission::AdjTime, Permission::SetTime];
        self.users == Users::Host && permitted.into_iter().any(|one| self.allow.has(one))
    }

    /// These, without what needs the privileges of root, where root has none. In a user namespace
    /// of its own making anybody is privileged, so nobody makes one.
    pub(crate) fn without_privileges(self) -> Self {
        if self.allow.has(Permission::Suser) {
            return self;
        }
        let is_kept = |permission| permission != Permission::Mount && self.allow.has(permission);
        Self { allow: Allow::of(is_kept), children: false, ..self }
    }

    /// These, without what addresses of the host take away: for whoever is told rights alone, and
    /// not that the prison is held.
    pub(crate) fn in_effect(self) -> Self {
        let is_kept = |permission| permission != Permission::RawSockets || self.keeps_raw_sockets();
        let allow = Allow::of(|permission| self.allow.has(permission) && is_kept(permission));
        Self { allow, ..self }
    }

    /// The words of all rights that are given.
    pub(crate) fn words(self) -> impl Iterator<Item = &'static str> {
        let others = OTHERS.iter().filter(move |(_, has, _)| has(&self)).map(|(word, ..)| *word);
        self.allow.iter().map(Permission::word).chain(others)
    }

    /// Grants the right of this word; false when the word is none.
    pub(crate) fn grant(&mut self, word: &str) -> bool {
        if let Some(&permission) = Permission::ALL.iter().find(|one| one.word() == word) {
            self.allow = self.allow.with(permission);
            return true;
        }
        let other = OTHERS.iter().find(|(name, ..)| *name == word);
        other.map(|(.., give)| give(self)).is_some()
    }

    /// The rights that are left of these in a jail that has `outer` ones. Whose the users and the
    /// network are is no matter of more or less, and decided by whoever makes the jail, or by the
    /// kernel.
    pub(crate) fn within(self, outer: Self) -> Self {
        Self {
            allow: self.allow.and(outer.allow),
            families: Families {
                // In a network of its own, a protocol gives nothing of the outer jail's.
                inet: self.families.inet && (self.own_network || outer.families.inet),
                inet6: self.families.inet6 && (self.own_network || outer.families.inet6),
            },
            children: self.children && outer.children,
            packet_filters: self.packet_filters && outer.packet_filters,
            clears_flags: self.clears_flags && outer.clears_flags,
            ipc: self.ipc.and(outer.ipc),
            ..self
        }
    }
}
