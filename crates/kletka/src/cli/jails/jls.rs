//! jls(8): lists jails, in columns or as parameters, as text or in libxo's forms.
//!
//! Columns, their widths and the names of fields are those of FreeBSD's `jls.c`. The list comes
//! from the registry alone: a thousand jails take as long as reading a thousand small files.
//! [`diff`] is `--diff`, which FreeBSD does not have.

mod diff;
mod parameters;

use crate::cli::answer::{self, fail, not_found};
use crate::cli::grammar::jails::JLS;
use crate::cli::help::usage;
use jailparam::param;
use lifecycle::recorded;
use parameters::{Column, Form};
use prison::{Record, Registry};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use xo::{Style, Value, Writer};

/// What FreeBSD's `jls --libxo-check` answers: XO_HAS_LIBXO.
const HAS_LIBXO: u8 = 121;

/// The version of this output in the releases of FreeBSD up to 15.0: the `__version` of JSON and
/// XML.
const VERSION: &str = "2";

/// The longest name of a jail: FreeBSD's MAXHOSTNAMELEN.
const NAME: usize = 255;

/// Why nothing is listed.
enum Wrong {
    Usage,
    Line(String),
    /// `--libxo-check`.
    Check,
}

impl From<xo::Error> for Wrong {
    fn from(error: xo::Error) -> Self {
        match error {
            xo::Error::Check => Self::Check,
            other => Self::Line(other.to_string()),
        }
    }
}

/// Runs jls(8).
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    // Looked for before all other options: it has a command line and exit statuses of its own.
    if let [first, rest @ ..] = arguments.as_slice()
        && first == "--diff"
    {
        return diff::run(rest);
    }
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(Wrong::Line(line)) => return fail("jls", line),
        Err(Wrong::Check) => return ExitCode::from(HAS_LIBXO),
        Err(Wrong::Usage) => return usage(&JLS),
    };
    if options.check {
        // -c prints nothing, also no error.
        let found =
            Registry::open_to_list().ok().and_then(|registry| options.records(&registry).ok());
        return if found.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match options.print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => fail("jls", line),
    }
}

/// Carries out `jls -N`. Answers whether all went well.
pub(crate) fn by_name() -> bool {
    let done = Options { name: true, ..Options::default() }.print();
    done.inspect_err(|line| complain!("jls: {line}")).is_ok()
}

#[derive(Default)]
struct Options {
    /// Only this jail, by jid or name: `-j`.
    jail: Option<String>,
    /// `-c`: nothing is printed, and the exit status says whether the jail is there.
    check: bool,
    /// A line of column names: `-h`.
    header: bool,
    /// The name in place of the jid: `-N`.
    name: bool,
    /// `name=value`: `-n`.
    assignments: bool,
    /// Quotes around values with spaces: `-q`.
    quotes: bool,
    /// Only parameters that jail(8) takes: `-s`.
    settable: bool,
    /// Several lines a jail: `-v`.
    verbose: bool,
    parameters: Vec<String>,
    xo: xo::Options,
}

impl Options {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Wrong> {
        use lexopt::prelude::*;
        let warn = &mut |warning: &str| complain!("jls: {warning}");
        // libxo's options are taken out first, wherever they stand: xo_parse_args(3) does that
        // before getopt(3) begins.
        let (xo, arguments) = xo::Options::take_from(arguments, warn)?;
        let mut options = Self { xo, ..Self::default() };
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|_| Wrong::Usage)? {
            match argument {
                // FreeBSD lists jails that are dying. Here no jail stays in that state.
                Short('d' | 'a') => {}
                Short('c') => options.check = true,
                // As in FreeBSD's jls.c, -h, -n, -s and -v take back what those before them have
                // set.
                Short('h') => {
                    options.header = true;
                    options.verbose = false;
                    options.settable = false;
                }
                Short('j') => {
                    let jail = parser.value().map_err(|_| Wrong::Usage)?;
                    options.jail = Some(jail.to_string_lossy().into_owned());
                }
                Short('N') => options.name = true,
                Short('n') => {
                    options.assignments = true;
                    options.verbose = false;
                }
                Short('q') => options.quotes = true,
                Short('s') => {
                    (options.assignments, options.quotes, options.settable) = (true, true, true);
                    (options.header, options.verbose) = (false, false);
                }
                Short('v') => {
                    options.verbose = true;
                    (options.header, options.assignments, options.settable) = (false, false, false);
                }
                Value(first) => {
                    let mut words = vec![first];
                    // As with getopt(3), nothing after the first word is an option.
                    words.extend(parser.raw_args().map_err(|_| Wrong::Usage)?);
                    let words = words.iter().map(|word| word.to_string_lossy().into_owned());
                    options.parameters = words.collect();
                }
                Short(_) | Long(_) => return Err(Wrong::Usage),
            }
        }
        options.checked()
    }

    /// Refuses `-c` without `-j`, or with an option that prints.
    fn checked(self) -> Result<Self, Wrong> {
        let prints = self.header || self.name || self.assignments || self.quotes || self.verbose;
        let prints = prints || !self.parameters.is_empty() || self.xo.style() != Style::Text;
        if self.check && (prints || self.jail.is_none()) {
            return Err(Wrong::Usage);
        }
        Ok(self)
    }

    fn records(&self, registry: &Registry) -> Result<Vec<Record>, String> {
        match &self.jail {
            None => registry.prisons().map_err(|error| error.to_string()),
            Some(jail) => {
                let found = registry.find(jail).map_err(|error| error.to_string())?;
                Ok(vec![found.ok_or_else(|| not_found(jail))?])
            }
        }
    }

    fn print(&self) -> Result<(), String> {
        let mut xo = Writer::new(self.xo, VERSION);
        let listed = self.list(&mut xo);
        answer::print(xo.finish());
        listed
    }

    fn list(&self, xo: &mut Writer) -> Result<(), String> {
        let in_columns = self.parameters.is_empty() && !self.assignments && !self.header;
        // Opened before the headings are written: a caller who may not list jails sees the error
        // alone.
        let registry = Registry::open_to_list().map_err(|error| error.to_string())?;
        let columns = if in_columns { Vec::new() } else { self.columns()? };
        if in_columns && self.verbose {
            verbose_header(xo);
        } else if in_columns {
            self.default_header(xo);
        } else if self.header {
            parameters::header(xo, &columns);
        }
        xo.open_container("jail-information");
        xo.open_list("jail");
        for record in &self.records(&registry)? {
            xo.open_instance("jail");
            if in_columns && self.verbose {
                verbose_row(xo, record);
            } else if in_columns {
                self.default_row(xo, record);
            } else {
                self.parameter_row(xo, record, &columns)?;
            }
            xo.close();
        }
        // A record that cannot be read is reported behind the list: it must not hide the other
        // jails.
        let broken = if self.jail.is_none() { registry.broken() } else { Vec::new() };
        if self.jail.is_none() {
            // No jail is missing from the list for that: no error.
            registry.junk().iter().for_each(|junk| complain!("jls: {junk}"));
        }
        let said: Vec<_> = broken.iter().map(ToString::to_string).collect();
        if said.is_empty() { Ok(()) } else { Err(said.join("\njls: ")) }
    }

    fn default_header(&self, xo: &mut Writer) {
        if self.name {
            for title in
                ["JID            ", "IP Address     ", "Hostname                     ", "Path"]
            {
                xo.padding(" ");
                xo.title(title);
            }
        } else {
            xo.title("   JID");
            xo.padding("  ");
            xo.title("IP Address");
            xo.padding(&" ".repeat(6));
            xo.title("Hostname");
            xo.padding(&" ".repeat(22));
            xo.title("Path");
        }
        xo.end_line();
    }

    fn default_row(&self, xo: &mut Writer, record: &Record) {
        if self.name {
            xo.padding(" ");
            let name = record.name.as_bytes();
            xo.field("name", &wide(name, 15, NAME), Value::Text(name));
            xo.padding(" ");
        } else {
            jid(xo, record);
            xo.padding("  ");
        }
        let address = record.parameter(param::IP4_ADDR.name).unwrap_or_default();
        let address = address.split(|&byte| byte == b',').next().unwrap_or_default();
        xo.field("ipv4", &wide(address, 15, 15), Value::Text(address));
        xo.padding(" ");
        hostname_and_path(xo, record);
    }

    /// The parameters to print: those named, or all.
    fn columns(&self) -> Result<Vec<Column>, String> {
        let all = ["all".to_owned()];
        let names = if self.parameters.is_empty() { &all[..] } else { &self.parameters };
        let mut columns: Vec<Column> = Vec::new();
        for name in names {
            let found = if name == "all" { parameters::all() } else { vec![Column::find(name)?] };
            for column in found {
                // A parameter that is named twice, or by `all` as well, has one column.
                if columns.iter().all(|earlier| earlier.name != column.name) {
                    columns.push(column);
                }
            }
        }
        Ok(columns)
    }

    fn parameter_row(
        &self,
        xo: &mut Writer,
        record: &Record,
        columns: &[Column],
    ) -> Result<(), String> {
        let set = recorded::read(record).map_err(|error| error.to_string())?;
        // A value in a line of assignments stands within that line; and what a jail has written of
        // the jails inside it may not look like a line of this list.
        let lines = !self.assignments && !record.is_inside();
        let form = Form { assignments: self.assignments, quotes: self.quotes, lines };
        let mut first = true;
        for column in columns.iter().filter(|column| !self.settable || column.is_settable(&set)) {
            let value = column.value(&set);
            if self.assignments && value.is_none() && column.needs_value() {
                continue;
            }
            if !std::mem::replace(&mut first, false) {
                xo.padding(" ");
            }
            column.print(xo, value, form);
        }
        // Not with -s, whose line jail(8) is to take, nor where parameters were named.
        if self.assignments && !self.settable && self.parameters.is_empty() {
            for line in parameters::unknown(record) {
                xo.padding(" ");
                xo.display(None, &line);
            }
        }
        xo.padding("\n");
        Ok(())
    }
}

fn verbose_header(xo: &mut Writer) {
    let margin = " ".repeat(8);
    xo.title("   ");
    xo.title("JID");
    xo.padding("  ");
    xo.title("Hostname");
    xo.padding(&" ".repeat(22));
    xo.title("Path");
    xo.end_line();
    xo.padding(&margin);
    xo.title("Name");
    xo.padding(&" ".repeat(26));
    xo.title("State");
    xo.end_line();
    for title in ["CPUSetID", "IP Address(es)"] {
        xo.padding(&margin);
        xo.title(title);
        xo.end_line();
    }
}

fn verbose_row(xo: &mut Writer, record: &Record) {
    jid(xo, record);
    xo.padding("  ");
    hostname_and_path(xo, record);
    xo.padding("        ");
    let name = record.name.as_bytes();
    xo.field("name", &wide(name, 29, 29), Value::Text(name));
    xo.padding(" ");
    // A prison that is being removed is no longer in the registry, so all are active.
    xo.field("state", b"ACTIVE", Value::Text(b"ACTIVE"));
    xo.end_line();
    xo.padding("        ");
    // A control group has no number of its own, so the field shows the jid.
    let cpuset = record.jid.to_string();
    xo.field("cpusetid", cpuset.as_bytes(), Value::Bare(&cpuset));
    xo.end_line();
    for (list, parameter) in [("ipv4_addrs", param::IP4_ADDR), ("ipv6_addrs", param::IP6_ADDR)] {
        let addresses = record.parameter(parameter.name).unwrap_or_default();
        let addresses = addresses.split(|&byte| byte == b',').filter(|address| !address.is_empty());
        parameters::addresses(xo, list, addresses);
    }
}

fn jid(xo: &mut Writer, record: &Record) {
    let jid = record.jid.to_string();
    xo.field("jid", format!("{jid:>6}").as_bytes(), Value::Bare(&jid));
}

/// Writes the last two columns of both listings, and the end of the line.
fn hostname_and_path(xo: &mut Writer, record: &Record) {
    let hostname = record.parameter(param::HOST_HOSTNAME.name).unwrap_or_default();
    xo.field("hostname", &wide(hostname, 29, 29), Value::Text(hostname));
    xo.padding(" ");
    let path = record.path.as_os_str().as_bytes();
    xo.field("path", &wide(path, 0, 74), Value::Text(path));
    xo.end_line();
}

/// Writes `text`, as it is shown, in a column of at least `least` and at most `most` characters, as
/// printf(3)'s `%-LEAST.MOSTs` does.
fn wide(text: &[u8], least: usize, most: usize) -> Vec<u8> {
    let text = vis::text(text);
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    let count = text.chars().count().min(most);
    let mut bytes = Vec::with_capacity(end + least.saturating_sub(count));
    bytes.extend_from_slice(&text.as_bytes()[..end]);
    bytes.resize(bytes.len() + least.saturating_sub(count), b' ');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn columns_count_characters() {
        // What `%-LEAST.MOSTs` makes of it.
        for (text, least, most, want) in [
            (&b"abc"[..],          5,  9, &b"abc  "[..]),
            (b"abcdef",            2,  4, b"abcd"),
            (b"",                  2,  4, b"  "),
            ("\u{e4}b\u{df}".as_bytes(), 4, 9, "\u{e4}b\u{df} ".as_bytes()),
            ("\u{e4}b\u{df}".as_bytes(), 1, 2, "\u{e4}b".as_bytes()),
            // A column counts what is shown.
            (b"\xe4b\xdf",         9, 10, b"\\344b\\337"),
            (b"a\x1b[2J",          9, 74, b"a\\033[2J "),
        ] {
            assert_eq!(wide(text, least, most), want, "{}", text.escape_ascii());
        }
    }
}
