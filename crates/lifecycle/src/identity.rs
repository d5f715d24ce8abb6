//! Who a jail is to its programs, beside its names: jail(8), `osrelease`, `osreldate`,
//! `host.hostuuid`, `host.hostid`; and `host`, by which a jail is who its host is.
//!
//! FreeBSD's sysctl(8) asks the kernel. Programs of Linux read files: machine-id(5), gethostid(3),
//! proc_sys_kernel(5). A jail sees these files with its own numbers, and its tree stays as it is.

use crate::error::Error;
use jailparam::{Jailsys, Parameter, Set, param};
use prison::{Text, Told};
use rustix::system::uname;
use std::ffi::{CStr, OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The host name and the NIS domain name of the jail.
///
/// # Errors
/// [`Error::Value`]: they are to be the host's, and there are others as well.
pub(crate) fn names(parameters: &Set) -> Result<(OsString, OsString), Error> {
    let own = |parameter| OsString::from_vec(parameters.text(parameter).unwrap_or_default());
    if !is_hosts(parameters) {
        return Ok((own(param::HOST_HOSTNAME), own(param::HOST_DOMAINNAME)));
    }
    let is_given = |parameter: &&&'static Parameter| parameters.given(parameter).is_some();
    if let Some(own) = of_host().iter().find(is_given) {
        let why = format!("leaves the jail no {} of its own; leave one of them out", own.name);
        return Err(Error::Value(param::HOST.name, why));
    }
    let hosts = uname();
    let name = |text: &CStr| OsStr::from_bytes(text.to_bytes()).to_owned();
    Ok((name(hosts.nodename()), name(hosts.domainname())))
}

/// Whether the jail is who its host is.
fn is_hosts(parameters: &Set) -> bool {
    parameters.jailsys(param::HOST) == Jailsys::Inherit
}

/// The parameters that a jail with the host's names cannot have.
fn of_host() -> [&'static Parameter; 4] {
    [
        param::HOST_HOSTNAME.parameter(),
        param::HOST_DOMAINNAME.parameter(),
        param::HOST_HOSTUUID.parameter(),
        param::HOST_HOSTID.parameter(),
    ]
}

/// Whether the parameter says who the jail is, once and for all.
pub(crate) fn is_of_the_start(parameter: &Parameter) -> bool {
    let is_linux = [param::LINUX_OSNAME, param::LINUX_OSRELEASE].iter().any(|it| it.is(parameter));
    is_linux
        || param::HOST.is(parameter)
        || param::HOST_HOSTUUID.is(parameter)
        || param::HOST_HOSTID.is(parameter)
}

/// The files that the jail sees with its own numbers.
pub(crate) fn texts(parameters: &Set) -> Vec<Text> {
    let text = |target: &str, contents| Text { target: target.into(), contents };
    let mut all = Vec::new();
    // The kernel lets a jail with jails inside mount their /proc only while nothing covers a part
    // of its own.
    let may_cover_proc = parameters.int(param::CHILDREN_MAX).unwrap_or(0) == 0;
    // All programs in a jail are Linux's.
    let release = given(parameters.text(param::LINUX_OSRELEASE))
        .or_else(|| given(parameters.text(param::OSRELEASE)));
    let kernels = [
        ("/proc/sys/kernel/ostype", given(parameters.text(param::LINUX_OSNAME))),
        ("/proc/sys/kernel/osrelease", release),
    ];
    for (file, value) in kernels {
        if let Some(mut value) = value.filter(|_| may_cover_proc) {
            value.push(b'\n');
            all.push(text(file, value));
        }
    }
    if let Some(id) = given(parameters.text(param::HOST_HOSTUUID)).as_deref().and_then(machine_id) {
        all.push(text("/etc/machine-id", id));
    }
    if let Some(id) = parameters.int(param::HOST_HOSTID) {
        // gethostid(3) reads the machine's own order of bytes.
        let bytes = u32::try_from(id).unwrap_or_default().to_ne_bytes();
        all.push(text("/etc/hostid", bytes.to_vec()));
    }
    if is_hosts(parameters) {
        let hosts = ["/etc/machine-id", "/etc/hostid"].map(|file| (file, fs::read(file)));
        let hosts = hosts.into_iter().filter_map(|(file, read)| Some((file, read.ok()?)));
        all.extend(hosts.map(|(file, contents)| text(file, contents)));
    }
    all
}

/// What the jail is told for sysctl(8) inside.
pub(crate) fn told(parameters: &Set) -> impl Iterator<Item = (Told, Vec<u8>)> {
    let number = |parameter| parameters.int(parameter).map(|it| it.to_string().into_bytes());
    let all = [
        (Told::Osreldate, number(param::OSRELDATE)),
        (Told::HostUuid, given(parameters.text(param::HOST_HOSTUUID))),
        (Told::HostId, number(param::HOST_HOSTID)),
    ];
    all.into_iter().filter_map(|(told, text)| Some((told, text?)))
}

fn given(text: Option<Vec<u8>>) -> Option<Vec<u8>> {
    text.filter(|text| !text.is_empty())
}

/// The line of machine-id(5) for a UUID; `None`: the text is no UUID.
fn machine_id(uuid: &[u8]) -> Option<Vec<u8>> {
    let mut id: Vec<u8> = uuid.iter().filter(|&&byte| byte != b'-').copied().collect();
    id.make_ascii_lowercase();
    let is_one = id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit);
    id.push(b'\n');
    is_one.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> Set {
        Set::import(&jailconf::Jail::from_words(words).unwrap()).unwrap()
    }

    #[test]
    fn machine_ids() {
        let id = |text: &str| machine_id(text.as_bytes()).map(|id| String::from_utf8(id).unwrap());
        let want = "0123456789abcdef0123456789abcdef\n";
        assert_eq!(id("01234567-89AB-cdef-0123-456789abcdef").as_deref(), Some(want));
        assert_eq!(id("0123456789abcdef0123456789abcdef").as_deref(), Some(want));
        for wrong in [
            "",
            "web",
            "01234567-89ab-cdef-0123-456789abcde",
            "g1234567-89ab-cdef-0123-456789abcdef",
        ] {
            assert_eq!(id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_host_is_inherited_whole() {
        let hosts = uname().nodename().to_bytes().to_vec();
        assert_eq!(names(&set(&["host=inherit"])).unwrap().0, OsString::from_vec(hosts));
        assert_eq!(names(&set(&["host.hostname=web"])).unwrap().0, "web");
        let error = names(&set(&["host=inherit", "host.hostid=7"])).unwrap_err();
        let want = "host: leaves the jail no host.hostid of its own; leave one of them out";
        assert_eq!(error.to_string(), want);
    }
}
