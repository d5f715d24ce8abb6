//! The host's apt sources, as far as they carry one suite: sources.list(5), in both of its forms.
//!
//! A base comes from where the host gets its own packages: no mirror is named in this program. Only
//! sources of the distribution are taken: binary packages of the suite or its updates, component
//! `main`. A third party's repository needs keys that a new base lacks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The sources of one suite, in the form that mmdebstrap takes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    /// One-line form: `deb [options] uri suite component …`.
    pub(crate) lines: Vec<String>,
    /// deb822 form: stanzas separated by blank lines.
    pub(crate) stanzas: String,
}

impl Sources {
    /// Reads `sources.list` and `sources.list.d` in the directory `etc_apt`.
    ///
    /// # Errors
    /// The path and the error of an existing file or directory that cannot be read.
    pub(crate) fn read(etc_apt: &Path, suite: &str) -> Result<Self, (PathBuf, io::Error)> {
        let mut sources = Self::default();
        for path in files(etc_apt)? {
            let text = fs::read_to_string(&path).map_err(|error| (path.clone(), error))?;
            if path.extension().is_some_and(|extension| extension == "sources") {
                sources.add_stanzas(&text, suite);
            } else {
                sources.add_lines(&text, suite);
            }
        }
        Ok(sources)
    }

    /// Whether no source carries the suite.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.stanzas.is_empty()
    }

    /// Whether a source is fetched over TLS: the base then needs certificates to update itself.
    pub(crate) fn over_tls(&self) -> bool {
        self.stanzas.contains("https://") || self.lines.iter().any(|l| l.contains("https://"))
    }

    fn add_lines(&mut self, text: &str, suite: &str) {
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            // `deb-src` begins in the same way.
            let Some(rest) = line.strip_prefix("deb").filter(|r| r.starts_with([' ', '\t'])) else {
                continue;
            };
            let rest = rest.trim_start();
            let after_options = match rest.strip_prefix('[') {
                Some(options) => options.split_once(']').map_or("", |(_, after)| after),
                None => rest,
            };
            let mut words = after_options.split_whitespace();
            let uri = words.next().unwrap_or_default();
            let named = words.next().unwrap_or_default();
            // A disc is in the host's drive and not in the jail's.
            if !uri.starts_with("cdrom:") && is_of(named, suite) && words.any(|w| w == "main") {
                self.lines.push(format!("deb {rest}"));
            }
        }
    }

    fn add_stanzas(&mut self, text: &str, suite: &str) {
        let mut stanza = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')).chain([""]) {
            if !line.trim().is_empty() {
                stanza.push(line);
            } else if let Some(kept) = keep(&stanza, suite) {
                if !self.stanzas.is_empty() {
                    self.stanzas.push('\n');
                }
                self.stanzas.push_str(&kept);
                stanza.clear();
            } else {
                stanza.clear();
            }
        }
    }
}

/// The files that apt reads, in its order. None of them must exist.
fn files(etc_apt: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut files = Vec::new();
    let list = etc_apt.join("sources.list");
    if list.exists() {
        files.push(list);
    }
    let parts = etc_apt.join("sources.list.d");
    let entries = match fs::read_dir(&parts) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        other => other.map_err(|error| (parts.clone(), error))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| (parts.clone(), error))?.path();
        if path.extension().is_some_and(|e| e == "list" || e == "sources") {
            found.push(path);
        }
    }
    found.sort();
    files.extend(found);
    Ok(files)
}

/// Whether `named` is the suite itself, its updates, or its security updates (`SUITE/updates`
/// before bullseye).
fn is_of(named: &str, suite: &str) -> bool {
    named
        .strip_prefix(suite)
        .is_some_and(|tail| matches!(tail, "" | "-updates" | "-security" | "/updates"))
}

/// The stanza, reduced to binary packages of `suite`. `None`: nothing of it remains.
fn keep(stanza: &[&str], suite: &str) -> Option<String> {
    let words = |name| field(stanza, name).unwrap_or_default();
    let suites: Vec<&str> = words("Suites").into_iter().filter(|s| is_of(s, suite)).collect();
    let enabled = field(stanza, "Enabled").is_none_or(|value| value != ["no"]);
    let on_disc = words("URIs").iter().any(|uri| uri.starts_with("cdrom:"));
    if suites.is_empty()
        || !enabled
        || on_disc
        || !words("Types").contains(&"deb")
        || !words("Components").contains(&"main")
    {
        return None;
    }
    // Types and suites are written anew, as the stanza may name sources of programs and other
    // suites; the rest is copied, a key included.
    let mut kept = format!("Types: deb\nSuites: {}\n", suites.join(" "));
    let mut replaced = false;
    for line in stanza {
        // A line that begins with a blank continues the field above.
        if !line.starts_with([' ', '\t']) {
            replaced = ["Types", "Suites"].iter().any(|name| is_field(line, name));
        }
        if !replaced {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    Some(kept)
}

/// The words of the field `name`, with those of continuation lines.
fn field<'a>(stanza: &[&'a str], name: &str) -> Option<Vec<&'a str>> {
    let at = stanza.iter().position(|line| is_field(line, name))?;
    let first = stanza[at].split_once(':').map_or("", |(_, value)| value);
    let more = stanza[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t']));
    Some(first.split_whitespace().chain(more.flat_map(|line| line.split_whitespace())).collect())
}

fn is_field(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn one_line_form() {
        for (line, kept) in [
            ("deb http://mirror/debian bookworm main",                    true),
            ("deb\thttp://mirror/debian  bookworm-updates  contrib main", true),
            ("deb [ arch=amd64 signed-by=/k.gpg ] http://m bookworm-security main # why", true),
            ("deb http://mirror/debian bookworm-backports main",          false),
            ("deb http://mirror/debian trixie main",                      false),
            ("deb [arch=amd64] http://vendor/debian bookworm stable",     false), // not the distribution's
            ("deb-src http://mirror/debian bookworm main",                false),
            ("# deb http://mirror/debian bookworm main",                  false),
            ("deb cdrom:[Debian 12]/ bookworm main",                      false),
            ("deb [arch=amd64 http://mirror bookworm main",               false), // bracket left open
            ("deb http://mirror/flat ./",                                 false),
        ] {
            let mut sources = Sources::default();
            sources.add_lines(line, "bookworm");
            assert_eq!(!sources.is_empty(), kept, "{line:?}");
        }
    }

    #[test]
    fn options_stay_and_comments_go() {
        let mut sources = Sources::default();
        sources.add_lines("deb  [ signed-by=/k.gpg ] https://m bookworm main # ours", "bookworm");
        assert_eq!(sources.lines, ["deb [ signed-by=/k.gpg ] https://m bookworm main"]);
        assert!(sources.over_tls());
    }

    #[test]
    fn stanzas_lose_what_is_not_of_the_suite() {
        let text = "\
Types: deb deb-src
# where
URIs: http://mirror/debian
Suites: bookworm bookworm-updates
 bookworm-backports trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xyz

Types: deb
URIs: http://vendor
Suites: bookworm
Components: stable

Enabled: no
Types: deb
URIs: http://mirror/off
Suites: bookworm
Components: main

types: deb
uris: http://mirror/security
suites: bookworm-security
components: main";
        let mut sources = Sources::default();
        sources.add_stanzas(text, "bookworm");
        let want = "\
Types: deb
Suites: bookworm bookworm-updates
URIs: http://mirror/debian
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xyz

Types: deb
Suites: bookworm-security
uris: http://mirror/security
components: main
";
        assert_eq!(sources.stanzas, want);
        assert!(!sources.over_tls());
    }
}
