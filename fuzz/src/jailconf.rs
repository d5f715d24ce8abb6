//! jail.conf(5): reading, expanding, formatting and editing.

use std::io;
use std::path::{Path, PathBuf};

use jailconf::{Config, Document, Expansion, Jail, Loader, format, wildcard_matches};

const FILE: &str = "jail.conf";

/// A file and the one that it includes. The text of the latter, whatever its name is, is behind a
/// line of three dashes.
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

/// Reads a file with its includes, and expands every jail: [`Config`].
///
/// A jail that is expanded alone is the same as among the others, `jail -e` can print it, and every
/// fault has a message.
pub fn jail_conf(bytes: &[u8]) {
    let config = match Config::load(&Files::new(bytes), Path::new(FILE)) {
        Ok(config) => config,
        Err(faults) => return all_speak(&faults),
    };
    let mut known: Vec<Jail> = Vec::new();
    for Expansion { jail, faults } in config.expand_all() {
        all_speak_or_none(&faults);
        let _ = jail.to_line(b" ");
        // Expanding a jail alone reads all sections again: a few are enough. Of one name, `expand`
        // has the first only.
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

/// Checks the configuration as a whole, on a host that has everything.
fn check_of_all(config: &Config) {
    let names: Vec<Vec<u8>> = config.jails().map(<[u8]>::to_vec).collect();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let _ = configuration::check(config, &names, &configuration::Anything);
}

/// Formats a file and edits it: [`format`](fn@format), [`Document`].
///
/// The first line of the bytes is the name of a parameter, the second is its value.
///
/// A file does not change before it is edited. Its layout has the same meaning and is its own
/// layout. A jail that is added is there; a parameter that is set has its value, and is gone when
/// it is removed.
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

/// The jail has the value that was set, unless a wildcard section sets another one, or the name
/// cannot be set.
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

/// A layout has the same meaning as the text, and is its own layout.
fn layout(text: &[u8]) {
    let Ok(formatted) = format(Path::new(FILE), text) else { return };
    assert_eq!(format(Path::new(FILE), &formatted).ok().as_ref(), Some(&formatted));
    let said = |text: &[u8]| {
        let config = Config::parse(Path::new(FILE), text).ok()?;
        Some(config.expand_all().map(|it| it.jail.to_line(b"\0")).collect::<Vec<_>>())
    };
    assert_eq!(said(text), said(&formatted), "{}", String::from_utf8_lossy(&formatted));
}

/// There are faults, and each has a message.
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
