//! The answers of FreeBSD's own `jail -f FILE -e SEPARATOR`, compared with ours: every directory of
//! `tests/vectors` is a case.
//!
//! A case has `in.conf` and the files that it includes; `args` (one a line); `stdin`; and the
//! expected `stdout`, `stderr`, `status`. Where FreeBSD's program has no defined answer
//! (`ref-bug`), only the first message of a refused file is compared.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its case has failed")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jailconf::{Config, Diagnostic, Document, Files, Loader, format};

/// The cases of which FreeBSD drops the rest in silence, at a NUL or at a byte above 127; here that
/// is an error.
const DROPPED: [&str; 3] = ["066-", "075-", "076-"];

/// The files of one case, relative to its directory, with its standard input.
struct Case(PathBuf);

impl Loader for Case {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Files.read(&self.0.join(path))
    }

    fn standard_input(&self) -> io::Result<Vec<u8>> {
        Files.read(&self.0.join("stdin"))
    }

    fn glob(&self, pattern: &[u8]) -> io::Result<Vec<PathBuf>> {
        let pattern = [self.0.as_os_str().as_encoded_bytes(), b"/", pattern].concat();
        let found = Files.glob(&pattern)?;
        Ok(found.iter().map(|path| path.strip_prefix(&self.0).unwrap().to_owned()).collect())
    }
}

/// What `jail` with these arguments would print, and its exit status.
fn run(case: &Case, args: &[&str]) -> (Vec<u8>, Vec<Vec<u8>>, i32) {
    let (mut file, mut separator) = ("/etc/jail.conf", "\t");
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let (option, value) = arg.split_at(2);
        let value = if value.is_empty() { rest.next().unwrap() } else { value };
        match option {
            "-f" => file = value,
            "-e" => separator = value,
            _ => unreachable!("{option}"),
        }
    }
    let config = match Config::load(case, Path::new(file)) {
        Ok(config) => config,
        Err(faults) => return (Vec::new(), faults.iter().map(Diagnostic::to_bytes).collect(), 1),
    };
    let (mut out, mut messages) = (Vec::new(), Vec::new());
    for expansion in config.expand_all() {
        messages.extend(expansion.faults.iter().map(Diagnostic::to_bytes));
        out.extend(expansion.jail.to_line(separator.as_bytes()));
        out.push(b'\n');
    }
    (out, messages, 0)
}

#[test]
fn answers_are_freebsds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 200, "only {} cases", cases.len());
    let mut failures = Vec::new();
    for path in cases {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let args = fs::read_to_string(path.join("args")).unwrap();
        let status: i32 = fs::read_to_string(path.join("status")).unwrap().trim().parse().unwrap();
        let ref_bug = path.join("ref-bug").exists();
        let stdout = fs::read(path.join("stdout")).unwrap();
        let stderr = fs::read(path.join("stderr")).unwrap();
        let (out, messages, code) = run(&Case(path), &args.lines().collect::<Vec<_>>());
        if DROPPED.iter().any(|dropped| name.starts_with(dropped)) {
            let first = String::from_utf8_lossy(&messages[0]);
            assert!(code == 1 && first.contains(": byte "), "{name}: {first}");
            continue;
        }
        let line = |message: &Vec<u8>| [b"jail: ", message.as_slice(), b"\n"].concat();
        let got: Vec<u8> = messages.iter().flat_map(line).collect();
        let first = stderr.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default();
        let first_alone = ref_bug && status != 0 && got.starts_with(first);
        if (&out, code) != (&stdout, status) || (got != stderr && !first_alone) {
            let (got, want) = (String::from_utf8_lossy(&got), String::from_utf8_lossy(&stderr));
            let (out, stdout) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&stdout));
            failures.push(format!("{name}\n got {code} {out}{got}\n want {status} {stdout}{want}"));
        }
    }
    assert!(failures.is_empty(), "{}\n{} failed", failures.join("\n"), failures.len());
}

/// Every file that parses is the same after it has been read, and has the same meaning in the one
/// layout.
#[test]
fn valid_files_come_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let cases = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("in.conf"));
    let mut valid = 0;
    for file in cases.filter(|file| file.exists()) {
        let text = fs::read(&file).unwrap();
        let Ok(document) = Document::new(&file, &text) else { continue };
        valid += 1;
        assert_eq!(document.text(), text, "{}", file.display());
        let formatted = format(&file, &text).unwrap();
        assert_eq!(format(&file, &formatted).unwrap(), formatted, "{}", file.display());
        let said = |text: &[u8]| {
            let config = Config::parse(Path::new("in.conf"), text).ok()?;
            Some(config.expand_all().map(|it| it.jail.to_line(b"\0")).collect::<Vec<_>>())
        };
        assert_eq!(said(&text), said(&formatted), "{}", file.display());
    }
    assert!(valid > 100, "only {valid} files are valid");
}
