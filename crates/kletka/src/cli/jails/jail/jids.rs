//! `jail -J FILE`: writes a line for each jail that runs in the end, with the jid and the
//! parameters between tabs, as FreeBSD's `print_jail()` does.

use super::options::Options;
use jailparam::{Parameter, param};
use lifecycle::Refusal;
use prison::Record;
use std::fs::File;
use std::io::{self, Write};

/// The file of `-J`, if one was asked for.
#[derive(Default)]
pub(super) struct JidFile {
    file: Option<File>,
    /// Whether the jail was described by the four words of FreeBSD 4. Its line then has the same
    /// form.
    old_form: bool,
}

impl JidFile {
    /// Opens the file that the options name. A plan writes none.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(super) fn open(options: &Options) -> Result<Self, Refusal> {
        // A plan makes no file.
        let wanted = options.jid_file.as_ref().filter(|_| options.plan.is_none());
        let Some(path) = wanted else { return Ok(Self::default()) };
        let failed = |error| Refusal::Open(path.clone(), error);
        Ok(Self { file: Some(File::create(path).map_err(failed)?), old_form: options.old_form })
    }

    /// Writes the line of a jail that has these parameters and this record.
    ///
    /// # Errors
    /// Those of write(2).
    pub(super) fn write(
        &mut self,
        given: Option<&jailconf::Jail>,
        record: &Record,
    ) -> io::Result<()> {
        let (Some(file), Some(given)) = (&mut self.file, given) else { return Ok(()) };
        let mut line = if self.old_form {
            [record.jid.to_string().into_bytes(), old_fields(given)].join(&b'\t')
        } else {
            [format!("jid={}", record.jid).into_bytes(), given.to_line(b"\t")].join(&b'\t')
        };
        line.push(b'\n');
        file.write_all(&line)
    }
}

/// Answers path, host name, addresses and command between tabs.
fn old_fields(given: &jailconf::Jail) -> Vec<u8> {
    let values = |wanted: &[&Parameter], separator: &[u8]| {
        let named = |one: &&jailconf::Parameter| {
            wanted.iter().any(|parameter| parameter.is_called(&one.name))
        };
        let parameters = given.parameters.iter().filter(named);
        parameters.flat_map(|one| one.values.clone()).collect::<Vec<_>>().join(separator)
    };
    let path = values(&[&param::PATH], b",");
    let hostname = values(&[&param::HOST_HOSTNAME], b",");
    let addresses = values(&[&param::IP4_ADDR, &param::IP6_ADDR], b",");
    [path, hostname, addresses, values(&[&param::COMMAND], b" ")].join(&b'\t')
}
