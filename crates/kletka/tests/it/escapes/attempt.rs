//! What an attempt to get out of a jail is: what is tried, and what holds it in each kind of jail.
//!
//! Values only, so that the attempts themselves are tables. The words here are those of
//! docs/security.md.

/// A kind of jail. Each attempt is made in one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Default parameters, which mean no network.
    Default,
    /// `kletka.userns = inherit`
    Inherit,
    /// `allow.mount`
    Mount,
    /// `children.max`
    Children,
    /// `vnet`
    Vnet,
    /// `ip4 = inherit`
    Shared,
    /// `ip4.addr` and `ip6.addr`
    Held,
    /// The same, with `children.max`.
    HeldChildren,
    /// The same, with permissions that are about sockets.
    HeldAllow,
    /// The same permissions, with `kletka.userns = inherit`.
    HeldInherit,
}

/// The addresses of jails that are held to some: all have the same.
const ADDRESSES: &str =
    "interface = em0; ip4.addr = 192.0.2.1/24, 192.0.2.2/24; ip6.addr = 2001:db8::1/64;";

impl Kind {
    pub(super) const ALL: [Self; 10] = [
        Self::Default,
        Self::Inherit,
        Self::Mount,
        Self::Children,
        Self::Vnet,
        Self::Shared,
        Self::Held,
        Self::HeldChildren,
        Self::HeldAllow,
        Self::HeldInherit,
    ];

    /// The kinds that are told apart where the network is not what is attempted.
    pub(super) const WITHOUT_NETWORK: &[Self] =
        &[Self::Default, Self::Inherit, Self::Mount, Self::Children];

    /// The kinds with a network, or without one.
    pub(super) const NETWORKS: &[Self] =
        &[Self::Default, Self::Inherit, Self::Mount, Self::Children, Self::Vnet, Self::Shared];

    /// The kinds with addresses of the host.
    pub(super) const HELD: &[Self] =
        &[Self::Held, Self::HeldChildren, Self::HeldAllow, Self::HeldInherit];

    /// The name of the jail of this kind.
    pub(super) fn jail(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Inherit => "inherit",
            Self::Mount => "mount",
            Self::Children => "children",
            Self::Vnet => "vnet",
            Self::Shared => "shared",
            Self::Held => "held",
            Self::HeldChildren => "heldchildren",
            Self::HeldAllow => "heldallow",
            Self::HeldInherit => "heldinherit",
        }
    }

    /// What its section of jail.conf(5) has beside what all have.
    pub(super) fn parameters(self) -> String {
        let more = match self {
            Self::Default | Self::Held => "",
            Self::Inherit => "kletka.userns = inherit;",
            Self::Mount => {
                "allow.mount; allow.mount.nullfs; allow.mount.tmpfs; enforce_statfs = 1;"
            }
            Self::Children | Self::HeldChildren => "children.max = 3;",
            Self::Vnet => "vnet;",
            Self::Shared => "ip4 = inherit;",
            Self::HeldAllow => "allow.raw_sockets; allow.socket_af;",
            Self::HeldInherit => "allow.raw_sockets; allow.socket_af; kletka.userns = inherit;",
        };
        format!("{}{more}", if Self::HELD.contains(&self) { ADDRESSES } else { "" })
    }

    /// The head of its column.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Inherit => "`kletka.userns=inherit`",
            Self::Mount => "`allow.mount`",
            Self::Children => "`children.max`",
            Self::Vnet => "`vnet`",
            Self::Shared => "`ip4=inherit`",
            Self::Held => "`ip4.addr`, `ip6.addr`",
            Self::HeldChildren => "with `children.max`",
            Self::HeldAllow => "with `allow.raw_sockets`, `allow.socket_af`",
            Self::HeldInherit => "that, with `kletka.userns=inherit`",
        }
    }
}

/// What holds an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// The jail's ids are others than the host's, and its capabilities count for its own objects.
    Users,
    /// pivot_root(2): the jail's root is the root of its mount namespace.
    Root,
    /// The mount namespace belongs to the host's user namespace.
    Mounts,
    /// In a mount namespace of the jail's own, the kernel locks what was there before.
    Locked,
    /// What init mounts for a jail, and what it does not: the jail's own mounts alone can be
    /// changed.
    Ledger,
    /// A mount that is read-only.
    ReadOnly,
    /// A mount with nosuid, nodev or noexec.
    Flags,
    /// An empty file over one of the kernel's, or nothing mounted where the kernel has more.
    Mask,
    /// The filter of system calls.
    Filter,
    /// A capability that is not in the bounding set.
    Bounding,
    /// The directory above the jail's tree, which root alone may enter.
    Above,
    /// The process namespace.
    Processes,
    /// Init has the host's rights, and the jail none over init.
    Init,
    /// The network namespace.
    Network,
    /// The IPC namespace.
    Ipc,
    /// The host name's namespace.
    HostName,
    /// The programs in the kernel that hold a jail to its addresses.
    Addresses,
    /// Landlock's scope.
    Landlock,
    /// The jail's own /dev, with few nodes.
    Dev,
    /// The control group.
    Cgroup,
    /// A bound on size or number.
    Bound,
    /// A check of kletka's own, by the host's command.
    Command,
    /// There is nothing to reach.
    Absent,
    /// Nothing: what is accepted, and said so.
    Accepted,
    /// Nothing: it is the jail's own, or the parameter of the column gives it.
    Given,
}

impl Layer {
    /// The word in a cell.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Users => "user namespace",
            Self::Root => "root",
            Self::Mounts => "mount namespace",
            Self::Locked => "locked mount",
            Self::Ledger => "init's list",
            Self::ReadOnly => "read-only mount",
            Self::Flags => "mount flags",
            Self::Mask => "mask",
            Self::Filter => "filter",
            Self::Bounding => "bounding set",
            Self::Above => "directory above",
            Self::Processes => "process namespace",
            Self::Init => "init",
            Self::Network => "network namespace",
            Self::Ipc => "IPC namespace",
            Self::HostName => "UTS namespace",
            Self::Addresses => "address rules",
            Self::Landlock => "Landlock",
            Self::Dev => "/dev",
            Self::Cgroup => "control group",
            Self::Bound => "bound",
            Self::Command => "command",
            Self::Absent => "nothing there",
            Self::Accepted => "accepted",
            Self::Given => "given",
        }
    }
}

/// The answer that is expected in one kind of jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) by: Layer,
    /// The answer, or several with ` or ` between them where kernels differ.
    pub(super) answer: &'static str,
}

impl Held {
    pub(super) fn expects(self, answer: &str) -> bool {
        self.answer.split(" or ").any(|one| one == answer)
    }
}

/// How an attempt is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Means {
    /// By perl(1) in the jail: an expression of inside.pl's words whose value is the answer.
    Inside(&'static str),
    /// By sh(1) on the host, where `$J` is the jail: its output is the answer.
    OnHost(&'static str),
}

/// An attempt to get out, or to make the host do something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    /// What is tried.
    pub(super) what: &'static str,
    pub(super) means: Means,
    held: [Held; Kind::ALL.len()],
}

/// An attempt that `layer` holds with `answer` in every jail; [`Attempt::in_`] says where not.
pub(super) const fn inside(
    what: &'static str,
    code: &'static str,
    by: Layer,
    answer: &'static str,
) -> Attempt {
    let held = [Held { by, answer }; Kind::ALL.len()];
    Attempt { what, means: Means::Inside(code), held }
}

/// The same for an attempt that a command of the host is made to carry out.
pub(super) const fn on_host(
    what: &'static str,
    line: &'static str,
    by: Layer,
    answer: &'static str,
) -> Attempt {
    let held = [Held { by, answer }; Kind::ALL.len()];
    Attempt { what, means: Means::OnHost(line), held }
}

impl Attempt {
    /// In a jail of this `kind` something else holds.
    pub(super) const fn in_(mut self, kind: Kind, by: Layer, answer: &'static str) -> Self {
        self.held[kind as usize] = Held { by, answer };
        self
    }

    pub(super) fn held(&self, kind: Kind) -> Held {
        self.held[kind as usize]
    }
}

/// Attempts of one kind.
pub(super) struct Family {
    pub(super) title: &'static str,
    /// The kinds of jails that differ.
    pub(super) kinds: &'static [Kind],
    pub(super) attempts: &'static [Attempt],
}

impl Family {
    /// Attempts for which the jail's network makes no difference.
    pub(super) const fn new(title: &'static str, attempts: &'static [Attempt]) -> Self {
        Self { title, kinds: Kind::WITHOUT_NETWORK, attempts }
    }
}
