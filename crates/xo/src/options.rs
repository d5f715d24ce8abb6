//! The options of `--libxo`: xo_options(7), and the search for them among the arguments, as in
//! libxo.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

/// The form of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Text for people, without markup.
    #[default]
    Text,
    /// One object of JSON.
    Json,
    /// One element of XML.
    Xml,
    /// HTML: the text in `<div>`s.
    Html,
}

/// The options of one `--libxo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub(crate) style: Style,
    /// Whether each item is on a line of its own, indented.
    pub(crate) pretty: bool,
    /// The number of spaces for one level.
    pub(crate) indent: usize,
    /// Whether JSON's names have `_` for `-`.
    pub(crate) underscores: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { style: Style::Text, pretty: false, indent: 2, underscores: false }
    }
}

/// The options of libxo(3) that change nothing in this output, which has no keys, units, colours or
/// translations.
const WITHOUT_EFFECT: [&str; 19] = [
    "color",
    "colors",
    "columns",
    "dtrt",
    "flush",
    "flush-line",
    "ignore-close",
    "info",
    "keys",
    "log-gettext",
    "log-syslog",
    "no-color",
    "no-humanize",
    "no-locale",
    "no-retain",
    "retain",
    "units",
    "warn",
    "warn-xml",
];

/// The options of libxo(3) that would change the output in ways that are missing here.
const NOT_SUPPORTED: [&str; 8] =
    ["encoder", "filter", "map", "map-file", "no-top", "not-first", "sdparams", "xpath"];

impl Options {
    /// Takes `--libxo` out of the arguments, wherever it is, and answers the others:
    /// xo_parse_args(3). `warn` gets the sentences of libxo's warnings.
    ///
    /// # Errors
    /// An option is unknown to libxo or not supported here; or the argument is `--libxo-check`.
    pub fn take_from(
        arguments: Vec<OsString>,
        warn: &mut dyn FnMut(&str),
    ) -> Result<(Self, Vec<OsString>), Error> {
        let (mut options, mut left) = (Self::default(), Vec::new());
        let mut arguments = arguments.into_iter();
        // All arguments: xo_parse_args(3) runs before getopt(3).
        while let Some(argument) = arguments.next() {
            let Some(rest) = argument.as_bytes().strip_prefix(b"--libxo") else {
                left.push(argument);
                continue;
            };
            match rest {
                b"" => options.set(&arguments.next().ok_or(Error::Missing)?, warn)?,
                b"-check" => return Err(Error::Check),
                [b'=', given @ ..] | given @ [b':', ..] => {
                    options.set(OsStr::from_bytes(given), warn)?;
                }
                _ => return Err(Error::UnknownArgument(argument.to_string_lossy().into_owned())),
            }
        }
        Ok((options, left))
    }

    /// The form of the output.
    #[must_use]
    pub fn style(&self) -> Style {
        self.style
    }

    /// Reads one value of `--libxo`: `json,pretty`, or letters behind a colon: `:JP`.
    pub(crate) fn set(
        &mut self,
        argument: &OsStr,
        warn: &mut dyn FnMut(&str),
    ) -> Result<(), Error> {
        let text = String::from_utf8_lossy(argument.as_bytes());
        if let Some(letters) = text.strip_prefix(':') {
            return self.set_letters(letters);
        }
        let mut styled = false;
        for option in text.split(',').filter(|option| !option.is_empty()) {
            if matches!(option, "text" | "json" | "xml" | "html")
                && std::mem::replace(&mut styled, true)
            {
                // libxo keeps the first style, and warns of the others.
                warn(&format!("ignoring multiple styles: '{option}'"));
                continue;
            }
            self.set_word(option)?;
        }
        Ok(())
    }

    fn set_word(&mut self, option: &str) -> Result<(), Error> {
        match option.split_once('=').map_or((option, ""), |parts| parts) {
            ("text", _) => self.style = Style::Text,
            ("json", _) => self.style = Style::Json,
            ("xml", _) => self.style = Style::Xml,
            ("html", _) => self.style = Style::Html,
            ("pretty", _) => self.pretty = true,
            ("underscores", _) => self.underscores = true,
            ("indent", spaces) => {
                self.indent = spaces.parse().map_err(|_| Error::NotANumber(spaces.to_owned()))?;
            }
            (known, _) if WITHOUT_EFFECT.contains(&known) => {}
            (known, _) if NOT_SUPPORTED.contains(&known) => {
                return Err(Error::NotSupported(known.to_owned()));
            }
            (unknown, _) => return Err(Error::UnknownValue(unknown.to_owned())),
        }
        Ok(())
    }

    fn set_letters(&mut self, letters: &str) -> Result<(), Error> {
        let mut rest = letters;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if letter == 'i' && digits > 0 {
                self.set_word(&format!("indent={}", &rest[..digits]))?;
            } else {
                self.set_letter(letter)?;
            }
        }
        Ok(())
    }

    fn set_letter(&mut self, letter: char) -> Result<(), Error> {
        let word = match letter {
            'T' => "text",
            'J' => "json",
            'X' => "xml",
            'H' => "html",
            'P' => "pretty",
            'u' => "underscores",
            'x' => "xpath",
            // libxo ignores a letter that it does not know.
            _ => return Ok(()),
        };
        self.set_word(word)
    }
}

/// Why the arguments of `--libxo` are refused. Its `Display` is libxo's sentence, if libxo has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The question `--libxo-check`, which only the program can answer.
    Check,
    /// No argument follows `--libxo`.
    Missing,
    /// An argument that only begins like `--libxo`.
    UnknownArgument(String),
    /// An option that libxo does not know.
    UnknownValue(String),
    /// An option of libxo that would change the output in a way that is missing here.
    NotSupported(String),
    /// An indentation that is no number.
    NotANumber(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check => f.write_str("--libxo-check"),
            Self::Missing => f.write_str("missing libxo option"),
            Self::UnknownArgument(argument) => write!(f, "unknown libxo option: '{argument}'"),
            Self::UnknownValue(value) => write!(f, "unknown libxo option value: '{value}'"),
            Self::NotSupported(option) => {
                write!(f, "libxo option {option} is not supported; use text, json, xml or html")
            }
            Self::NotANumber(spaces) => {
                write!(f, "libxo option indent: \"{spaces}\" is not a number")
            }
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn options() {
        for (argument, want) in [
            ("json,pretty",   Ok(())),
            ("no-locale,warn", Ok(())),
            (":JPWi4",        Ok(())),
            ("json,xml",      Ok(())),
            ("retain,colors=red-blue,flush-line", Ok(())),
            ("json,filter=a", Err("libxo option filter is not supported; use text, json, xml or html")),
            (":Jx",           Err("libxo option xpath is not supported; use text, json, xml or html")),
            ("yaml",          Err("unknown libxo option value: 'yaml'")),
            ("xpath",         Err("libxo option xpath is not supported; use text, json, xml or html")),
            ("encoder=cbor",  Err("libxo option encoder is not supported; use text, json, xml or html")),
            ("indent=x",      Err("libxo option indent: \"x\" is not a number")),
        ] {
            let got = Options::default().set(OsStr::new(argument), &mut |_| {}).map_err(|error| error.to_string());
            assert_eq!(got.as_ref().map_err(String::as_str), want.as_ref().map_err(|text| *text), "{argument}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn arguments() {
        for (line, want) in [
            ("-n --libxo json -q",       Ok((Style::Json, "-n -q", ""))),
            ("--libxo=xml,pretty a",     Ok((Style::Xml, "a", ""))),
            ("a --libxo:H",              Ok((Style::Html, "a", ""))),
            ("--libxo json,xml,html -n", Ok((Style::Json, "-n", "ignoring multiple styles: 'xml'; ignoring multiple styles: 'html'; "))),
            ("-n --libxo",               Err("missing libxo option")),
            ("--libxo-check",            Err("--libxo-check")),
            ("--libxoja",                Err("unknown libxo option: '--libxoja'")),
        ] {
            let mut warned = String::new();
            let words = line.split(' ').map(OsString::from).collect();
            let got = Options::take_from(words, &mut |warning| warned += &format!("{warning}; "))
                .map(|(options, left)| (options.style(), left.join(OsStr::new(" ")).into_string().unwrap(), warned))
                .map_err(|error| error.to_string());
            let want = want.map(|(style, left, warned)| (style, left.to_owned(), warned.to_owned()));
            assert_eq!(got, want.map_err(str::to_owned), "{line}");
        }
    }
}
