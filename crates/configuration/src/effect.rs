//! Values that a jail is given and that have no effect: FreeBSD takes them, and says nothing.

use crate::finding::{Finding, Severity};
use crate::host::Host;
use jailconf::{Jail, Parameter};
use jailparam::param::{
    ALLOW_MOUNT, ALLOW_MOUNT_DEVFS, ALLOW_MOUNT_FUSEFS, ALLOW_MOUNT_LINPROCFS,
    ALLOW_MOUNT_LINSYSFS, ALLOW_MOUNT_NULLFS, ALLOW_MOUNT_PROCFS, ALLOW_MOUNT_TMPFS,
    ALLOW_READ_MSGBUF, ENFORCE_STATFS,
};
use jailparam::{Bool, Kind, Set};

/// The file systems that a jail may be allowed to mount here; for fdescfs nothing has to be
/// mounted.
const FILE_SYSTEMS: [Bool; 7] = [
    ALLOW_MOUNT_DEVFS,
    ALLOW_MOUNT_FUSEFS,
    ALLOW_MOUNT_LINPROCFS,
    ALLOW_MOUNT_LINSYSFS,
    ALLOW_MOUNT_NULLFS,
    ALLOW_MOUNT_PROCFS,
    ALLOW_MOUNT_TMPFS,
];

/// Looks for such values.
pub(crate) fn check(jail: &Jail, host: &dyn Host, findings: &mut Vec<Finding>) {
    let mut find = |message: String, given: &Parameter| {
        findings.push(Finding {
            severity: Severity::Warning,
            jail: String::from_utf8_lossy(&jail.name).into_owned(),
            message,
            place: given.place.clone(),
            other: None,
        });
    };
    for given in jail.parameters.iter().filter(|given| given.values.len() > 1) {
        if let Some(message) = only_the_last(given) {
            find(message, given);
        }
    }
    let is_one = |given: &&Parameter| FILE_SYSTEMS.iter().any(|one| one.is_called(&given.name));
    let asked = jail.parameters.iter().find(is_one);
    if let Some((given, lacks)) = asked.zip(lacks_of_mounting(jail)) {
        let name = String::from_utf8_lossy(&given.name);
        find(format!("{name}: no effect without {lacks}"), given);
    }
    let messages = jail.parameters.iter().find(|given| ALLOW_READ_MSGBUF.is_called(&given.name));
    let is_on = || Set::import(jail).is_ok_and(|parameters| parameters.flag(ALLOW_READ_MSGBUF));
    if let Some(given) = messages.filter(|_| is_on() && !host.tells_messages()) {
        let lacks = "no effect while the host's kernel.dmesg_restrict is 1; set it to 0";
        find(format!("{}: {lacks}", ALLOW_READ_MSGBUF.name), given);
    }
}

/// The message about several values of a parameter that has one.
fn only_the_last(given: &Parameter) -> Option<String> {
    let name = str::from_utf8(&given.name).ok()?;
    let parameter = jailparam::find(name)?.parameter;
    let is_list = matches!(parameter.kind, Kind::List | Kind::Ip4List | Kind::Ip6List);
    if is_list || parameter.has_keys() {
        return None;
    }
    let last = String::from_utf8_lossy(given.values.last()?);
    Some(format!("{name}: is no list, and has its last value, {last}; write {name} = {last};"))
}

/// What the permission to mount a file system lacks to have an effect: jail(8). `allow.mount` alone
/// stands in many files, and asks for nothing.
fn lacks_of_mounting(jail: &Jail) -> Option<String> {
    let parameters = Set::import(jail).ok()?;
    if !FILE_SYSTEMS.iter().any(|&one| parameters.flag(one)) {
        return None;
    }
    let lacks = [
        (!parameters.flag(ALLOW_MOUNT), "allow.mount;"),
        (parameters.int(ENFORCE_STATFS).unwrap_or(2) >= 2, "enforce_statfs = 1;"),
    ];
    let lacks: Vec<_> = lacks.iter().filter(|(is_lacking, _)| *is_lacking).map(|it| it.1).collect();
    (!lacks.is_empty()).then(|| lacks.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Anything;

    #[test]
    #[rustfmt::skip]
    fn values_without_effect() {
        for (text, want) in [
            ("path = /a; path += /b;",          "path: is no list, and has its last value, /b; write path = /b;"),
            ("allow.quotas = true, false;",     "allow.quotas: is no list, and has its last value, false; write allow.quotas = false;"),
            ("exec.start = a; exec.start += b;", ""),
            ("env.a = 1; env.a += 2;",          ""),
            ("allow.mount;",                    ""), // asks for nothing
            ("allow.mount.tmpfs;",              "allow.mount.tmpfs: no effect without allow.mount; and enforce_statfs = 1;"),
            ("allow.mount; allow.mount.nullfs;", "allow.mount.nullfs: no effect without enforce_statfs = 1;"),
            ("allow.mount; enforce_statfs = 0; allow.mount.tmpfs;", ""),
            ("allow.nomount;",                  ""),
            ("allow.mount.tmpfs; jid = x;",           ""), // refused elsewhere
        ] {
            let text = format!("x {{ {text} }}");
            let config = jailconf::Config::parse("f".as_ref(), text.as_bytes()).unwrap();
            let mut findings = Vec::new();
            check(&config.expand(b"x").unwrap(), &Anything, &mut findings);
            let said: Vec<_> = findings.into_iter().map(|finding| finding.message).collect();
            assert_eq!(said.join("|"), want, "{text}");
        }
    }
}
