//! Manual pages: mdoc(7) in `man/`. They are built in, so that `kletka install` and `kletka help`
//! have them.

/// A manual page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// The name of the file: `jail.8`.
    pub(super) file: &'static str,
    pub(super) text: &'static str,
}

/// Makes the [`Page`] of this name in `man/`.
macro_rules! page {
    ($file:literal) => {
        crate::cli::page::Page {
            file: $file,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../man/", $file)),
        }
    };
}

/// The pages that belong to no applet: about the binary itself, files, a service.
pub(super) const FURTHER: [Page; 7] = [
    page!("kletka.8"),
    page!("jail.conf.5"),
    page!("rc.conf.5"),
    page!("devfs.rules.5"),
    page!("kletka-fstab.5"),
    page!("kletka-files.5"),
    page!("kletka-netif.8"),
];

impl Page {
    /// Answers the name and the section of the page: `jail` and `8`.
    pub(super) fn title(&self) -> (&'static str, &'static str) {
        self.file.rsplit_once('.').unwrap_or((self.file, ""))
    }

    /// Answers the description of the page, which is its line `.Nd`.
    pub(super) fn about(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix(".Nd ")).unwrap_or("")
    }

    /// Answers the path at which the page is installed, below the prefix.
    pub(super) fn path(&self) -> String {
        let (_, section) = self.title();
        format!("share/man/man{section}/{}", self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::APPLETS;
    use crate::cli::applet::Group;
    use std::collections::BTreeSet;
    use std::fs;
    use std::io::Write;
    use std::path::Path;
    use std::process::Command;

    fn all() -> impl Iterator<Item = Page> {
        FURTHER.into_iter().chain(APPLETS.iter().map(|applet| applet.page))
    }

    #[test]
    fn every_page_belongs_to_something() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man");
        let files = fs::read_dir(folder).unwrap().map(|page| page.unwrap().file_name());
        let written: BTreeSet<String> = files.map(|file| file.into_string().unwrap()).collect();
        let known: BTreeSet<String> = all().map(|page| page.file.to_owned()).collect();
        assert_eq!(known, written);
    }

    /// Reads the names between `.Sh NAME` and `.Nd`.
    fn names(page: &Page) -> Vec<&'static str> {
        let lines = page.text.lines().skip_while(|line| *line != ".Sh NAME").skip(1);
        let names = lines.map_while(|line| line.strip_prefix(".Nm "));
        names.map(|name| name.trim_end_matches(" ,")).collect()
    }

    #[test]
    fn a_page_names_its_applets() {
        for page in all().filter(|page| FURTHER.iter().all(|further| further.file != page.file)) {
            let of_it = APPLETS.iter().filter(|applet| applet.page.file == page.file);
            let called: Vec<String> = of_it
                .map(|applet| match applet.group {
                    // man-db(1) finds no page by a name with a blank.
                    Group::Own => format!("kletka-{}", applet.name),
                    _ => applet.name.to_owned(),
                })
                .collect();
            assert_eq!(names(&page), called, "{}", page.file);
        }
    }

    #[test]
    fn a_page_says_in_a_line_what_it_is_about() {
        for page in all() {
            let about = page.about();
            assert!(!about.is_empty() && !about.contains('\\'), "{}: {about}", page.file);
            let (name, section) = page.title();
            let title = format!(".Dt {} {section}", name.to_uppercase());
            assert!(page.text.lines().any(|line| line == title), "{}: {title}", page.file);
        }
    }

    /// mandoc(1) finds no fault in any page. Without mandoc(1), the test is skipped.
    #[test]
    fn every_page_is_mdoc() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man");
        let files = all().map(|page| folder.join(page.file));
        let Ok(lint) = Command::new("mandoc").args(["-Tlint", "-Wwarning"]).args(files).output()
        else {
            // Not by eprintln!, whose output the harness shows for failed tests only.
            let _ = writeln!(std::io::stderr(), "skipped: every_page_is_mdoc: needs mandoc");
            return;
        };
        let said = String::from_utf8_lossy(&lint.stdout);
        assert_eq!(said.lines().collect::<Vec<_>>(), [""; 0]);
    }

    /// The pages of Debian's packages that ours may refer to.
    const OF_THE_HOST: [&str; 39] = [
        "bash.1",
        "cp.1",
        "diff.1",
        "dmesg.1",
        "domainname.1",
        "dump.8",
        "fsck.8",
        "fstab.5",
        "glob.7",
        "group.5",
        "hostname.1",
        "ip-addrlabel.8",
        "ip-maddress.8",
        "ip-neighbour.8",
        "login.1",
        "logind.conf.5",
        "man.1",
        "mmdebstrap.1",
        "nft.8",
        "nstat.8",
        "passwd.5",
        "ping.8",
        "quotactl.2",
        "rc-update.8",
        "sethostname.2",
        "sh.1",
        "ss.8",
        "ssh.1",
        "subuid.5",
        "sysctl.8",
        "sysctl.conf.5",
        "systemctl.1",
        "systemd-run.1",
        "tc.8",
        "tcpdump.8",
        "tmux.1",
        "tty.1",
        "wg.8",
        "zsh.1",
    ];

    /// Lists the pages that a line refers to: `jail.8`.
    fn referred_to(line: &str) -> impl Iterator<Item = String> {
        let words = |rest: &str| {
            let mut words = rest.split_whitespace().map(str::to_owned);
            Some(format!("{}.{}", words.find(|word| word != "(")?, words.next()?))
        };
        let is_request = line.starts_with('.') && !line.starts_with(".\\\"");
        let parts = line.split("Xr ").skip(1).filter(move |_| is_request);
        parts.filter_map(words).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn every_page_that_is_referred_to_is_there() {
        let files: BTreeSet<&str> = all().map(|page| page.file).collect();
        for page in all() {
            for other in page.text.lines().flat_map(referred_to) {
                let is_there = files.contains(&*other) || OF_THE_HOST.contains(&&*other);
                assert!(is_there, "{}: no page {other}", page.file);
            }
        }
    }

    /// The sections that a reader looks for.
    #[test]
    fn every_page_says_where_and_how() {
        for page in all() {
            let has =
                |section: &str| page.text.lines().any(|line| line == format!(".Sh {section}"));
            for section in ["NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO"] {
                assert!(has(section), "{}: {section}", page.file);
            }
            let is_command = page.title().1 == "8";
            for section in ["SYNOPSIS", "EXIT STATUS"].into_iter().filter(|_| is_command) {
                assert!(has(section), "{}: {section}", page.file);
            }
        }
    }

    #[test]
    fn the_page_of_the_whole_has_all_of_them() {
        let listed = |line: &str| {
            let names = line.strip_prefix(".It Cm ")?;
            Some(names.split(" , ").map(str::to_owned).collect::<Vec<_>>())
        };
        let listed: Vec<String> = FURTHER[0].text.lines().filter_map(listed).flatten().collect();
        let known: Vec<&str> = APPLETS.iter().map(|applet| applet.name).collect();
        assert_eq!(listed, known);
    }
}
