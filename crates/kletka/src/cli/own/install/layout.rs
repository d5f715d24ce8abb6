//! The layout: the files and links that `kletka install` puts below a prefix.
//!
//! This module touches no disk. Names and manual pages follow from the table of applets.

use super::boot;
use super::replace::{InstalledFile, Link};
use crate::cli::applet::{Applet, Place};
use crate::cli::page::{FURTHER, Page};
use base::{RC_FILES, ShippedFile};
use std::path::Path;

/// The path of the binary, below the prefix.
pub(super) const BINARY: &str = "libexec/kletka/kletka";

/// The file of this path in the checkout, under the same path.
macro_rules! shipped {
    ($path:literal) => {
        ($path, 0o644, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../", $path)))
    };
}

/// The rulesets of devices that are built in, to be looked at.
const RULESETS: ShippedFile =
    ("devfs.rules", 0o644, include_str!("../../../../../../share/devfs.rules"));

/// The files below `share/doc/kletka`, by their paths in the checkout.
const DOCUMENTS: [ShippedFile; 14] = [
    shipped!("CHANGELOG.md"),
    shipped!("LICENSE"),
    shipped!("README.md"),
    shipped!("SECURITY.md"),
    shipped!("docs/architecture.md"),
    shipped!("docs/compatibility.md"),
    shipped!("docs/freebsd-facts.md"),
    shipped!("docs/performance.md"),
    shipped!("docs/security.md"),
    shipped!("examples/samba-vlan/README.md"),
    shipped!("examples/samba-vlan/fstab.samba"),
    shipped!("examples/samba-vlan/jail.conf"),
    shipped!("examples/samba-vlan/rc.conf"),
    shipped!("examples/samba-vlan/smb.conf"),
];

/// Settings for programs of the host. systemd's and udev read theirs below the prefix; logrotate(8)
/// reads files in /etc only, so that its one is to be copied.
const SETTINGS: [ShippedFile; 4] = [
    (
        "lib/systemd/network/00-kletka.network",
        0o644,
        include_str!("../../../../../../share/systemd/network/00-kletka.network"),
    ),
    (
        "lib/udev/rules.d/80-kletka-net.rules",
        0o644,
        include_str!("../../../../../../share/udev/80-kletka-net.rules"),
    ),
    (
        "lib/sysusers.d/kletka.conf",
        0o644,
        include_str!("../../../../../../share/sysusers.d/kletka.conf"),
    ),
    (
        "share/kletka/logrotate.d/kletka",
        0o644,
        include_str!("../../../../../../share/logrotate.d/kletka"),
    ),
];

/// The service(8) for the inside of jails: a Linux base has no service(8) that knows rc.conf(5).
const JAIL_SERVICE: ShippedFile =
    ("libexec/kletka/jail/service", 0o755, include_str!("../../../../../../share/jail/service"));

/// The scripts by which shells complete a command line: what stands before and behind the name of
/// the command in the path below `share`, and the script, which has `COMMAND` for the name.
const COMPLETIONS: [(&str, &str, &str); 3] = [
    (
        "bash-completion/completions/",
        "",
        include_str!("../../../../../../share/completions/COMMAND.bash"),
    ),
    ("zsh/site-functions/_", "", include_str!("../../../../../../share/completions/COMMAND.zsh")),
    (
        "fish/vendor_completions.d/",
        ".fish",
        include_str!("../../../../../../share/completions/COMMAND.fish"),
    ),
];

/// Lists every link of the layout: the binary's own name, and the names of the applets.
pub(super) fn links(applets: &[Applet], prefix: &Path) -> impl Iterator<Item = Link> {
    let own = Place::Everywhere;
    let own = Link { path: format!("{}/kletka", own.directory()), to: own.to_binary() };
    let named = Place::ALL.into_iter().flat_map(move |place| {
        let there = applets.iter().filter(move |applet| applet.links.contains(&place));
        there.map(move |applet| (place, applet.name))
    });
    let is_system = prefix == Path::new("/usr");
    let named = named.map(move |(place, name)| {
        let directory = match place {
            // Debian has other programs as /usr/bin/jls (sleuthkit) and /usr/bin/jexec (Java), and
            // none of ours in /usr/sbin, which is where FreeBSD has these.
            Place::Everywhere if is_system => "sbin",
            _ => place.directory(),
        };
        Link { path: format!("{directory}/{name}"), to: place.to_binary() }
    });
    [own].into_iter().chain(named)
}

/// Lists every file of the layout but the binary.
pub(super) fn files(applets: &[Applet], prefix: &Path) -> impl Iterator<Item = InstalledFile> {
    let rc = RC_FILES.iter().map(|&(path, mode, text)| {
        let path = path.trim_start_matches("etc/");
        InstalledFile::new(format!("share/kletka/jail/{path}"), mode, text)
    });
    let rulesets = [below("share/kletka/", &RULESETS)];
    let documents = DOCUMENTS.iter().map(|file| below("share/doc/kletka/", file));
    let manual =
        pages(applets).into_iter().map(|page| InstalledFile::new(page.path(), 0o644, page.text));
    let completions = completed(applets).flat_map(|(place, name)| {
        COMPLETIONS.map(|(before, behind, script)| {
            let path = format!("{}/{before}{name}{behind}", place.share());
            InstalledFile::new(path, 0o644, script.replace("COMMAND", name))
        })
    });
    let plain = SETTINGS.iter().chain([&JAIL_SERVICE]).map(|file| below("", file));
    rc.chain(rulesets)
        .chain(documents)
        .chain(manual)
        .chain(completions)
        .chain(plain)
        .chain(boot::files(prefix))
}

fn below(directory: &str, &(path, mode, text): &ShippedFile) -> InstalledFile {
    InstalledFile::new(format!("{directory}{path}"), mode, text)
}

/// Lists every manual page once, sorted by its path: several applets may share a page.
fn pages(applets: &[Applet]) -> Vec<&Page> {
    let mut pages: Vec<&Page> =
        FURTHER.iter().chain(applets.iter().map(|applet| &applet.page)).collect();
    pages.sort_by_cached_key(|page| page.path());
    pages.dedup_by_key(|page| page.file);
    pages
}

/// Lists every name whose command line is completed, and the first directory that has the name.
fn completed(applets: &[Applet]) -> impl Iterator<Item = (Place, &'static str)> {
    let linked = applets.iter().filter_map(|applet| Some((*applet.links.first()?, applet.name)));
    [(Place::Everywhere, "kletka")].into_iter().chain(linked)
}
