//! Loaders: where the text of configuration files comes from. [`Files`] reads the disk, and finds
//! what glob(3) finds on FreeBSD.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Reads files for the parser.
pub trait Loader {
    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// Whatever kept the file from being read; the message ends with these words.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The bytes of standard input, which the name `-` of a configuration means.
    ///
    /// # Errors
    /// Whatever kept it from being read.
    fn standard_input(&self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        io::stdin().lock().read_to_end(&mut text)?;
        Ok(text)
    }

    /// Finds the paths that match `pattern`, sorted, as glob(3) does. It is no error if nothing
    /// matches.
    ///
    /// # Errors
    /// Whatever kept a directory from being read.
    fn glob(&self, pattern: &[u8]) -> io::Result<Vec<PathBuf>>;
}

/// The files of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files;

impl Loader for Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn glob(&self, pattern: &[u8]) -> io::Result<Vec<PathBuf>> {
        // One component after the other: a pattern in the middle of the path may match many
        // folders.
        let mut found = vec![OsString::new()];
        let mut rest = pattern;
        while !rest.is_empty() {
            // All slashes of the pattern are in the names: FreeBSD's messages have them.
            let slashes = rest.iter().take_while(|&&byte| byte == b'/').count();
            let length = rest[slashes..].iter().take_while(|&&byte| byte != b'/').count();
            let (slashes, component) = rest[..slashes + length].split_at(slashes);
            rest = &rest[slashes.len() + length..];
            let mut next = Vec::new();
            for mut folder in found {
                folder.push(OsStr::from_bytes(slashes));
                if !component.is_empty() {
                    extend(&folder, component, &mut next)?;
                } else if fs::metadata(&folder).is_ok() {
                    // A slash at the end: folders alone match.
                    next.push(folder);
                }
            }
            found = next;
        }
        // The order of a folder's entries is the file system's; the order of files decides what a
        // jail gets.
        found.sort();
        Ok(found.into_iter().map(PathBuf::from).collect())
    }
}

/// Adds the entries of `folder` that match `component` to `found`. The folder's name ends in a
/// slash, or is empty. A folder that is not there has no entries.
fn extend(folder: &OsStr, component: &[u8], found: &mut Vec<OsString>) -> io::Result<()> {
    let join = |name: &[u8]| OsString::from_vec([folder.as_bytes(), name].concat());
    if !is_pattern(component) {
        // A dangling link is there too, and is then reported when it is read: hence
        // `symlink_metadata`.
        let path = join(&unquote(component));
        if fs::symlink_metadata(&path).is_ok() {
            found.push(path);
        }
        return Ok(());
    }
    let entries = match fs::read_dir(if folder.is_empty() { OsStr::new(".") } else { folder }) {
        Ok(entries) => entries,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name();
        // As in a shell: `*` matches no file whose name begins with a dot, such as an editor's
        // copy.
        let hidden = name.as_bytes().starts_with(b".") && !component.starts_with(b".");
        if !hidden && matches(component, name.as_bytes()) {
            found.push(join(name.as_bytes()));
        }
    }
    Ok(())
}

/// Whether `text` is a pattern to glob(3): a `*`, a `?`, or a `[` that closes is in it.
pub(crate) fn is_pattern(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            // The next byte is only itself.
            b'\\' => at += 1,
            b'*' | b'?' => return true,
            b'[' if bracket(&text[at..], 0).is_some() => return true,
            _ => {}
        }
        at += 1;
    }
    false
}

/// Removes the backslashes of a component that is no pattern.
fn unquote(component: &[u8]) -> Vec<u8> {
    let mut bytes = component.iter();
    let mut out = Vec::new();
    while let Some(&byte) = bytes.next() {
        out.extend(if byte == b'\\' { bytes.next().copied().or(Some(byte)) } else { Some(byte) });
    }
    out
}

/// Matches one component as fnmatch(3) does, in linear memory and without recursion: on a mismatch,
/// only the last `*` takes one byte more.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut retry) = (0, 0, None);
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, n));
        } else if let Some(length) = matches_one(&pattern[p..], name[n]) {
            p += length;
            n += 1;
        // An earlier `*` need not be tried again: whatever it could take, the last one can take
        // too. A pattern of many stars would otherwise take exponential time.
        } else if let Some((after_star, taken)) = retry {
            (p, n) = (after_star, taken + 1);
            retry = Some((p, n));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Answers the length of the pattern's first item, if that item matches `byte`.
fn matches_one(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern.first()? {
        b'?' => Some(1),
        b'[' => match bracket(pattern, byte) {
            Some((length, matched)) => matched.then_some(length),
            // A bracket that does not close is a letter.
            None => (byte == b'[').then_some(1),
        },
        b'\\' if pattern.len() > 1 => (pattern[1] == byte).then_some(2),
        other => (other == byte).then_some(1),
    }
}

/// Reads the bracket expression that `pattern` starts with. Answers its length, and whether it
/// contains `byte`.
fn bracket(pattern: &[u8], byte: u8) -> Option<(usize, bool)> {
    // FreeBSD's glob(3) negates by `!` alone: a `^` is a letter.
    let negated = pattern.get(1) == Some(&b'!');
    let first = 1 + usize::from(negated);
    let (mut at, mut found) = (first, false);
    loop {
        // A `]` in the first place is a letter, as no bracket expression is empty.
        if pattern.get(at) == Some(&b']') && at > first {
            return Some((at + 1, found != negated));
        }
        let (low, after) = bracketed(pattern, at)?;
        // A `-` before the closing bracket is a letter: that range would have no end.
        let range = pattern.get(after) == Some(&b'-')
            && pattern.get(after + 1).is_some_and(|&high| high != b']');
        let (high, after) = if range { bracketed(pattern, after + 1)? } else { (low, after) };
        found |= (low..=high).contains(&byte);
        at = after;
    }
}

/// The byte at `at` of a bracket expression, which may have a backslash before it, and where the
/// next byte is.
fn bracketed(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    match (*pattern.get(at)?, pattern.get(at + 1)) {
        (b'\\', Some(&byte)) => Some((byte, at + 2)),
        (byte, _) => Some((byte, at + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn patterns() {
        for (pattern, name, want) in [
            ("*.conf",    "web.conf", true),
            ("*.conf",    "web.conf~", false),
            ("*a*b",      "xaxxbxab", true),
            ("w?b",       "web", true),
            ("w?b",       "wb", false),
            ("[a-c]*",    "beta", true),
            ("[!a-c]*",   "beta", false),
            ("[^a]",      "b", false),     // `^` is a letter
            ("[^a]",      "^", true),
            ("[!-]",      "-", false),
            ("[a-]",      "-", true),      // a range without its end
            ("[\\]x]",    "]", true),
            ("[\\]x]",    "\\", false),
            ("[]a]",      "]", true),      // glob(3): a `]` right after the bracket is a letter
            ("[a",        "[a", true),     // a bracket that does not close is text
            ("\\*",       "*", true),
            ("\\*",       "x", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_a_pattern() {
        for (text, want) in [("d/*.conf", true), ("a?", true), ("[ab]", true), ("[ab", false), ("{a,b}", false), ("\\*", false)] {
            assert_eq!(is_pattern(text.as_bytes()), want, "{text}");
        }
    }

    /// A pattern that ends in a slash means folders, and the names have the pattern's slashes.
    #[test]
    fn names_are_spelled_as_the_pattern_is() -> io::Result<()> {
        let folder = std::env::temp_dir().join(format!("kletka-glob-{}", std::process::id()));
        fs::create_dir_all(folder.join("d/e"))?;
        fs::write(folder.join("d/f"), "")?;
        let root = folder.display();
        let cases = [
            ("d/*", vec!["d/e", "d/f"]),
            ("d/*/", vec!["d/e/"]),
            ("d//*", vec!["d//e", "d//f"]),
            ("?/f", vec!["d/f"]),
            ("d/f/", vec![]),
            ("none/*/", vec![]),
        ];
        let found = cases.map(|(pattern, want)| {
            let found = Files.glob(format!("{root}/{pattern}").as_bytes());
            (pattern, found, want.iter().map(|name| format!("{root}/{name}")).collect::<Vec<_>>())
        });
        fs::remove_dir_all(&folder)?;
        for (pattern, found, want) in found {
            let found: Vec<_> = found?.iter().map(|path| path.display().to_string()).collect();
            assert_eq!(found, want, "{pattern}");
        }
        Ok(())
    }
}
