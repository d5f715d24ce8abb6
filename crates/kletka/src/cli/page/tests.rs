//! Tests of the manual pages: their form, their references, and what they say of languages that
//! other crates read.

use super::*;
use crate::cli::APPLETS;
use crate::cli::applet::Group;
use crate::cli::grammar::Grammar;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

fn all() -> impl Iterator<Item = Page> {
    FURTHER.into_iter().chain(APPLETS.iter().map(|applet| applet.page))
}

#[test]
fn every_page_belongs_to_something() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man");
    let files = fs::read_dir(folder).unwrap().map(|page| page.unwrap().file_name());
    let written: BTreeSet<String> = files.map(|file| file.into_string().unwrap()).collect();
    let known: BTreeSet<String> = all().map(|page| page.file.to_owned()).collect();
    assert_eq!(known, written);
}

/// Reads the names between `.Sh NAME` and `.Nd`.
fn names(page: &Page) -> Vec<&'static str> {
    let lines = page.text.lines().skip_while(|line| *line != ".Sh NAME").skip(1);
    let names = lines.map_while(|line| line.strip_prefix(".Nm "));
    names.map(|name| name.trim_end_matches(" ,")).collect()
}

#[test]
fn a_page_names_its_applets() {
    for page in all().filter(|page| FURTHER.iter().all(|further| further.file != page.file)) {
        let of_it = APPLETS.iter().filter(|applet| applet.page.file == page.file);
        let called: Vec<String> = of_it
            .map(|applet| match applet.group {
                // man-db(1) finds no page by a name with a blank.
                Group::Own => format!("kletka-{}", applet.name),
                _ => applet.name.to_owned(),
            })
            .collect();
        assert_eq!(names(&page), called, "{}", page.file);
    }
}

#[test]
fn a_page_says_in_a_line_what_it_is_about() {
    for page in all() {
        let about = page.about();
        assert!(!about.is_empty() && !about.contains('\\'), "{}: {about}", page.file);
        let (name, section) = page.title();
        let title = format!(".Dt {} {section}", name.to_uppercase());
        assert!(page.text.lines().any(|line| line == title), "{}: {title}", page.file);
    }
}

/// mandoc(1) finds no fault in any page. Without mandoc(1), the test is skipped.
#[test]
fn every_page_is_mdoc() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man");
    let files = all().map(|page| folder.join(page.file));
    let Ok(lint) = Command::new("mandoc").args(["-Tlint", "-Wwarning"]).args(files).output() else {
        // Not by eprintln!, whose output the harness shows for failed tests only.
        let _ = writeln!(std::io::stderr(), "skipped: every_page_is_mdoc: needs mandoc");
        return;
    };
    let said = String::from_utf8_lossy(&lint.stdout);
    assert_eq!(said.lines().collect::<Vec<_>>(), [""; 0]);
}

/// The pages of Debian's packages that ours may refer to.
const OF_THE_HOST: [&str; 55] = [
    "bash.1",
    "chmod.1",
    "cp.1",
    "diff.1",
    "dmesg.1",
    "domainname.1",
    "dump.8",
    "fish.1",
    "fsck.8",
    "fstab.5",
    "getifaddrs.3",
    "glob.7",
    "group.5",
    "hostname.1",
    "ip-addrlabel.8",
    "ip-maddress.8",
    "ip-neighbour.8",
    "ip-rule.8",
    "login.1",
    "logind.conf.5",
    "man.1",
    "mlock.2",
    "mmdebstrap.1",
    "mount.8",
    "nft.8",
    "nstat.8",
    "passwd.5",
    "ping.8",
    "process_vm_readv.2",
    "ptrace.2",
    "quotactl.2",
    "rc-update.8",
    "rctl.8",
    "rpc.mountd.8",
    "rpc.nfsd.8",
    "sethostname.2",
    "sh.1",
    "ss.8",
    "ssh.1",
    "subuid.5",
    "sysctl.8",
    "sysctl.conf.5",
    "syslog.2",
    "systemctl.1",
    "systemd-nspawn.1",
    "systemd-run.1",
    "tc.8",
    "tcpdump.8",
    "tmux.1",
    "tty.1",
    "uname.1",
    "uname.2",
    "useradd.8",
    "wg.8",
    "zsh.1",
];

/// Lists the pages that a line refers to: `jail.8`.
fn referred_to(line: &str) -> impl Iterator<Item = String> {
    let words = |rest: &str| {
        let mut words = rest.split_whitespace().map(str::to_owned);
        Some(format!("{}.{}", words.find(|word| word != "(")?, words.next()?))
    };
    let is_request = line.starts_with('.') && !line.starts_with(".\\\"");
    let parts = line.split("Xr ").skip(1).filter(move |_| is_request);
    parts.filter_map(words).collect::<Vec<_>>().into_iter()
}

#[test]
fn every_page_that_is_referred_to_is_there() {
    let files: BTreeSet<&str> = all().map(|page| page.file).collect();
    for page in all() {
        for other in page.text.lines().flat_map(referred_to) {
            let is_there = files.contains(&*other) || OF_THE_HOST.contains(&&*other);
            assert!(is_there, "{}: no page {other}", page.file);
        }
    }
}

/// A word of a title that is a macro would be one there: `In` sets what follows in angles.
#[test]
fn no_title_has_a_macro() {
    for page in all() {
        let titles = page.text.lines().filter(|line| line.starts_with(".S"));
        for title in titles.filter(|line| line.starts_with(".Ss ") || line.starts_with(".Sh ")) {
            let is_macro = |word: &str| {
                let mut letters = word.chars();
                let first = letters.next().is_some_and(|letter| letter.is_ascii_uppercase());
                first && word.len() == 2 && letters.all(|letter| letter.is_ascii_lowercase())
            };
            let word = title[4..].split(' ').find(|word| is_macro(word));
            assert_eq!(word, None, "{}: {title}", page.file);
        }
    }
}

/// The sections that a reader looks for.
#[test]
fn every_page_says_where_and_how() {
    for page in all() {
        let has = |section: &str| page.text.lines().any(|line| line == format!(".Sh {section}"));
        for section in ["NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO"] {
            assert!(has(section), "{}: {section}", page.file);
        }
        let is_command = page.title().1 == "8";
        for section in ["SYNOPSIS", "EXIT STATUS"].into_iter().filter(|_| is_command) {
            assert!(has(section), "{}: {section}", page.file);
        }
    }
}

#[test]
fn the_page_of_the_whole_has_all_of_them() {
    let listed = |line: &str| {
        let names = line.strip_prefix(".It Cm ")?;
        Some(names.split(" , ").map(str::to_owned).collect::<Vec<_>>())
    };
    let listed: Vec<String> = FURTHER[0].text.lines().filter_map(listed).flatten().collect();
    let known: Vec<&str> = APPLETS.iter().map(|applet| applet.name).collect();
    assert_eq!(listed, known);
}

/// The blocks `.Bd -literal` of a page's examples, as a terminal shows them.
fn examples(page: &Page) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in page.text.lines().skip_while(|line| *line != ".Sh EXAMPLES") {
        match line {
            ".Ed" => is_inside = false,
            _ if line.starts_with(".Bd -literal") => {
                is_inside = true;
                blocks.push(String::new());
            }
            _ if is_inside => {
                let block = blocks.last_mut().unwrap();
                block.push_str(&line.replace("\\&", "").replace("\\e", "\\"));
                block.push('\n');
            }
            _ => {}
        }
    }
    blocks
}

fn called(file: &str) -> Page {
    all().find(|page| page.file == file).unwrap()
}

#[test]
fn examples_of_jail_conf_are_configurations() {
    let blocks = examples(&called("jail.conf.5"));
    assert!(blocks.len() >= 2, "{blocks:?}");
    for block in blocks {
        // Only the file system knows what a pattern means.
        let text = block.replace(".include", "# .include");
        let config = jailconf::Config::parse("jail.conf".as_ref(), text.as_bytes()).unwrap();
        let jails: Vec<_> = config.expand_all().collect();
        assert!(!jails.is_empty(), "{text}");
        for jail in jails {
            assert!(jail.faults.is_empty(), "{text}");
            assert_eq!(
                jailparam::Set::import(&jail.jail).err().map(|wrong| format!("{wrong:?}")),
                None
            );
        }
    }
}

#[test]
fn examples_of_fstab_can_be_mounted() {
    let blocks = examples(&called("kletka-fstab.5"));
    assert!(blocks.len() >= 2, "{blocks:?}");
    for block in blocks {
        for entry in fstab::parse(block.as_bytes()).unwrap() {
            let mount = entry.mount();
            assert!(mount.is_ok(), "{block}: {:?}", mount.err());
        }
    }
}

/// Every file system and every option that the page lists is known.
#[test]
fn words_of_fstab_are_known() {
    let page = called("kletka-fstab.5");
    let items = |section: &str| {
        let lines = page.text.lines().skip_while(|line| *line != section).skip(1);
        let items = lines.take_while(|line| *line != ".Pp" && !line.starts_with(".Sh"));
        let items = items.filter_map(|line| line.strip_prefix(".It Cm "));
        let words = items.flat_map(|line| line.split([' ', ',', ';']));
        words.filter(|word| !word.is_empty() && *word != "Cm").collect::<Vec<_>>()
    };
    let (types, options) = (items(".Sh TYPES"), items(".Sh OPTIONS"));
    assert!(types.len() > 20 && options.len() > 10, "{types:?} {options:?}");
    let layers = "lowerdir=/a";
    let lines = types
        .iter()
        .map(|kind| format!("/dev/x /b {kind} {}", if *kind == "overlay" { layers } else { "rw" }));
    let lines = lines.chain(options.iter().map(|option| format!("/a /b nullfs {option}")));
    for line in lines {
        let entry = fstab::parse_line(line.as_bytes(), 1).unwrap().unwrap();
        let mount = entry.mount();
        assert!(mount.is_ok(), "{line}: {:?}", mount.err());
    }
}

/// rc.conf(5) has every variable with a default, and examples that can be read.
#[test]
fn variables_of_rc_conf_are_described() {
    let page = called("rc.conf.5");
    let defaults = rc::RcConf::default();
    for name in defaults.names() {
        let name = str::from_utf8(name).unwrap();
        let has = |name: &str| {
            let words = page.text.lines().filter_map(|line| line.strip_prefix(".It Va "));
            words.flat_map(|line| line.split([' ', ','])).any(|word| word == name)
        };
        assert!(has(name) || name.ends_with("_enable") && has("NAME_enable"), "{name}");
    }
    for block in examples(&page) {
        rc::RcConf::default().read(block.as_bytes()).unwrap();
    }
}

/// devfs.rules(5) has the rulesets that are built in, and an example that can be read.
#[test]
fn rulesets_are_described() {
    let page = called("devfs.rules.5");
    let accounts = devfs::Accounts::new(b"", b"audio:x:29:\n");
    let mut rulesets = devfs::Rulesets::default();
    rulesets.read(devfs::DEFAULT_RULES, &accounts).unwrap();
    let names = str::from_utf8(devfs::DEFAULT_RULES).unwrap().lines();
    let names = names.filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')?.split_once('='));
    for (name, number) in names {
        assert!(page.text.contains(&format!("\n.It {number} {name}\n")), "{name}");
    }
    for block in examples(&page) {
        rulesets.read(block.as_bytes(), &accounts).unwrap();
    }
}

/// The options that the lists of a page have as items: `-c`, `--plan`.
fn listed(page: &Page) -> BTreeSet<String> {
    let items = page.text.lines().filter_map(|line| line.strip_prefix(".It "));
    let mut found = BTreeSet::new();
    for item in items {
        let mut is_option = false;
        for word in item.split_whitespace().filter(|word| *word != ",") {
            match word {
                "Fl" => is_option = true,
                "Ar" | "Ns" | "Op" | "Cm" | "Oo" => is_option = false,
                long if is_option && long.starts_with('-') => found.extend([format!("-{long}")]),
                letters if is_option => {
                    found.extend(letters.chars().map(|letter| format!("-{letter}")));
                }
                _ => {}
            }
        }
    }
    found
}

/// Lists the options of a command and of its verbs: those that are shown, and all.
fn options(grammar: &Grammar) -> (BTreeSet<String>, BTreeSet<String>) {
    let words = grammar.language.map(|language| language().flags);
    let letters = words.into_iter().flatten().map(|flag| format!("-{}", flag.letter));
    let mut shown: BTreeSet<String> = letters.collect();
    shown.extend(grammar.all_flags().map(|flag| flag.name.to_owned()));
    let mut all: BTreeSet<String> = grammar.flags.iter().map(|flag| flag.name.to_owned()).collect();
    for verb in grammar.verbs {
        let of_verb = options(verb);
        shown.extend(of_verb.0);
        all.extend(of_verb.1);
    }
    all.extend(shown.iter().cloned());
    (shown, all)
}

/// Every option that a command takes is an item of its page, and no other is. An option that is
/// hidden may be.
#[test]
fn a_page_lists_the_options_of_its_commands() {
    for page in APPLETS.iter().map(|applet| &applet.page) {
        let of_it = APPLETS.iter().filter(|applet| applet.page.file == page.file);
        let (mut shown, mut all) = (BTreeSet::new(), BTreeSet::new());
        for applet in of_it {
            let of_applet = options(applet.grammar);
            shown.extend(of_applet.0);
            all.extend(of_applet.1);
        }
        let listed = listed(page);
        let missing: Vec<_> = shown.difference(&listed).collect();
        let unknown: Vec<_> = listed.difference(&all).collect();
        assert!(
            missing.is_empty() && unknown.is_empty(),
            "{}: lacks {missing:?}, has {unknown:?}",
            page.file
        );
    }
}

/// Every verb of a command is in its page.
#[test]
fn a_page_has_the_verbs_of_its_commands() {
    fn names(grammar: &Grammar) -> Vec<&'static str> {
        grammar.verbs.iter().flat_map(|verb| [vec![verb.name], names(verb)].concat()).collect()
    }
    for applet in &APPLETS {
        for verb in names(applet.grammar) {
            let is_part = |c: char| !c.is_ascii_alphanumeric();
            let has = applet.page.text.lines().filter(|line| line.starts_with('.'));
            let mut words = has.flat_map(|line| line.split(is_part));
            assert!(words.any(|word| word == verb), "{}: {verb}", applet.page.file);
        }
    }
}
