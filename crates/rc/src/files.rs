//! Where rc.conf(5) files are: [`Files`] reads those of the host, or those of a tree that somebody
//! else writes.

use std::io;

/// Files by their absolute paths, as seen from the root of one tree.
pub trait Files {
    /// Reads the file at `path`; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be read, or is of a kind that must not be read.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;

    /// Lists the files in the directory `path`, sorted; `None` if it is no directory.
    ///
    /// # Errors
    /// The directory cannot be read.
    fn list(&self, path: &str) -> io::Result<Option<Vec<String>>>;

    /// Replaces the file `path` by one with this content, whole or not at all. All else of the old
    /// file is kept.
    ///
    /// # Errors
    /// The file cannot be written.
    fn replace(&self, path: &str, content: &[u8]) -> io::Result<()>;
}

/// Files in memory.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Memory(
    pub(crate) std::cell::RefCell<std::collections::BTreeMap<String, Vec<u8>>>,
);

#[cfg(test)]
impl Memory {
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let own = |&(path, text): &(&str, &str)| (path.to_owned(), text.as_bytes().to_vec());
        Self(std::cell::RefCell::new(files.iter().map(own).collect()))
    }

    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.0.borrow().get(path).cloned().unwrap_or_default()).unwrap()
    }
}

#[cfg(test)]
impl Files for Memory {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.borrow().get(path).cloned())
    }

    fn list(&self, path: &str) -> io::Result<Option<Vec<String>>> {
        let files = self.0.borrow();
        let inside = |file: &String| Some(file.strip_prefix(path)?.strip_prefix('/')?.to_owned());
        let names: Vec<_> = files.keys().filter_map(inside).collect();
        Ok(Some(names).filter(|names| !names.is_empty()))
    }

    fn replace(&self, path: &str, content: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().insert(path.to_owned(), content.to_vec());
        Ok(())
    }
}
