//! What a process that enters a prison may do: kept with the prison, and carried out by its filter and its capabilities.

use crate::spec::{Allow, Families, Users};

/// What a process that enters may do: kept, because jexec(8) must give the same as the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) allow: Allow,
    pub(crate) families: Families,
    pub(crate) users: Users,
    /// It has a network stack of its own.
    pub(crate) own_network: bool,
    /// It may have jails inside.
    pub(crate) children: bool,
}

impl Rights {
    pub(crate) fn text(self) -> String {
        let (allow, families) = (self.allow, self.families);
        let all = [
            (allow.raw_sockets, "raw_sockets"),
            (allow.quotas, "quotas"),
            (allow.set_hostname, "set_hostname"),
            (allow.chflags, "chflags"),
            (allow.reserved_ports, "reserved_ports"),
            (allow.mount, "mount"),
            (families.inet, "inet"),
            (families.inet6, "inet6"),
            (self.users == Users::Host, "host_users"),
            (self.users == Users::Outer, "outer_users"),
            (self.own_network, "own_network"),
            (self.children, "children"),
        ];
        all.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn parse(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let has = |name: &str| words.contains(&name);
        Self {
            allow: Allow {
                raw_sockets: has("raw_sockets"),
                quotas: has("quotas"),
                set_hostname: has("set_hostname"),
                chflags: has("chflags"),
                reserved_ports: has("reserved_ports"),
                mount: has("mount"),
            },
            families: Families { inet: has("inet"), inet6: has("inet6") },
            users: match (has("host_users"), has("outer_users")) {
                (true, _) => Users::Host,
                (_, true) => Users::Outer,
                _ => Users::Own,
            },
            own_network: has("own_network"),
            children: has("children"),
        }
    }

    /// What is left of these rights in a jail that has `outer` ones.
    pub(crate) fn within(self, outer: Self) -> Self {
        let (a, b) = (self.allow, outer.allow);
        Self {
            allow: Allow {
                raw_sockets: a.raw_sockets && b.raw_sockets,
                quotas: a.quotas && b.quotas,
                set_hostname: a.set_hostname && b.set_hostname,
                chflags: a.chflags && b.chflags,
                reserved_ports: a.reserved_ports && b.reserved_ports,
                mount: a.mount && b.mount,
            },
            families: Families {
                inet: self.families.inet && (self.own_network || outer.families.inet),
                inet6: self.families.inet6 && (self.own_network || outer.families.inet6),
            },
            ..self
        }
    }
}
