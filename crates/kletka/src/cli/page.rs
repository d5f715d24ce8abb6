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
                    Group::Own => format!("kletka {}", applet.name),
                    _ => applet.name.to_owned(),
                })
                .collect();
            let named = names(&page);
            // One page is about a verb of its applet only: kletka net guard.
            let agrees = |(called, named): (&String, &&str)| {
                *named == called || named.starts_with(&format!("{called} "))
            };
            assert_eq!(named.len(), called.len(), "{}", page.file);
            assert!(called.iter().zip(&named).all(agrees), "{}: {named:?}", page.file);
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

    /// mandoc(1) finds no fault in any page. Without mandoc(1), nothing is tested.
    #[test]
    fn every_page_is_mdoc() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man");
        let files = all().map(|page| folder.join(page.file));
        let Ok(lint) = Command::new("mandoc").args(["-Tlint", "-Wwarning"]).args(files).output()
        else {
            return;
        };
        let said = String::from_utf8_lossy(&lint.stdout);
        // mandoc(1) takes the first word of the name "kletka install" for the page's own name.
        let meant = |line: &&str| !line.contains("cross reference to self: Xr kletka 8");
        assert_eq!(said.lines().filter(meant).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn every_page_that_is_referred_to_is_there() {
        let files: BTreeSet<&str> = all().map(|page| page.file).collect();
        for page in all() {
            for line in page.text.lines().filter_map(|line| line.strip_prefix(".Xr kletka")) {
                let mut words = line.split(' ');
                let file = format!("kletka{}.{}", words.next().unwrap(), words.next().unwrap());
                assert!(files.contains(file.as_str()), "{}: .Xr kletka{line}", page.file);
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
