//! jail.conf(5): reading, expanding, laying out and editing.

use std::io;
use std::path::{Path, PathBuf};

use jailconf::{Config, Document, Expansion, Jail, Loader, format, wildcard_matches};

const FILE: &str = "jail.conf";

/// A file and what it includes: whatever the name, what stands behind a line of three dashes.
struct Files<'t> {
    main: &'t [u8],
    included: &'t [u8],
}

impl<'t> Files<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        const DASHES: &[u8] = b"\n---\n";
        match bytes.windows(DASHES.len()).position(|window| window == DASHES) {
            Some(at) => Self { main: &bytes[..at], included: &bytes[at + DASHES.len()..] },
            None => Self { main: bytes, included: b"" },
        }
    }
}

impl Loader for Files<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(if path == Path::new(FILE) { self.main } else { self.included }.to_vec())
    }

    fn glob(&self, pattern: &[u8]) -> io::Result<Vec<PathBuf>> {
        Ok(vec![crate::path(pattern).to_owned()])
    }
}

/// Reads a file and what it includes, and expands every jail: [`Config`].
///
/// A jail is the same alone as among the others, what `jail -e` prints of it has a line's worth of
/// text, and every fault has something to say.
pub fn jail_conf(bytes: &[u8]) {
    let config = match Config::load(&Files::new(bytes), Path::new(FILE)) {
        Ok(config) => config,
        Err(faults) => return all_speak(&faults),
    };
    let mut known: Vec<Jail> = Vec::new();
    for Expansion { jail, faults } in config.expand_all() {
        all_speak_or_none(&faults);
        let _ = jail.to_line(b" ");
        if known.len() > 8 || known.iter().any(|other| other.name == jail.name) {
            continue;
        }
        assert!(config.has(&jail.name));
        match config.expand(&jail.name) {
            Ok(alone) => assert_eq!(alone, jail),
            Err(alone) => assert_eq!(alone, faults),
        }
        known.push(jail);
    }
    check_of_all(&config);
}

/// The check of a configuration as a whole, on a host that has everything.
fn check_of_all(config: &Config) {
    let names: Vec<Vec<u8>> = config.jails().map(<[u8]>::to_vec).collect();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let _ = configuration::check(config, &names, &configuration::Anything);
}

/// Lays out a file and edits it: [`format`](fn@format), [`Document`].
///
/// The first line of the bytes is a parameter's name, the second its value.
///
/// A file is as it was until it is edited; its layout says the same and is its own layout; a jail
/// that is added is there, a parameter that is set has its value and is not there any
/// more when it is removed.
pub fn jail_conf_edit(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |&byte| byte == b'\n');
    let (Some(name), Some(value), Some(text)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let mut document = match Document::new(Path::new(FILE), text) {
        Ok(document) => document,
        Err(faults) => return all_speak(&faults),
    };
    assert_eq!(document.text(), text);
    layout(text);
    let jail = b"fuzz.added";
    if document.add_jail(jail).is_err() || document.set(jail, name, &[value]).is_err() {
        return;
    }
    let edited = document.text().to_vec();
    layout(&edited);
    if let Ok(config) = Config::parse(Path::new(FILE), &edited) {
        is_given(&config, jail, name, value);
    }
    assert_eq!(document.set(jail, name, &[value]).ok(), Some(()));
    assert_eq!(document.text(), edited, "the same again");
    assert_eq!(document.remove(jail, name).ok(), Some(true));
    assert_eq!(document.remove(jail, name).ok(), Some(false));
    if document.rename_jail(jail, b"fuzz.renamed").is_ok() {
        assert_eq!(document.remove_jail(b"fuzz.renamed").ok(), Some(()));
    }
    for name in [b"a", b"b"] {
        let _ = document.set(name, b"x", &[value]);
        let _ = document.append(name, b"x", &[value]);
        let _ = document.remove(name, b"y");
        let _ = document.remove_jail(name);
    }
}

/// What was set is what the jail has, unless a wildcard section sets it too, or it cannot be set.
fn is_given(config: &Config, jail: &[u8], name: &[u8], value: &[u8]) {
    let Ok(expanded) = config.expand(jail) else { return };
    let matches = |name: &[u8]| jailconf::is_wildcard(name) && wildcard_matches(name, jail);
    assert!(!config.jails().any(matches), "a pattern is no jail");
    if name.starts_with(b"$") || name == b".include" {
        return;
    }
    let given = expanded.parameters.iter().find(|given| given.name == name);
    let values = given.map(|given| &given.values).into_iter().flatten();
    assert!(values.into_iter().any(|given| given == value), "{expanded:?}");
}

/// A layout says the same as the text, and is its own.
fn layout(text: &[u8]) {
    let Ok(formatted) = format(Path::new(FILE), text) else { return };
    assert_eq!(format(Path::new(FILE), &formatted).ok().as_ref(), Some(&formatted));
    let said = |text: &[u8]| {
        let config = Config::parse(Path::new(FILE), text).ok()?;
        Some(config.expand_all().map(|it| it.jail.to_line(b"\0")).collect::<Vec<_>>())
    };
    assert_eq!(said(text), said(&formatted), "{}", String::from_utf8_lossy(&formatted));
}

/// There are faults, and each says what it is.
fn all_speak(faults: &jailconf::Diagnostics) {
    assert!(!faults.is_empty());
    all_speak_or_none(faults);
}

fn all_speak_or_none(faults: &jailconf::Diagnostics) {
    for fault in faults {
        assert!(!fault.to_string().is_empty());
        let excerpt = fault.excerpt();
        assert!(excerpt.is_empty() || excerpt.lines().count() == 2, "{excerpt:?}");
    }
}
