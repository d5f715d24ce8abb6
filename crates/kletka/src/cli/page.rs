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
mod tests;
