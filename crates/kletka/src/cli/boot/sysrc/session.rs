//! What sysrc(8) does for each word of its command line, and what it prints.

use rc::{DEFAULTS_FILE, Settings};

use super::Options;

/// One run of sysrc.
pub(super) struct Session<'a> {
    options: &'a Options,
    settings: Settings<'a>,
    out: Vec<u8>,
}

impl<'a> Session<'a> {
    pub(super) fn new(options: &'a Options, settings: Settings<'a>) -> Self {
        Self { options, settings, out: Vec::new() }
    }

    /// The text for standard output.
    pub(super) fn said(&self) -> &[u8] {
        &self.out
    }

    /// Does what the command line asks for. Answers whether all went well.
    pub(super) fn run(&mut self) -> bool {
        if self.options.list {
            let list = if self.options.defaults_only {
                let defaults = self.options.selection.defaults.as_deref();
                defaults.unwrap_or(DEFAULTS_FILE).to_owned()
            } else {
                self.settings.paths().join(" ")
            };
            self.say(&[list.as_bytes(), b"\n"]);
            return true;
        }
        if let Some(with_defaults) = self.options.all {
            for name in self.settings.names(with_defaults) {
                self.show(&name);
            }
            return true;
        }
        let mut good = true;
        for word in &self.options.words {
            good &= match word.iter().position(|&byte| byte == b'=') {
                Some(at) => self.assign(&word[..at], &word[at + 1..]),
                None => self.query(word),
            };
        }
        good
    }

    fn say(&mut self, pieces: &[&[u8]]) {
        pieces.iter().for_each(|piece| self.out.extend(*piece));
    }

    /// Names the variable that was meant, behind the message about one that is unknown.
    fn hint(&self, name: &str) -> String {
        let known = self.settings.names(true).into_iter();
        let known = known.filter_map(|name| String::from_utf8(name).ok());
        nearest::hint(nearest::nearest(name, known).as_deref())
    }

    /// Shows or removes the variable of a word that is only a `name`.
    fn query(&mut self, name: &[u8]) -> bool {
        // An operator such as `${name-word}` gives an unknown variable a value: only the expansion
        // can tell.
        let is_known = self.settings.expand(name).is_some();
        if self.options.describe {
            self.describe(name);
        }
        if !is_known {
            if !(self.options.ignore_unknown || self.options.quiet) {
                let shown = String::from_utf8_lossy(name);
                complain!("sysrc: unknown variable '{shown}'{}", self.hint(&shown));
            }
            return false;
        }
        if self.options.check || self.options.describe {
            return true;
        }
        if self.options.delete {
            return self.remove(name);
        }
        self.show(name);
        true
    }

    fn describe(&mut self, name: &[u8]) {
        let description = self.settings.description(name);
        self.say(&[name, b": ", description.as_bytes(), b"\n"]);
    }

    fn remove(&mut self, name: &[u8]) -> bool {
        let removed = self.settings.remove(name);
        if let Err(error) = &removed {
            complain!("sysrc: {error}");
        }
        removed.is_ok()
    }

    fn show(&mut self, name: &[u8]) {
        let options = self.options;
        if options.describe {
            return self.describe(name);
        }
        let file = self.file(name);
        if options.show_file {
            let shown: &[&[u8]] = if options.no_name { &[] } else { &[name, b": "] };
            self.say(shown);
            return self.say(&[&file, b"\n"]);
        }
        if options.verbose {
            self.place(&file);
        }
        if options.no_value {
            return self.say(&[name, b"\n"]);
        }
        let value = self.settings.expand(name).unwrap_or_default();
        let (before, after) = self.around(name);
        self.say(&[&before, &value, after, b"\n"]);
    }

    /// Prints the file that `-v` puts before everything else.
    fn place(&mut self, file: &[u8]) {
        // With -e the output is for sh(1) to read: the file becomes a word of `:`, a command that
        // does nothing.
        if self.options.equals { self.say(&[b": ", file, b"; "]) } else { self.say(&[file, b": "]) }
    }

    /// Answers the text before and after a value.
    fn around(&self, name: &[u8]) -> (Vec<u8>, &'static [u8]) {
        match (self.options.no_name, self.options.equals) {
            (true, _) => (Vec::new(), b""),
            (false, true) => ([name, b"=\""].concat(), b"\""),
            (false, false) => ([name, b": "].concat(), b""),
        }
    }

    /// Carries out `name=value`, `name+=value` or `name-=value`. `word` is the name with its sign.
    fn assign(&mut self, word: &[u8], value: &[u8]) -> bool {
        let (name, sign) = match word {
            [name @ .., sign @ (b'+' | b'-')] => (name, *sign),
            name => (name, b'='),
        };
        // An operator of sh(1) can be shown, and cannot be assigned to.
        if name.is_empty() || name[0].is_ascii_digit() || !super::is_name(name) {
            let name = String::from_utf8_lossy(name);
            complain!("sysrc: {name}: not a variable's name; write NAME=VALUE, without blanks");
            return false;
        }
        if self.options.describe {
            self.describe(name);
        }
        if self.options.delete {
            return self.remove(name);
        }
        let before = self.settings.value(name).unwrap_or_default().to_vec();
        let new = match sign {
            b'+' => appended(&before, value),
            b'-' => reduced(&before, value),
            _ => value.to_vec(),
        };
        if self.options.check {
            return self.compare(name, &before, &new);
        }
        self.change(name, &before, &new)
    }

    /// Gives the variable its new value, and prints the old and the new one.
    fn change(&mut self, name: &[u8], before: &[u8], new: &[u8]) -> bool {
        let options = self.options;
        if options.verbose {
            let file = self.settings.target(name).unwrap_or_default().as_bytes().to_vec();
            self.place(&file);
        }
        if options.no_value {
            self.say(&[name, b"\n"]);
        }
        let before = if options.show_file { self.file(name) } else { before.to_vec() };
        if let Err(error) = self.settings.set(name, new) {
            complain!("sysrc: {error}");
            return false;
        }
        if options.no_value {
            return true;
        }
        // Read again, not taken from `new`: what is printed is what the files say now.
        let value = self.settings.value(name).unwrap_or_default().to_vec();
        let after = if options.show_file { self.file(name) } else { value };
        let arrow: &[u8] = if options.equals { b"\" # -> \"" } else { b" -> " };
        let (head, tail) = self.around(name);
        self.say(&[&head, &before, arrow, &after, tail, b"\n"]);
        true
    }

    /// Answers the file that sets the variable; an empty text when none does.
    fn file(&self, name: &[u8]) -> Vec<u8> {
        self.settings.file_of(name).unwrap_or_default().as_bytes().to_vec()
    }

    /// Carries out `-c` with a value: answers whether nothing would change.
    fn compare(&mut self, name: &[u8], before: &[u8], new: &[u8]) -> bool {
        let is_set = self.settings.value(name).is_some();
        if self.options.verbose {
            if !is_set {
                self.say(&[name, b": not currently set\n"]);
                return false;
            }
            let file = self.file(name);
            self.say(&[&file, b": ", name]);
            if new == before {
                self.say(&[b": already set to `", before, b"'\n"]);
            } else {
                self.say(&[b": would change from `", before, b"' to `", new, b"'\n"]);
            }
        }
        is_set && new == before
    }
}

/// Answers the byte that separates the items of a list. The first byte of the value is the
/// separator, unless it can be part of a word; then blanks are.
fn delimiter(value: &[u8]) -> u8 {
    match value.first() {
        None | Some(b' ' | b'\t' | b'\n' | b'.' | b'/') => b' ',
        Some(byte) if byte.is_ascii_alphanumeric() => b' ',
        Some(byte) => *byte,
    }
}

fn items(list: &[u8], delimiter: u8) -> impl Iterator<Item = &[u8]> {
    let ends = move |byte: &u8| {
        if delimiter == b' ' { b" \t\n".contains(byte) } else { *byte == delimiter }
    };
    list.split(ends).filter(|item| !item.is_empty())
}

/// Adds to `before` the items of `value` that are missing there: sysrc(8), APPENDING VALUES.
fn appended(before: &[u8], value: &[u8]) -> Vec<u8> {
    let delimiter = delimiter(value);
    let mut new = before.to_vec();
    for item in items(value, delimiter) {
        if !items(before, delimiter).any(|known| known == item) {
            new.push(delimiter);
            new.extend(item);
        }
    }
    new.strip_prefix(&[delimiter]).map(<[u8]>::to_vec).unwrap_or(new)
}

/// Takes the items of `value` out of `before`: sysrc(8), SUBTRACTING VALUES.
fn reduced(before: &[u8], value: &[u8]) -> Vec<u8> {
    let delimiter = delimiter(value);
    let is_kept = |item: &&[u8]| !items(value, delimiter).any(|removed| removed == *item);
    let kept: Vec<&[u8]> = items(before, delimiter).filter(is_kept).collect();
    kept.join(&delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn lists() {
        for (before, value, more, less) in [
            // sysrc(8), APPENDING VALUES and SUBTRACTING VALUES
            ("",          "gif0",      "gif0",           ""),
            ("gif0",      "gif0",      "gif0",           ""),
            ("gif0",      "tun0 gif0", "gif0 tun0",      ""),
            ("gif0",      " tun0",     "gif0 tun0",      "gif0"),
            ("bar baz",   "bar",       "bar baz",        "baz"),
            ("bar  baz",  "",          "bar  baz",       "bar baz"),
            ("a,b",       ",c",        "a,b,c",          "a,b"),
            ("a,b,,c",    ",b",        "a,b,,c",         "a,c"),
            ("a b",       ",b",        "a b,b",          "a b"),
            ("/x",        "/y .z",     "/x /y .z",       "/x"),
        ] {
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            assert_eq!(text(appended(before.as_bytes(), value.as_bytes())), more, "{before:?} += {value:?}");
            assert_eq!(text(reduced(before.as_bytes(), value.as_bytes())), less, "{before:?} -= {value:?}");
        }
    }
}
