//! The names that are offered: from tables, and from this machine.
//!
//! What cannot be read has no names: a completion has no place for an error.

use crate::cli::applet::Applet;
use crate::cli::host::mount;
use crate::cli::page::FURTHER;
use conffile::Tree;
use jailconf::{Files, Loader};
use jailparam::{Access, CATALOGUE, Kind, Parameter, Support, param};
use lifecycle::run::{rulesets as load_rulesets, sources};
use prison::Registry;
use rc::{Selection, Settings};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A word, and what it does.
pub(super) struct Name {
    pub(super) word: String,
    pub(super) about: &'static str,
}

impl Name {
    pub(super) fn new(word: &str, about: &'static str) -> Self {
        Self { word: word.to_owned(), about }
    }
}

/// Words of which nothing is said.
pub(super) fn plain<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> Vec<Name> {
    words.into_iter().map(|word| Name::new(word.as_ref(), "")).collect()
}

/// The jails that jail.conf(5) describes, and those after which a file is called.
pub(super) fn configured() -> Vec<Name> {
    let mut names = BTreeSet::new();
    if let Ok(config) = sources::load(Path::new(sources::FILE)) {
        names.extend(config.expand_all().filter_map(|it| String::from_utf8(it.jail.name).ok()));
    }
    for pattern in rc::CONFIGURATION_FILES {
        let files = Files.glob(pattern.as_bytes()).unwrap_or_default();
        names.extend(files.iter().filter_map(|file| name_in(file, pattern)));
    }
    plain(names)
}

/// Answers what a file has in place of the `*` of a pattern.
fn name_in(file: &Path, pattern: &str) -> Option<String> {
    let (before, after) = pattern.split_once('*')?;
    let name = file.to_str()?.strip_prefix(before)?.strip_suffix(after)?;
    Some(name.to_owned())
}

/// The jails that run.
pub(super) fn running() -> Vec<Name> {
    let prisons =
        Registry::open_to_list().and_then(|registry| registry.prisons()).unwrap_or_default();
    plain(prisons.into_iter().map(|record| record.name))
}

/// The parameters that jail(8) takes, with `equals` where a value follows.
pub(super) fn parameters(equals: &str) -> Vec<Name> {
    let can_be_given = CATALOGUE.iter().filter(|parameter| {
        parameter.access != Access::ReadOnly && !matches!(parameter.support, Support::Refused(_))
    });
    let form = |parameter: &Parameter| {
        let equals = if parameter.kind == Kind::Bool { "" } else { equals };
        Name::new(&format!("{}{equals}", parameter.name), parameter.about)
    };
    can_be_given.map(form).collect()
}

/// The values of a parameter. `None`: any, such as a path.
pub(super) fn values(name: &str) -> Option<Vec<Name>> {
    let parameter = jailparam::find(name)?.parameter;
    if param::DEVFS_RULESET.is_called(name.as_bytes()) {
        return Some(rulesets());
    }
    if param::VNET_INTERFACE.is_called(name.as_bytes()) {
        return Some(interfaces());
    }
    if param::DEPEND.is_called(name.as_bytes()) {
        return Some(configured());
    }
    match parameter.kind {
        _ if !parameter.only.is_empty() => Some(plain(parameter.only)),
        Kind::Bool => Some(plain(["true", "false"])),
        Kind::Jailsys => Some(plain(["disable", "inherit", "new"])),
        Kind::Int(..) => Some(Vec::new()),
        Kind::Text(_) | Kind::List | Kind::Ip4List | Kind::Ip6List => None,
    }
}

/// The parameters that jls(8) shows.
pub(super) fn shown() -> Vec<Name> {
    jailparam::shown().map(|parameter| Name::new(parameter.name, parameter.about)).collect()
}

/// The variables of rc.conf(5).
pub(super) fn variables() -> Vec<Name> {
    let settings = Settings::load(&Tree::Host, &Selection::default());
    let names = settings.map(|settings| settings.names(true)).unwrap_or_default();
    plain(names.into_iter().filter_map(|name| String::from_utf8(name).ok()))
}

/// The names of sysctl(8).
pub(super) fn oids() -> Vec<Name> {
    sysctl::TABLE.iter().map(|oid| Name::new(oid.name, oid.about)).collect()
}

/// The interfaces of the host, by FreeBSD's names.
pub(super) fn interfaces() -> Vec<Name> {
    let found = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    let names = found.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> =
        names.map(|name| if name == "lo" { "lo0".to_owned() } else { name }).collect();
    names.sort_unstable();
    plain(names)
}

/// The numbers of the rulesets of devfs.rules(5).
pub(super) fn rulesets() -> Vec<Name> {
    match load_rulesets() {
        Ok(rulesets) => plain(rulesets.numbers().map(|number| number.to_string())),
        Err(_) => Vec::new(),
    }
}

/// The directories on which file systems are mounted.
pub(super) fn mounted() -> Vec<Name> {
    let mounted = mount::mounted().unwrap_or_default();
    plain(mounted.into_iter().filter_map(|mount| String::from_utf8(mount.target).ok()))
}

/// The names of applets and of manual pages.
pub(super) fn pages(applets: &[Applet]) -> Vec<Name> {
    let applets = applets.iter().map(|applet| Name::new(applet.name, applet.page.about()));
    let further = FURTHER.iter().map(|page| Name::new(page.title().0, page.about()));
    applets.chain(further).collect()
}
