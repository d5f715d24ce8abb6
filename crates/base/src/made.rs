//! The roots that were made: a list beside the bases, so that somebody can find and remove them.
//!
//! The file `.roots` in the directory of the bases has one path in each line. A root that was
//! removed since stays in the file, and is left out when the list is read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The file's name. No base can have it: the name of a base begins with a letter or a digit.
const LIST: &str = ".roots";

/// Notes in the list of `bases` that `root` was made.
pub(crate) fn note(bases: &Path, root: &Path) -> Result<(), Error> {
    let list = bases.join(LIST);
    let line = [root.as_os_str().as_bytes(), b"\n"].concat();
    // A path with a line feed would be two lines of the list.
    if line.iter().filter(|&&byte| byte == b'\n').count() > 1
        || roots(bases).iter().any(|it| it == root)
    {
        return Ok(());
    }
    // One write(2) at the end of the file: two bootstraps may do so at once.
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&list);
    let written = opened.and_then(|mut file| file.write_all(&line));
    written.map_err(Error::io("cannot write", &list))
}

/// The roots in the list of `bases` that are still there.
pub fn roots(bases: &Path) -> Vec<PathBuf> {
    let list = fs::read(bases.join(LIST)).unwrap_or_default();
    let lines = list.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"/"));
    let paths = lines.map(|line| PathBuf::from(std::ffi::OsStr::from_bytes(line)));
    let mut found: Vec<PathBuf> = paths.filter(|path| is_directory(path)).collect();
    found.sort();
    found.dedup();
    found
}

/// The bases in the directory `bases`, without those that are not ready.
///
/// # Errors
/// The directory cannot be read; one that does not exist has no bases.
pub fn bases(bases: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(bases) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| is_directory(path) && !is_hidden(path))
        .collect();
    found.sort();
    Ok(found)
}

fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_what_is_there() {
        let bases = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../target/made-{}", std::process::id()));
        let (root, gone) = (bases.join("root"), bases.join("gone"));
        fs::create_dir_all(&root).unwrap();
        for path in [&root, &gone, &root] {
            note(&bases, path).unwrap();
        }
        assert_eq!(roots(&bases), [root]);
        fs::remove_dir_all(&bases).unwrap();
        assert_eq!(roots(&bases), [] as [PathBuf; 0]);
        assert_eq!(super::bases(&bases).unwrap(), [] as [PathBuf; 0]);
    }
}
