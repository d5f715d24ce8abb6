//! The command line, the plan for mmdebstrap, and the questions asked of what is there.

use super::*;

fn parse(line: &str) -> Result<Options, String> {
    Options::parse(line.split_whitespace().map(OsString::from).collect()).map_err(|e| e.to_string())
}

#[test]
fn command_line() {
    let options = parse("-v --suite trixie --include samba,cron --include=nginx --bases /b web");
    assert_eq!(
        options,
        Ok(Options {
            verbose: true,
            suite: Some("trixie".to_owned()),
            include: ["samba", "cron", "nginx"].map(str::to_owned).into(),
            bases: PathBuf::from("/b"),
            root: None,
            base: "web".to_owned(),
        })
    );
    assert_eq!(parse("--root /home/jails/samba base").unwrap().bases, Path::new(BASES));
}

#[test]
#[rustfmt::skip]
fn command_line_refused() {
    for (line, want) in [
        ("",                         "no name given for the base"),
        ("../etc",                   "\"../etc\" is not the name of a base"),
        (".hidden",                  "\".hidden\" is not the name of a base"),
        ("one two",                  "unexpected argument \"two\""),
        ("--include samba,--help b", "\"--help\" is not the name of a package"),
        ("--suite http://mirror b",  "\"http://mirror\" is not the name of a suite"),
        ("--quick b",                "invalid option '--quick'"),
    ] {
        assert_eq!(parse(line).unwrap_err(), want, "{line:?}");
    }
}

#[test]
fn plan_for_mmdebstrap() {
    let options = parse("--include samba,procps web").unwrap();
    let sources = Sources {
        lines: vec!["deb https://mirror/debian bookworm main".to_owned()],
        stanzas: "Types: deb\n".to_owned(),
    };
    let proxies = ["Acquire::http::Proxy \"http://proxy:3128\";".to_owned()];
    let plan = Plan::new(&options, "bookworm", sources, &proxies, Path::new("/bases/.web.partial"));
    assert_eq!(plan.packages, ["ca-certificates", "netbase", "procps", "samba"]);
    assert_eq!(plan.input, "Types: deb\n");
    let arguments: Vec<_> =
        plan.arguments.iter().filter(|a| !a.to_string_lossy().starts_with("--dpkgopt=")).collect();
    assert_eq!(
        arguments,
        [
            "--mode=root",
            "--variant=minbase",
            "--format=directory",
            "--aptopt=Acquire::http::Proxy \"http://proxy:3128\";",
            "--include=ca-certificates,netbase,procps,samba",
            "--",
            "bookworm",
            "/bases/.web.partial",
            "deb https://mirror/debian bookworm main",
            "-",
        ]
    );
}

#[test]
#[rustfmt::skip]
fn suite_of_the_host() {
    for (os_release, want) in [
        ("ID=debian\nVERSION_CODENAME=bookworm\n", Ok("bookworm")),
        ("ID=\"debian\"\nVERSION_CODENAME=\"sid\"", Ok("sid")),
        ("ID=ubuntu\nVERSION_CODENAME=noble\n", Err("this host is ubuntu, not Debian: name a suite with --suite")),
        ("", Err("this host is an unknown system, not Debian: name a suite with --suite")),
    ] {
        let got = host_suite(os_release).map_err(|e| e.to_string());
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{os_release:?}");
    }
}

#[test]
fn packages_of_a_base() {
    let status = "\
Package: mawk
Status: install ok installed
Provides: awk, posix-awk (= 1)

Package: samba
Status: deinstall ok config-files
";
    for (package, want) in
        [("mawk", true), ("awk", true), ("posix-awk", true), ("samba", false), ("maw", false)]
    {
        assert_eq!(is_installed(status, package), want, "{package}");
    }
}

#[test]
fn proxies_of_the_host() {
    let dump = "\
Acquire \"\";
Acquire::cdrom::mount \"/media/cdrom\";
Acquire::http::Proxy \"http://proxy:3128\";
Acquire::http::Proxy::internal.example.org \"DIRECT\";
Acquire::https::Proxy \"\";
";
    assert_eq!(
        proxies(dump),
        [
            "Acquire::http::Proxy \"http://proxy:3128\";",
            "Acquire::http::Proxy::internal.example.org \"DIRECT\";",
        ]
    );
}
