//! `cargo xtask words`: writes what follows from the catalogues of ifconfig's and route's words,
//! and of sysctl's names.
//!
//! These are the middle parts of the manual pages and the completions of shells. A test reports a
//! file that differs from the catalogue.

use std::fs;
use std::path::Path;

use mdoc::Stale;
use networds::{Language, bash_completion, manual, zsh_completion};

use crate::Outcome;

/// Makes a file's text from the language and from the file's present text.
type Make = fn(&Language, &str) -> Result<String, Stale>;

/// The files of a language; `NAME` is replaced by its command.
const FILES: [(&str, Make); 3] = [
    ("man/kletka-NAME.8", |language, page| mdoc::insert(page, "Words", TASK, &manual(language))),
    ("share/completions/bash/NAME", |language, _| Ok(bash_completion(language))),
    ("share/completions/zsh/_NAME", |language, _| Ok(zsh_completion(language))),
];

/// The page of sysctl(8).
const SYSCTL: &str = "man/kletka-sysctl.8";

const TASK: &str = "cargo xtask words";

/// Writes all files.
pub(crate) fn write() -> Outcome {
    for (path, now, wanted) in files(Path::new("."))? {
        if now != wanted {
            fs::write(&path, wanted).map_err(|error| format!("{path}: {error}"))?;
            println!("{path}");
        }
    }
    Ok(())
}

/// Every file below `checkout`: its path, its present text, and the text that it should have.
fn files(checkout: &Path) -> Result<Vec<(String, String, String)>, String> {
    let mut files = Vec::new();
    for language in [networds::ifconfig::language(), networds::route::language()] {
        for (path, make) in FILES {
            let path = path.replace("NAME", language.command);
            // A file that does not exist is made.
            let now = fs::read_to_string(checkout.join(&path)).unwrap_or_default();
            let wanted = make(&language, &now);
            let wanted = wanted.map_err(|Stale| format!("{path}: no place for the words"))?;
            files.push((path, now, wanted));
        }
    }
    let now = fs::read_to_string(checkout.join(SYSCTL)).unwrap_or_default();
    let wanted = mdoc::insert(&now, "Names", TASK, &sysctl::manual());
    let wanted = wanted.map_err(|Stale| format!("{SYSCTL}: no place for the names"))?;
    files.push((SYSCTL.to_owned(), now, wanted));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

    /// Every file follows from the catalogues; else run `cargo xtask words`.
    #[test]
    fn no_file_is_stale() {
        for (path, now, wanted) in files(Path::new(CHECKOUT)).unwrap() {
            assert!(now == wanted, "{path} is stale: cargo xtask words");
        }
    }

    /// bash's answers to lines whose last word is being typed.
    #[test]
    fn bash_completes() {
        for (line, want) in [
            ("ifconfig em0 prom", "promisc"),
            ("ifconfig em0 -prom", "-promisc"),
            ("ifconfig lagg0 laggproto l", "loadbalance lacp"),
            ("ifconfig -f inet:", "inet:hex inet:dotted inet:cidr"),
            ("ifconfig epai", "epair"),
            ("ifconfig bridge0 addm lo", "lo0"),
            ("ifconfig em0 mtu u", ""),
            ("ifconfig em0 stick", ""),
            ("route fl", "flush"),
            ("route add d", "default"),
            ("route add -bla", "-blackhole"),
        ] {
            let command = line.split(' ').next().unwrap();
            let script = format!(
                "source {CHECKOUT}/share/completions/bash/{command}; IFS=' '; COMP_WORDS=({line}); \
                 COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); unset IFS; _kletka_{command}; \
                 echo \"${{COMPREPLY[*]}}\""
            );
            let done = Command::new("bash").args(["-c", &script]).output().unwrap();
            let said = String::from_utf8(done.stdout).unwrap();
            let errors = String::from_utf8(done.stderr).unwrap();
            assert_eq!((said.trim_end(), errors.as_str()), (want, ""), "{line}");
        }
    }

    /// A command in the name of an interface or a jail is not run.
    #[test]
    fn names_are_not_expanded() {
        let script = format!(
            "ls() {{ echo 'a$(echo b)'; }}; source {CHECKOUT}/share/completions/bash/ifconfig; \
             COMP_WORDS=(ifconfig a); COMP_CWORD=1; _kletka_ifconfig; echo \"${{COMPREPLY[@]}}\""
        );
        let done = Command::new("bash").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(done.stdout).unwrap(), "a\\$\\(echo\n");
    }
}
