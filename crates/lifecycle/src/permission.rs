//! The permissions of a prison, and the parameters that grant them.
//!
//! `prison` names each permission's parameter in its one table, and `jailparam` has the catalogue
//! of all parameters. The compiler checks here that each of these names is a boolean of the
//! catalogue.

use crate::error::Error;
use jailparam::{Bool, Jailsys, Set, param};
use prison::{Allow, Permission, Users};

const PARAMETERS: [Bool; Permission::ALL.len()] = {
    // Evaluated by the compiler: a name that the catalogue lacks does not compile.
    let mut all = [Bool::named(Permission::ALL[0].parameter()); Permission::ALL.len()];
    let mut place = 1;
    while place < all.len() {
        all[place] = Bool::named(Permission::ALL[place].parameter());
        place += 1;
    }
    all
};

/// The parameters of file systems: without `allow.mount` and an `enforce_statfs` below 2 they grant
/// nothing, and without one of them `allow.mount` does not.
const FILE_SYSTEMS: &str = "allow.mount.";

/// Whether the parameter of this name permits a file system.
pub(crate) fn is_of_file_system(name: &str) -> bool {
    name.starts_with(FILE_SYSTEMS)
}

/// Reads the permissions that a jail's parameters grant.
#[must_use]
pub fn allowed(parameters: &Set) -> Allow {
    // The variants are numbered in the order of `ALL`.
    let given = |permission| parameters.flag(PARAMETERS[permission as usize]);
    let is_type = |permission: Permission| is_of_file_system(permission.parameter());
    let may_mount = given(Permission::Mount)
        && parameters.int(param::ENFORCE_STATFS).unwrap_or(2) < 2
        && Permission::ALL.iter().any(|&one| is_type(one) && given(one));
    let is_of_mounts = |permission| permission == Permission::Mount || is_type(permission);
    Allow::of(|permission| given(permission) && (may_mount || !is_of_mounts(permission)))
}

/// Checks that Linux has what the jail's parameters permit.
///
/// # Errors
/// [`Error::Value`]: a jail like this one cannot have a permission.
pub(crate) fn check(parameters: &Set, users: Users) -> Result<(), Error> {
    let has_hosts_users = users == Users::Host;
    let has_vnet = parameters.jailsys(param::VNET) == Jailsys::New;
    const CLOCK: &str = "sets the one clock of the machine, which only a jail with the host's users \
                         can: add kletka.userns=inherit, or run the time server on the host";
    let needed = [
        (param::ALLOW_ADJTIME, has_hosts_users, CLOCK),
        (param::ALLOW_SETTIME, has_hosts_users, CLOCK),
        (
            param::ALLOW_ROUTING,
            has_vnet,
            "Linux gives routes together with interfaces and packet filters: use vnet, where all of \
             them are the jail's own",
        ),
        (
            param::ALLOW_NFSD,
            has_vnet,
            "the NFS server is that of a network stack: use vnet, or run the server on the host",
        ),
        (
            param::ALLOW_NFSD,
            has_hosts_users,
            "the kernel serves no id-mapped files, and only in a network of the host's users: add \
             kletka.userns=inherit, or run the server on the host",
        ),
        (
            param::ALLOW_UNPRIVILEGED_PARENT_TAMPERING,
            has_hosts_users,
            "the jail's users are other users on the host; kletka.userns=inherit gives it the host's",
        ),
    ];
    let lacks = needed.into_iter().find(|&(one, is_there, _)| !is_there && parameters.flag(one));
    lacks.map_or(Ok(()), |(one, _, why)| Err(Error::Value(one.name, why.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_permission_needs() {
        for (words, users, refused) in [
            (&["allow.settime"][..], Users::Own, Some("allow.settime")),
            (&["allow.adjtime"], Users::Own, Some("allow.adjtime")),
            (&["allow.settime", "allow.adjtime"], Users::Host, None),
            (&["allow.routing", "vnet"], Users::Own, None),
            (&["allow.routing", "ip4=inherit"], Users::Host, Some("allow.routing")),
            (&["allow.norouting"], Users::Own, None),
            (&["allow.nfsd", "vnet"], Users::Own, Some("allow.nfsd")),
            (&["allow.nfsd", "ip4=inherit"], Users::Host, Some("allow.nfsd")),
            (&["allow.nfsd", "vnet"], Users::Host, None),
            (
                &["allow.unprivileged_parent_tampering"],
                Users::Own,
                Some("allow.unprivileged_parent_tampering"),
            ),
        ] {
            let set = Set::import(&jailconf::Jail::from_words(words).unwrap()).unwrap();
            let error = check(&set, users).err().map(|error| error.to_string());
            let name = error.as_deref().and_then(|error| error.split_once(": "));
            assert_eq!(name.map(|(name, _)| name), refused, "{words:?}");
        }
    }

    /// A permission has the default of its parameter, and can be changed while the jail runs.
    #[test]
    fn permissions_are_as_their_parameters() {
        for &permission in Permission::ALL {
            let parameter = PARAMETERS[permission as usize];
            assert_eq!(parameter.name, permission.parameter());
            let default = permission.default().to_string();
            assert_eq!(parameter.default, Some(default.as_str()), "{}", parameter.name);
            // What init has mounted stays.
            let is_fixed = permission == Permission::Nfsd;
            let access = if is_fixed { jailparam::Access::Create } else { jailparam::Access::Live };
            assert_eq!(parameter.access, access, "{}", parameter.name);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_a_jail_may_mount() {
        for (words, want) in [
            (&["allow.mount", "allow.mount.tmpfs", "enforce_statfs=1"][..], true),
            (&["allow.mount", "allow.mount.fusefs", "enforce_statfs=0"],    true),
            (&["allow.mount", "allow.mount.tmpfs"],                         false), // 2 by default
            (&["allow.mount", "enforce_statfs=1"],                          false),
            (&["allow.mount.tmpfs", "enforce_statfs=1"],                    false),
        ] {
            let set = Set::import(&jailconf::Jail::from_words(words).unwrap()).unwrap();
            let got: Vec<_> = allowed(&set).iter().map(Permission::parameter).collect();
            let some = got.iter().any(|it| it.starts_with("allow.mount"));
            assert_eq!(some, want, "{words:?} {got:?}");
            assert_eq!(allowed(&set).has(Permission::Mount), want, "{words:?}");
        }
    }
}
