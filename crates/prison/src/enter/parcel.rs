//! A command as bytes, for a process that has no memory in common with the caller: the parcel that
//! init's child unpacks.
//!
//! A parcel is a list of texts, each with its length before it. Caller and init may be of different
//! versions of kletka: the first text names the form, and a form that is not known is refused. The
//! command's streams go another way, as descriptors.

use crate::confine::rights::Rights;
use crate::confine::user::User;
use crate::enter::process::{Command, Identity};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The form that is written here. It changes with every change of what follows.
const FORM: &[u8] = b"1";

/// What is packed: a command, and the rights with which the command is to run.
pub(crate) struct Parcel<'a> {
    pub(crate) command: &'a Command,
    pub(crate) rights: Rights,
}

/// What has been unpacked.
#[derive(Debug)]
pub(crate) struct Unpacked {
    pub(crate) command: Command,
    pub(crate) rights: Rights,
}

impl Parcel<'_> {
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut parcel = Writer(Vec::new());
        parcel.text(FORM);
        parcel.list(self.rights.words().map(OsStr::new));
        parcel.list(self.command.arguments.iter().map(OsString::as_os_str));
        parcel.pairs(&self.command.environment);
        parcel.pairs(&self.command.additions);
        parcel.list(self.command.directory.as_deref());
        parcel.list(self.command.path_prefix.as_deref());
        let flags =
            [self.command.login, self.command.clean, self.command.shell, self.command.background];
        parcel.text(&flags.map(u8::from));
        match &self.command.identity {
            Identity::Root => parcel.text(b"root"),
            Identity::Host(user) => {
                parcel.text(b"host");
                parcel.user(user);
            }
            Identity::Jail(name) => {
                parcel.text(b"jail");
                parcel.text(name.as_bytes());
            }
        }
        parcel.0
    }
}

/// Unpacks what [`Parcel::pack`] has packed; `None`: the form is another program's.
pub(crate) fn unpack(parcel: &[u8]) -> Option<Unpacked> {
    let mut parcel = Reader(parcel);
    (parcel.text()? == FORM).then_some(())?;
    let mut rights = Rights::NONE;
    for word in parcel.list()? {
        rights.grant(word.to_str()?).then_some(())?;
    }
    let mut command = Command {
        arguments: parcel.list()?,
        environment: parcel.pairs()?,
        additions: parcel.pairs()?,
        directory: parcel.list()?.pop(),
        path_prefix: parcel.list()?.pop(),
        ..Command::default()
    };
    let flags: [u8; 4] = parcel.text()?.try_into().ok()?;
    let [login, clean, shell, background] = flags.map(|flag| flag == 1);
    command = Command { login, clean, shell, background, ..command };
    command.identity = match parcel.text()? {
        b"root" => Identity::Root,
        b"host" => Identity::Host(parcel.user()?),
        b"jail" => Identity::Jail(OsStr::from_bytes(parcel.text()?).to_owned()),
        _ => return None,
    };
    Some(Unpacked { command, rights })
}

/// A parcel that is being packed.
struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u32) {
        self.0.extend(number.to_ne_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.number(text.len() as u32);
        self.0.extend(text);
    }

    fn list<'a>(&mut self, texts: impl IntoIterator<Item = &'a OsStr>) {
        let texts: Vec<&OsStr> = texts.into_iter().collect();
        self.number(texts.len() as u32);
        texts.into_iter().for_each(|text| self.text(text.as_bytes()));
    }

    fn pairs(&mut self, pairs: &[(OsString, OsString)]) {
        self.list(pairs.iter().flat_map(|(name, value)| [name.as_os_str(), value.as_os_str()]));
    }

    fn user(&mut self, user: &User) {
        self.list([user.name.as_os_str(), user.home.as_os_str(), user.shell.as_os_str()]);
        self.number(user.uid);
        self.number(user.gid);
        self.number(user.groups.len() as u32);
        user.groups.iter().for_each(|&group| self.number(group));
    }
}

/// What is left of a parcel that is being unpacked.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_ne_bytes(*number))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()? as usize;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn list(&mut self) -> Option<Vec<OsString>> {
        let count = self.number()?;
        let text = |_| self.text().map(|text| OsString::from_vec(text.to_vec()));
        (0..count).map(text).collect()
    }

    fn pairs(&mut self) -> Option<Vec<(OsString, OsString)>> {
        let texts = self.list()?;
        let pair = |pair: &[OsString]| Some((pair.first()?.clone(), pair.get(1)?.clone()));
        texts.chunks(2).map(pair).collect()
    }

    fn user(&mut self) -> Option<User> {
        let [name, home, shell] = self.list()?.try_into().ok()?;
        let (uid, gid, count) = (self.number()?, self.number()?, self.number()?);
        let groups = (0..count).map(|_| self.number()).collect::<Option<_>>()?;
        Some(User { name, uid, gid, groups, home: home.into(), shell: shell.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::{Allow, Permission};

    fn commands() -> [Command; 3] {
        let pair = |name: &str, value: &str| (name.into(), value.into());
        let user = User { groups: vec![7, 8], ..User::by_uid(0).unwrap() };
        [
            Command::default(),
            Command {
                arguments: vec!["sh".into(), "-c".into(), OsString::from_vec(vec![0xff, b'\n'])],
                environment: vec![pair("PATH", "/bin"), pair("EMPTY", "")],
                additions: vec![pair("A", "1")],
                directory: Some("/tmp".into()),
                path_prefix: Some("/run/kletka/jail".into()),
                identity: Identity::Host(user),
                login: true,
                shell: true,
                ..Command::default()
            },
            Command {
                identity: Identity::Jail("www".into()),
                clean: true,
                background: true,
                ..Command::default()
            },
        ]
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let allow = Allow::of(|permission| permission == Permission::RawSockets);
        let rights = Rights { allow, own_network: true, ..Rights::NONE };
        for command in commands() {
            let parcel = Parcel { command: &command, rights }.pack();
            let got = unpack(&parcel).unwrap();
            assert_eq!(format!("{:?}", got.command), format!("{command:?}"));
            assert_eq!(got.rights, rights);
            for length in 0..parcel.len() {
                assert!(unpack(&parcel[..length]).is_none(), "{length}");
            }
        }
    }

    #[test]
    fn another_form_is_refused() {
        let command = &Command::default();
        let mut parcel = Parcel { command, rights: Rights::NONE }.pack();
        parcel[4] = b'0';
        assert!(unpack(&parcel).is_none());
    }
}
