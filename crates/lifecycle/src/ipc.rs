//! System V IPC of a jail: jail(8), `sysvmsg`, `sysvsem`, `sysvshm`, and their old name
//! `allow.sysvipc`; ipc_namespaces(7).
//!
//! Linux keeps all three kinds in one namespace. A jail has its own, or shares that of the host for
//! all kinds; a single kind can be taken from the jail. With `allow.sysvipc` a jail has what its
//! programs need, and of its own: on FreeBSD it would have the host's.

use crate::error::Error;
use jailparam::{Handle, Jailsys, Parameter, Set, param};
use prison::{Ipc, IpcKinds};

/// The parameters of the three kinds.
const KINDS: [Handle<Jailsys>; 3] = [param::SYSVMSG, param::SYSVSEM, param::SYSVSHM];

/// Whether the parameter says something of System V IPC.
pub(crate) fn is_one(parameter: &Parameter) -> bool {
    param::ALLOW_SYSVIPC.is(parameter) || KINDS.iter().any(|kind| kind.is(parameter))
}

/// Reads what the parameters say.
///
/// # Errors
/// [`Error::Value`]: one kind is to be shared and another is not.
pub(crate) fn of(parameters: &Set) -> Result<Ipc, Error> {
    let states = KINDS.map(|kind| state(parameters, kind));
    let is_inherited = states.contains(&Jailsys::Inherit);
    if is_inherited && let Some(own) = states.iter().position(|state| *state == Jailsys::New) {
        let why = "Linux shares all three kinds of System V IPC or none: inherit or disable here, \
                   or new for sysvmsg, sysvsem and sysvshm";
        return Err(Error::Value(KINDS[own].name, why.into()));
    }
    let [messages, semaphores, memory] = states.map(|state| state != Jailsys::Disable);
    Ok(Ipc { is_inherited, kinds: IpcKinds { messages, semaphores, memory } })
}

/// The state of one kind: its own parameter's, or what `allow.sysvipc` says.
fn state(parameters: &Set, kind: Handle<Jailsys>) -> Jailsys {
    let is_given = |parameter| parameters.given(parameter).is_some();
    if is_given(kind.parameter()) || !is_given(param::ALLOW_SYSVIPC.parameter()) {
        return parameters.jailsys(kind);
    }
    if parameters.flag(param::ALLOW_SYSVIPC) { Jailsys::New } else { Jailsys::Disable }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Ipc, Error> {
        of(&Set::import(&jailconf::Jail::from_words(words).unwrap()).unwrap())
    }

    #[test]
    fn what_jails_have() {
        let ipc = |is_inherited, messages, semaphores, memory| Ipc {
            is_inherited,
            kinds: IpcKinds { messages, semaphores, memory },
        };
        for (words, want) in [
            (&[][..], ipc(false, true, true, true)),
            (&["allow.sysvipc"], ipc(false, true, true, true)),
            (&["allow.sysvipc=0"], ipc(false, false, false, false)),
            (
                &["allow.sysvipc", "sysvmsg=new", "sysvsem=new", "sysvshm=new"],
                ipc(false, true, true, true),
            ),
            (&["allow.sysvipc=0", "sysvshm=new"], ipc(false, false, false, true)),
            (&["sysvmsg=disable"], ipc(false, false, true, true)),
            (
                &["sysvmsg=inherit", "sysvsem=inherit", "sysvshm=inherit"],
                ipc(true, true, true, true),
            ),
            (
                &["sysvmsg=disable", "sysvsem=disable", "sysvshm=inherit"],
                ipc(true, false, false, true),
            ),
        ] {
            assert_eq!(read(words).unwrap(), want, "{words:?}");
        }
        let mixed = read(&["sysvshm=inherit", "sysvmsg=inherit"]).unwrap_err().to_string();
        assert!(mixed.starts_with("sysvsem: Linux shares all three"), "{mixed}");
    }
}
