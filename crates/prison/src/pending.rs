//! What of a change of a prison is outside its record: the host's names, the text of `env`, the
//! limit of processes, and whether init lives on without processes.
//!
//! A change is written into the record first, with what is [`Pending`]. When that is carried out,
//! it is taken out of the record again. So a command that is killed in between leaves a record
//! that says what is still to be done, and each part can be done twice.

use crate::cgroup::pids;
use crate::control::{PERSIST, TRANSIENT};
use crate::error::{Calling, Error};
use crate::mediate::privileges::Privileges;
use crate::mediate::{self, FileSystems};
use crate::registry::Registry;
use crate::registry::record::Record;
use crate::shared;
use crate::spec::{Addresses, Change};
use crate::title;
use crate::told::Told;
use crate::within::within;
use kernel::namespace::{self, Namespace};
use kernel::signal;
use rustix::system::{setdomainname, sethostname, uname};
use rustix::thread::LinkNameSpaceType;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// The longest name that the kernel takes: `__NEW_UTS_LEN`.
const LONGEST: usize = 64;

/// The parts of a change that are to be carried out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pending {
    names: Names,
    env: Option<Vec<u8>>,
    securelevel: Option<Vec<u8>>,
    processes: Option<u32>,
    /// The addresses of before, in place of which the prison is to be held to those of its record.
    addresses: Option<Addresses>,
    /// Programs in the kernel are to carry out the permissions of the record.
    permissions: bool,
    /// Init is to mount the file systems that the record permits.
    file_systems: bool,
    /// Init is to do what the record's rights include: [`Privileges`].
    privileges: bool,
    /// The prison has another name in the record than it had: those inside are to follow.
    name: bool,
    /// The number of jails that may be inside has changed: the jail and those inside are to know.
    children: bool,
    persist: Option<bool>,
}

/// Names of a host that are to be set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Names {
    host: Option<OsString>,
    domain: Option<OsString>,
}

impl Pending {
    /// The parts of `change`, and those of an earlier change that was killed.
    pub(crate) fn of(change: &Change, record: &Record) -> Self {
        let earlier = record.pending.clone().unwrap_or_default();
        let addresses = change.addresses.as_ref().and(record.addresses.clone());
        let permissions = change.allow.is_some_and(|allow| allow != record.rights.allow)
            && shared::carries_out_permissions(record);
        let file_systems = record.rights.mediated_mounts
            && change
                .allow
                .is_some_and(|it| FileSystems::of(it) != FileSystems::of(record.rights.allow));
        let mut after = record.rights;
        after.allow = change.allow.unwrap_or(after.allow);
        after.clears_flags = change.clears_flags.unwrap_or(after.clears_flags);
        let privileges = Privileges::of(after) != Privileges::of(record.rights);
        Self {
            names: Names {
                host: change.hostname.clone().or(earlier.names.host),
                domain: change.domainname.clone().or(earlier.names.domain),
            },
            env: change.env.clone().or(earlier.env),
            securelevel: change.securelevel.clone().or(earlier.securelevel),
            processes: change.processes.or(earlier.processes),
            addresses: earlier.addresses.or(addresses),
            permissions: permissions || earlier.permissions,
            file_systems: file_systems || earlier.file_systems,
            privileges: privileges || earlier.privileges,
            name: change.name.as_ref().is_some_and(|name| *name != record.name) || earlier.name,
            children: change.children.is_some_and(|max| max != record.children.max)
                || earlier.children,
            persist: change.persist.or(earlier.persist),
        }
    }

    /// Whether nothing is to be carried out.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the prison has got another name, and those inside may not have followed.
    pub(crate) fn has_new_name(&self) -> bool {
        self.name
    }

    /// Carries out what is about the prisons inside that of `outer`.
    ///
    /// # Errors
    /// Those of [`Registry::rename_inside`] and [`Registry::limit_inside`].
    pub(crate) fn carry_out_inside(
        &self,
        registry: &Registry,
        outer: &Record,
    ) -> Result<(), Error> {
        if self.name {
            registry.rename_inside(outer)?;
        }
        if self.children { registry.limit_inside(outer) } else { Ok(()) }
    }

    /// Refuses, before anything is written, what the kernel would not take.
    ///
    /// # Errors
    /// [`Error::Call`]: a name is too long.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let is_long = |name: &Option<OsString>| name.as_ref().is_some_and(|it| it.len() > LONGEST);
        for (name, parameter) in
            [(&self.names.host, "host.hostname"), (&self.names.domain, "host.domainname")]
        {
            if is_long(name) {
                return Err(io::Error::from_raw_os_error(libc::EINVAL)).calling(parameter);
            }
        }
        Ok(())
    }

    /// Carries all parts out on the prison of `record`, whose init is behind `pidfd`. Where one
    /// fails, the prison is as it was.
    ///
    /// # Errors
    /// [`Error::Died`]; [`Error::NoProcessLimit`]; [`Error::NoAddressRules`]; those of
    /// [`Told::show`].
    pub(crate) fn carry_out(&self, record: &Record, pidfd: BorrowedFd<'_>) -> Result<(), Error> {
        let (init, cgroup) = (record.init.ok_or(Error::Died)?, record.cgroup.as_deref());
        let before = self.names.set_in(pidfd)?;
        let limited = self.processes.map(|most| limit(cgroup, most)).transpose();
        let done = limited.and_then(|limited| {
            let told = [(Told::Env, &self.env), (Told::Securelevel, &self.securelevel)];
            let mut told = told.into_iter().filter_map(|(told, text)| Some((told, text.as_ref()?)));
            let shown = told.try_for_each(|(told, text)| told.show(init, text));
            let held = shown.and_then(|()| match &self.addresses {
                Some(before) => shared::change(record, pidfd, before),
                None => Ok(()),
            });
            let held = held.and_then(|()| match self.permissions {
                true => shared::permit(record),
                false => Ok(()),
            });
            let mounts = held.and_then(|()| match self.file_systems {
                true => mediate::permit(record, pidfd),
                false => Ok(()),
            });
            let mounts = mounts.and_then(|()| match self.privileges {
                true => Privileges::of(record.rights).tell(pidfd),
                false => Ok(()),
            });
            mounts.inspect_err(|_| drop(limited.flatten().map(|before| limit(cgroup, before))))
        });
        if let Err(error) = done {
            // These names were the kernel's own a moment ago.
            let _ = before.set_in(pidfd);
            return Err(error);
        }
        if self.name {
            // Where Yama forbids it, ps(1) shows the old name.
            let _ = title::tell(pidfd, &record.name);
        }
        // Last, as init may end by that. Init is asked, not the record: it alone decides whether
        // the prison ends.
        match self.persist {
            None => Ok(()),
            Some(persist) => signal::send(pidfd, if persist { PERSIST } else { TRANSIENT })
                .map_err(|_| Error::Died),
        }
    }

    /// The keys and values by which a record keeps this.
    pub(crate) fn lines(&self) -> Vec<(&'static str, Cow<'_, [u8]>)> {
        let text = |text: String| Cow::Owned(text.into_bytes());
        let name = |name: &'_ OsString| Cow::Owned(name.as_bytes().to_vec());
        let lines = [
            ("pending.hostname", self.names.host.as_ref().map(name)),
            ("pending.domainname", self.names.domain.as_ref().map(name)),
            ("pending.env", self.env.as_deref().map(Cow::Borrowed)),
            ("pending.securelevel", self.securelevel.as_deref().map(Cow::Borrowed)),
            ("pending.processes", self.processes.map(|most| text(most.to_string()))),
            ("pending.addresses", self.addresses.as_ref().map(|it| text(it.to_string()))),
            ("pending.permissions", self.permissions.then(|| text("true".to_owned()))),
            ("pending.file_systems", self.file_systems.then(|| text("true".to_owned()))),
            ("pending.privileges", self.privileges.then(|| text("true".to_owned()))),
            ("pending.name", self.name.then(|| text("true".to_owned()))),
            ("pending.children", self.children.then(|| text("true".to_owned()))),
            ("pending.persist", self.persist.map(|persist| text(persist.to_string()))),
        ];
        lines.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    /// Takes what a record keeps behind `pending.`; `None`: there is no such key or value.
    pub(crate) fn take(&mut self, key: &str, value: &[u8]) -> Option<()> {
        match (key, value) {
            ("hostname", name) => self.names.host = Some(OsStr::from_bytes(name).to_owned()),
            ("domainname", name) => self.names.domain = Some(OsStr::from_bytes(name).to_owned()),
            ("env", text) => self.env = Some(text.to_owned()),
            ("securelevel", text) => self.securelevel = Some(text.to_owned()),
            ("processes", most) => {
                self.processes = Some(std::str::from_utf8(most).ok()?.parse().ok()?);
            }
            ("addresses", list) => {
                self.addresses = Some(Addresses::parse(std::str::from_utf8(list).ok()?)?);
            }
            ("permissions", b"true") => self.permissions = true,
            ("file_systems", b"true") => self.file_systems = true,
            ("privileges", b"true") => self.privileges = true,
            ("name", b"true") => self.name = true,
            ("children", b"true") => self.children = true,
            ("persist", b"true") => self.persist = Some(true),
            ("persist", b"false") => self.persist = Some(false),
            _ => return None,
        }
        Some(())
    }
}

/// Lets the prison of `cgroup` have at most this many processes and threads; 0 is no limit. Answers
/// the limit of before, where that is known.
fn limit(cgroup: Option<&Path>, most: u32) -> Result<Option<u32>, Error> {
    let before = cgroup.and_then(pids::current);
    match cgroup.map_or(Ok(false), |cgroup| pids::limit(cgroup, most)).calling("pids.max")? {
        false if most > 0 => Err(Error::NoProcessLimit),
        _ => Ok(before),
    }
}

impl Names {
    /// Sets these names where the process behind `pidfd` lives. Answers those of before.
    fn set_in(&self, pidfd: BorrowedFd<'_>) -> Result<Self, Error> {
        if *self == Self::default() {
            return Ok(Self::default());
        }
        let names = namespace::of_process(pidfd, Namespace::Uts).map_err(|_| Error::Died)?;
        let uts = LinkNameSpaceType::HostNameAndNISDomainName;
        within(names.as_fd(), "uts", uts, || self.exchange())?.calling("host.hostname")
    }

    /// Sets all or none. Answers the names of before.
    fn exchange(&self) -> io::Result<Self> {
        let now = uname();
        let text = |name: &[u8]| OsString::from_vec(name.to_vec());
        let before = Self {
            host: self.host.as_ref().map(|_| text(now.nodename().to_bytes())),
            domain: self.domain.as_ref().map(|_| text(now.domainname().to_bytes())),
        };
        self.set().inspect_err(|_| drop(before.set()))?;
        Ok(before)
    }

    fn set(&self) -> io::Result<()> {
        if let Some(name) = &self.host {
            sethostname(name.as_bytes())?;
        }
        if let Some(name) = &self.domain {
            setdomainname(name.as_bytes())?;
        }
        Ok(())
    }
}
