//! The catalogue as a document: docs/compatibility.md.

use std::fmt::Write;

use crate::catalogue::CATALOGUE;
use crate::types::{Access, Kind, Parameter, Role, Support};

const HEAD: &str = "\
# Parameters

Every parameter of jail(8) in FreeBSD 15, and what it does here. This file is made from the catalogue in
`crates/jailparam`; `cargo xtask` writes it.

**full**: as on FreeBSD. **partly**: taken, with what is missing. **refused**: giving it a value is an error that says
why; it may be given the value that it has anyway.
";

/// The differences that belong to no parameter.
const DIFFERENCES: &str = "
## What differs in general

- **Mounts are the jail's own.** `mount`, `mount.fstab` and `mount.devfs` are made in the jail's mount namespace, as it is
  created: the host, and so the hooks that run there, does not see them. A mount point must lie inside `path`. What the host
  has mounted below `path` comes along.
- **unionfs is Linux's overlay.** `/upper /jails/web/etc unionfs rw` puts /upper over what lies at the mount point: in the
  base, or in what an earlier line has mounted there. A file is copied up with its owner and mode (`copymode=transparent`), and
  FreeBSD's other ways are refused. While the jail runs, a directory `.upper.kletka-work` stands beside the upper layer, on
  the same mount; without such a place, or where the upper layer cannot be written to, the line is refused.
- **A start that fails is cleaned up after.** FreeBSD unmounts and removes what it made; here `exec.poststop` and
  `exec.release` follow, as in `jail -C`, so that an interface of `exec.prepare` is not in the next start's way. `ifconfig`
  there takes away only what the jail's own hooks have made. The next start does the same for one that was killed.
- **A start is checked before its first hook.** A jail whose root, fstab or hook program is missing, or whose jid, name or
  interface another jail of the same command has, is not started; what a hook, or a jail that starts before because of
  `depend`, may have made by then is not missed. What may be right and often is not, such as an address that two jails
  have, is a warning (`-q`: none). FreeBSD finds out as it goes. `kletka config check` looks at all files. `jail -rc` and
  `service jail restart` check all this, and mounts, mount points and interfaces too, before they stop anything.
- **Jails with a file of their own are found.** `jail -c NAME`, `-m` and `-r` look for a name that /etc/jail.conf lacks in
  /etc/jail.NAME.conf, then /etc/jail.conf.d/NAME.conf, where `service jail` looks too; FreeBSD's jail(8) does not. Each file
  is a configuration of its own, and a pattern or no name at all means the jails of /etc/jail.conf.
- **/proc, /sys and a fresh /run are there** in every jail whose root has a place for them: Linux programs need them. kletka's
  own `ifconfig` and `route` are in /run/kletka/jail, which comes first in the PATH of `exec.start` and `exec.stop`.
- **Without `vnet`, and without `ip4` or `ip6` inherited, a jail has an empty network** and can make no internet socket. With
  one of them inherited it is on the host's network stack. From Linux 6.12 on it does not reach the host's abstract Unix
  sockets, and init makes the processes of such a jail: jexec passes its limits, priority, processors and umask on, no more.
- **Device nodes in a base open nothing**; devices are in /dev alone.
- **/proc/PID/mountinfo inside a jail** shows where its root lies on the host's file system.
- **The last process of a jail may leave its entry behind**, in /run/kletka and the cgroup tree, when no command of kletka
  waits for it. The next command clears it; until then it is in nobody's way and jls(8) does not show it.
- **A shell with programs of its own comes before the PATH.** Some builds of busybox run their own `ifconfig` whatever the
  PATH is; in such a base the lines of `exec.start` need `/run/kletka/jail/ifconfig`.
- **`service jail` fails when a jail does.** FreeBSD's rc.d/jail prints why, and its exit status is 0 all the same.
- **/etc/rc of a Linux base** starts what rc.conf(5) names through the base's init scripts; see share/jail/rc.

## Two means for addresses of the host

A jail with `ip4.addr` or `ip6.addr` binds and connects the same way whatever `kletka.net` is. The means differ in this:

| | `stack` | `ipvlan` |
| --- | --- | --- |
| addresses and interfaces that programs see | the host's | the jail's, and lo0 without an address |
| servers that bind each address they see: `dnsmasq -z`, nmbd | do not start | start, nmbd with `nmbd bind explicit broadcast = no` |
| one UDP port for jails and the host | with an address each | with all addresses too |
| an address that two jails have | both use it | the second jail does not start |
| an address that the host has already | shared; the host's sockets come last | the jail's alone; refused where the host has no other one of the family on that interface |
| interface of an address | any | Ethernet, vlan, bridge, lagg; neither lo0 nor a tunnel |
| routes | the host's | of the host's, those that leave by the interfaces of the jail's addresses, as they are when the jail starts or changes; gateways as they are at any time |
| the fib of `exec.fib` | any | 0 |
| multicast and broadcast | where the jail has several addresses of the family | none |
| firewall | INPUT and OUTPUT of the host | the same; from jail to jail none |
| settings below net. | the host's | those of a new network stack |
| what it needs | Linux with sk_lookup and hooks of control groups | those hooks, and the module ipvlan |
";

/// Answers how many of all parameters work, as a sentence of the README.
#[must_use]
pub fn figure() -> String {
    let count = |is: fn(Support) -> bool| CATALOGUE.iter().filter(|row| is(row.support)).count();
    let full = count(|support| matches!(support, Support::Full(_)));
    let partly = count(|support| matches!(support, Support::Partly(_)));
    let all = CATALOGUE.len();
    format!("Of {all} parameters of a jail, {full} work as on FreeBSD and {partly} in part")
}

/// Writes the catalogue as Markdown.
pub fn compatibility() -> String {
    let mut out = HEAD.to_owned();
    let roles = [
        (
            Role::Core,
            "Parameters of the jail",
            "`jls -n` shows them. “Change” is when: at creation only, or by `jail -m` too.",
        ),
        (
            Role::Pseudo,
            "Pseudo-parameters",
            "Only jail(8) uses them, to set a jail up and to take it down.",
        ),
    ];
    for (role, title, text) in roles {
        let rows = CATALOGUE.iter().filter(|parameter| parameter.role == role);
        let count = |is: fn(Support) -> bool| {
            rows.clone().filter(|parameter| is(parameter.support)).count()
        };
        let full = count(|support| matches!(support, Support::Full(_)));
        let partly = count(|support| matches!(support, Support::Partly(_)));
        let refused = count(|support| matches!(support, Support::Refused(_)));
        // Writing to a `String` cannot fail.
        let _ = write!(
            out,
            "\n## {title}\n\n{text} {full} are full, {partly} partly, {refused} refused.\n\n"
        );
        out.push_str(
            "| Parameter | What it is | Type | Default | Change | Here | How, or what is missing |\n\
             |---|---|---|---|---|---|---|\n",
        );
        rows.clone().for_each(|parameter| row(&mut out, parameter));
    }
    out + DIFFERENCES
}

/// Writes the row of one parameter.
fn row(out: &mut String, parameter: &Parameter) {
    let default = default(parameter, "`").unwrap_or_default();
    let change = match (parameter.role, parameter.access) {
        // A pseudo-parameter is read anew at every use: there is nothing to tell apart.
        (Role::Pseudo, _) => "",
        (_, Access::ReadOnly) => "read-only",
        (_, Access::Create) => "creation",
        (_, Access::Live) => "live",
    };
    let support = match parameter.support {
        Support::Full(_) => "full",
        Support::Partly(_) => "partly",
        Support::Refused(_) => "**refused**",
    };
    let only = match parameter.only {
        [] => String::new(),
        only => format!(
            "; only {}",
            only.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    let (name, kind, about, reason) =
        (parameter.name, kind(parameter.kind), parameter.about, parameter.support.reason());
    let _ = writeln!(
        out,
        "| `{name}` | {about} | {kind} | {default} | {change} | {support} | {reason}{only} |"
    );
}

/// Says what the default of a parameter is; `quote` stands around each value.
pub(crate) fn default(parameter: &Parameter, quote: &str) -> Option<String> {
    match (parameter.default, parameter.default_with_vnet) {
        // Neither Markdown nor mdoc(7) has a way to show an empty text.
        (None | Some(""), _) => None,
        (Some(default), None) => Some(format!("{quote}{default}{quote}")),
        (Some(default), Some(vnet)) => {
            Some(format!("{quote}{default}{quote}, with vnet {quote}{vnet}{quote}"))
        }
    }
}

/// Names the type of a parameter for a reader.
pub(crate) fn kind(kind: Kind) -> String {
    match kind {
        Kind::Bool => "boolean".to_owned(),
        // The largest int of C is no bound that a reader would want to see.
        Kind::Int(from, to) if to == i64::from(i32::MAX) => format!("number from {from}"),
        Kind::Int(from, to) => format!("number {from} to {to}"),
        Kind::Text(_) => "text".to_owned(),
        Kind::List => "list".to_owned(),
        Kind::Ip4List => "IPv4 addresses".to_owned(),
        Kind::Ip6List => "IPv6 addresses".to_owned(),
        Kind::Jailsys => "disable, new, inherit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_one_row_of_as_many_cells_as_the_head() {
        let text = compatibility();
        let cells = |line: &str| line.matches(" |").count();
        let heads: Vec<_> = text.lines().filter(|line| line.starts_with("| Parameter |")).collect();
        assert!(heads.len() == 2 && heads.iter().all(|head| cells(head) == 7), "{heads:?}");
        assert!(text.lines().filter(|line| line.starts_with("|---")).all(|line| line.len() == 29));
        for parameter in CATALOGUE {
            let start = format!("| `{}` |", parameter.name);
            let rows: Vec<_> = text.lines().filter(|line| line.starts_with(&start)).collect();
            assert_eq!(rows.len(), 1, "{}", parameter.name);
            assert_eq!(cells(rows[0]), 7, "{}", rows[0]);
        }
    }
}
