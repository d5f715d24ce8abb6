//! Tests of `kletka install`: where everything is put, and what a second installation finds.

use super::*;
use crate::cli::APPLETS;
use std::os::unix::fs::MetadataExt;

/// A directory of the test's own, which is removed when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kletka-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn options(&self) -> Options {
        Options {
            prefix: "/usr/local".into(),
            destdir: Some(self.0.clone()),
            remove: false,
            freebsd_paths: false,
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn parse(line: &str) -> Result<Options, String> {
    let words = line.split_whitespace().map(OsString::from).collect();
    Options::parse(words).map_err(|error| error.to_string())
}

#[test]
#[rustfmt::skip]
fn command_line() {
    for (line, want) in [
        ("--prefix /usr/local",        Ok("/usr/local")),
        ("--prefix /usr --destdir /d", Ok("/d/usr")),
        ("--prefix here",              Err("the prefix must be an absolute path")),
        ("",                           Err("no prefix given")),
        ("--prefix /usr more",         Err("unexpected argument \"more\"")),
    ] {
        let got = parse(line).map(|options| options.top());
        assert_eq!(got.as_deref().map_err(String::as_str), want.map(Path::new), "{line:?}");
    }
}

#[test]
fn every_link_leads_to_the_binary() {
    let scratch = Scratch::new("install");
    let (options, mut done) = (scratch.options(), Vec::new());
    install(&options, &APPLETS, &mut done).unwrap();
    let top = options.top();
    let binary = fs::metadata(top.join(BINARY)).unwrap();
    assert_eq!(binary.mode() & 0o7777, 0o755);
    for Link { path, .. } in links(&APPLETS, &options.prefix) {
        assert_eq!(fs::metadata(top.join(&path)).unwrap().ino(), binary.ino(), "{path}");
    }
    assert_eq!(
        done.len(),
        1 + files(&APPLETS, &options.prefix).count() + links(&APPLETS, &options.prefix).count()
    );
    assert!(top.join("share/kletka/jail/rc.shutdown").exists());
}

#[test]
fn every_manual_page_is_installed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man");
    let mut written: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .map(|page| format!("share/man/man{}/{page}", &page[page.len() - 1..]))
        .collect();
    written.sort();
    let files = files(&APPLETS, Path::new("/usr")).map(|file| file.path);
    let installed: Vec<String> = files.filter(|path| path.starts_with("share/man/")).collect();
    assert_eq!(installed, written);
}

/// Lists the files below the folder `name` of the checkout, by their paths there.
fn checked_in(name: &str) -> Vec<String> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut folders, mut found) = (vec![name.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(checkout.join(&folder)).unwrap().map(Result::unwrap) {
            let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
            let is_folder = entry.file_type().unwrap().is_dir();
            if is_folder { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn every_document_and_example_is_installed() {
    let installed: Vec<String> = files(&APPLETS, Path::new("/usr")).map(|file| file.path).collect();
    for path in ["docs", "examples"].into_iter().flat_map(checked_in) {
        let path = format!("share/doc/kletka/{path}");
        assert!(installed.contains(&path), "{path}");
    }
}

/// A completion for a name that only hooks have is not found for the host's own program of that
/// name.
#[test]
fn completions_are_beside_what_they_complete() {
    let files: Vec<String> = files(&APPLETS, Path::new("/usr")).map(|file| file.path).collect();
    for (name, share) in [
        ("kletka", "share"),
        ("jail", "share"),
        ("service", "libexec/kletka/share"),
        ("sysrc", "share"),
    ] {
        let want = [
            format!("{share}/bash-completion/completions/{name}"),
            format!("{share}/zsh/site-functions/_{name}"),
            format!("{share}/fish/vendor_completions.d/{name}.fish"),
        ];
        let got: Vec<&String> = files
            .iter()
            .filter(|path| {
                let ends = [format!("/{name}"), format!("/_{name}"), format!("/{name}.fish")];
                ends.iter().any(|end| path.ends_with(end))
            })
            .filter(|path| path.contains("completions") || path.contains("site-functions/"))
            .collect();
        assert_eq!(got, want.iter().collect::<Vec<_>>());
    }
}

#[test]
fn links_for_jails_stay_in_the_mounted_directory() {
    let links =
        links(&APPLETS, Path::new("/usr")).filter(|link| link.path.starts_with("libexec/kletka/"));
    for Link { path, to } in links {
        assert_eq!((path.split('/').count(), to), (4, "../kletka"), "{path}");
    }
}

#[test]
fn a_second_run_repairs_only_what_differs() {
    let scratch = Scratch::new("again");
    let options = scratch.options();
    install(&options, &APPLETS, &mut Vec::new()).unwrap();
    let mut done = Vec::new();
    install(&options, &APPLETS, &mut done).unwrap();
    assert_eq!(done, [""; 0]);

    fs::write(options.top().join("share/kletka/devfs.rules"), "changed").unwrap();
    fs::remove_file(options.top().join("bin/jls")).unwrap();
    install(&options, &APPLETS, &mut done).unwrap();
    assert_eq!(done, ["share/kletka/devfs.rules", "bin/jls -> ../libexec/kletka/kletka"]);
}

#[test]
fn another_program_of_that_name_stays() {
    let scratch = Scratch::new("stranger");
    let options = scratch.options();
    let bin = options.top().join("bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("jail"), "other").unwrap();
    let error = install(&options, &APPLETS, &mut Vec::new()).unwrap_err().to_string();
    let path = bin.join("jail");
    let want = format!("{}: is not kletka's: remove it, or choose another prefix", path.display());
    assert_eq!(error, want);
    assert!(!options.top().join(BINARY).exists());
}
