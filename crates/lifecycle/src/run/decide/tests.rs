//! Decisions on paper: prisons and the machine are made up, and messages are written down.

use super::*;
use crate::run::request::Target;
use crate::run::{Configured, Prisons, Run};
use crate::voice::{Notice, Voice};
use configuration::Anything;
use std::cell::RefCell;
use std::rc::Rc;

/// The operation that some of the options `-c`, `-m`, `-r` ask for.
fn operation(letters: &str) -> Operation {
    let [create, modify, remove] = ['c', 'm', 'r'].map(|letter| letters.contains(letter));
    Operation::of(create, modify, remove)
}

#[test]
#[rustfmt::skip]
fn what_an_operation_means() {
    use Action::{Change, Clean, Restart, Start, Stop};
    use Meaning::{Do, Exists, NotFound, Nothing, Runs};
    let (unknown, gone) = (State::Unknown, State::Gone);
    let [runs, fixed] = [false, true].map(|change_needs_restart| State::Runs { change_needs_restart });
    // FreeBSD's main(); `C` is -C, `*` a pattern.
    for (options, of_unknown, of_gone, of_running, of_fixed) in [
        ("c",    Do(Start),   Do(Start), Exists,      Exists),
        ("c*",   Do(Start),   Do(Start), Do(Start),   Do(Start)),
        ("cC",   Do(Start),   Do(Start), Exists,      Exists),
        ("m",    Do(Change),  NotFound,  Do(Change),  Do(Change)),
        ("m*",   Do(Change),  NotFound,  Do(Change),  Do(Change)),
        ("cm",   Do(Change),  Do(Start), Do(Change),  Do(Change)),
        ("r",    Do(Stop),    NotFound,  Do(Stop),    Do(Stop)),
        ("r*",   Do(Stop),    Nothing,   Do(Stop),    Do(Stop)),
        ("rC",   Do(Stop),    Do(Clean), Do(Stop),    Do(Stop)),
        ("rc",   Do(Restart), NotFound,  Do(Restart), Do(Restart)),
        ("rc*",  Do(Restart), Do(Start), Do(Restart), Do(Restart)),
        ("rcC",  Do(Restart), Do(Start), Do(Restart), Do(Restart)),
        ("mr",   Do(Change),  NotFound,  Do(Change),  Do(Restart)),
        ("mrC",  Do(Change),  Do(Clean), Do(Change),  Do(Restart)),
        ("cmr",  Do(Change),  Do(Start), Do(Change),  Do(Restart)),
        ("C",    Do(Clean),   Do(Clean), Runs,        Runs),
        ("C*",   Do(Clean),   Do(Clean), Nothing,     Nothing),
    ] {
        let (cleans, wild) = (options.contains('C'), options.contains('*'));
        for (state, want) in [(unknown, of_unknown), (gone, of_gone), (runs, of_running), (fixed, of_fixed)] {
            assert_eq!(meaning(operation(options), cleans, wild, state), want, "-{options} {state:?}");
        }
        // After a jail that has ended by itself is cleaned up where FreeBSD would not find it.
        let of_ended = match options.trim_end_matches(['C', '*']) {
            "r" => Do(Clean),
            "rc" => Do(Restart),
            _ => of_gone,
        };
        let got = meaning(operation(options), cleans, wild, State::Ended);
        assert_eq!(got, of_ended, "-{options} of a jail that has ended");
    }
}

/// The prisons of these records.
struct Paper(Vec<Record>);

impl Prisons for Paper {
    fn all(&self) -> Result<Vec<Record>, prison::Error> {
        Ok(self.0.clone())
    }

    fn find(&self, jid_or_name: &str) -> Result<Option<Record>, prison::Error> {
        let is_it = |it: &&Record| it.name == jid_or_name || it.jid.to_string() == jid_or_name;
        Ok(self.0.iter().find(is_it).cloned())
    }

    fn broken(&self) -> Vec<prison::Error> {
        Vec::new()
    }

    fn ended(&self) -> Vec<Record> {
        Vec::new()
    }
}

#[derive(Default)]
struct Heard(RefCell<Vec<String>>);

impl Voice for Heard {
    fn tell(&self, notice: &Notice<'_>) {
        self.0.borrow_mut().push(notice.to_string());
    }
}

const CONFIG: &str =
    "path = /jails/$name; persist; db { } web { depend = db; host.hostname = new; }
    mail { depend = db; vnet; } bad { depend = nowhere; } wrong { zfs.dataset = tank; }\n";

/// A run on paper: what is decided, or planned, and the messages. `running` are the names of
/// prisons, or `?` if only root knows them.
fn run<T>(
    options: &str,
    words: &[&str],
    running: &str,
    act: impl FnOnce(&mut Run<'_>, Decided) -> T,
) -> (Option<T>, String) {
    let owned = |text: &&str| text.to_string();
    let target = Target::Named(words.iter().map(owned).collect());
    let (operation, cleans) = (operation(options), options.contains('C'));
    let limit = None;
    let request = Request { target, operation, by_force: false, cleans, dying: false, limit };
    let config = jailconf::Config::parse("jail.conf".as_ref(), CONFIG.as_bytes()).unwrap();
    let configured = Configured::of(config.into(), &request);
    let record = |(jid, name): (usize, &str)| {
        Record::of_text(
            format!("jid={}\nname={name}\npath=/jails/{name}\ninit=1 start 1\n", jid + 1)
                .as_bytes(),
        )
    };
    let prisons = Paper(running.split_whitespace().enumerate().filter_map(record).collect());
    let prisons: Option<&dyn Prisons> = if running == "?" { None } else { Some(&prisons) };
    let heard = Heard::default();
    let mut run = Run::new(request, Rc::new(configured), prisons, &Anything, &heard);
    let decided = run.meant().and_then(|meant| run.decide(meant));
    let done = match decided {
        Ok(decided) => Some(act(&mut run, decided)),
        Err(refusal) => {
            heard.0.borrow_mut().push(refusal.to_string());
            None
        }
    };
    drop(run);
    (done, heard.0.into_inner().join("; "))
}

/// Rows in short: `-` stops, `~` changes, `+` starts, `!` is refused. A jail that a dependency
/// brings is in brackets, and `<` stands before a jail that is waited for.
fn shown(decided: Decided) -> String {
    let row = |sign: char, turns: Vec<Turn>| {
        let names: Vec<String> = turns.iter().map(|turn| turn.name.clone()).collect();
        turns.into_iter().map(move |turn| {
            let (open, close) = if turn.is_asked_for() { ("", "") } else { ("(", ")") };
            let after: Vec<_> =
                turn.waits_for.iter().map(|&on| format!("<{}", names[on])).collect();
            format!("{sign}{open}{}{close}{}", turn.name, after.concat())
        })
    };
    let rows =
        row('-', decided.stops).chain(row('~', decided.changes)).chain(row('+', decided.starts));
    let refused = decided.refused.into_iter().map(|name| format!("!{name}"));
    rows.chain(refused).collect::<Vec<_>>().join(" ")
}

#[test]
#[rustfmt::skip]
fn what_is_decided() {
    for (options, words, running, want, said) in [
        ("c",   &["web"][..],         "",       "+(db) +web<db",         ""),
        ("c",   &["web"],             "db",     "+(db) +web<db",         ""), // whether db runs is asked at its turn
        ("c",   &["web"],             "db web", "!web",                  "\"web\" already exists"),
        ("c",   &["web", "mail"],     "db",     "+(db) +web<db +mail<db", ""),
        ("c",   &["nothing"],         "",       "",                      "\"nothing\" not found"),
        ("c",   &["bad"],             "",       "!bad",                  "bad: depends on undefined jail \"nowhere\""),
        ("c",   &["wrong", "db"],     "",       "+db !wrong",            "wrong: zfs.dataset: not supported yet"),
        ("r",   &["db"],              "db web", "-(mail) -(web) -db<mail<web", ""),
        ("r",   &["web", "nothing"],  "web",    "-web !nothing",         "\"nothing\" not found"),
        ("r",   &["*"],               "web",    "-web !wrong",           "wrong: zfs.dataset"),
        ("r",   &["other"],           "other",  "-other",                ""), // in no file
        ("rC",  &["web"],             "",       "-web",                  ""),
        ("rc",  &["web"],             "db web", "-web +(db) +web<db",    ""),
        ("rc",  &["web"],             "db",     "!web",                  "\"web\" not found"),
        ("m",   &["web"],             "web",    "~web",                  ""),
        ("mr",  &["web"],             "web",    "~web",                  ""), // host.hostname can be changed
        ("mr",  &["mail"],            "mail",   "-mail +(db) +mail<db",  ""), // vnet cannot
        ("C",   &["web"],             "web",    "!web",                  "\"web\" is running: -C is for jails that are gone"),
        ("rc",  &["db"],              "?",      "-(mail) -(web) -db<mail<web +db", "only root knows which jails run"),
    ] {
        let (decided, heard) = run(options, words, running, |_, decided| shown(decided));
        assert_eq!(decided.unwrap_or_default(), want, "-{options} {words:?}, running: {running}");
        assert!(heard.contains(said) && (heard.is_empty() || !said.is_empty()), "-{options} {words:?}: {heard}");
    }
}

/// A plan is the same value in words: the jails that each waits for, what happens to it, and the
/// number of its steps.
#[test]
fn what_is_planned() {
    for (options, words, running, want) in [
        ("c", "web", "db", "db Nothing 0, web Start 1 after db"),
        ("r", "db", "db web", "mail Nothing 0, web Stop 2, db Stop 2 after mail web"),
        ("m", "web", "web", "web Change 0"),
        ("c", "wrong", "", "wrong Refused 0"),
    ] {
        let (planned, heard) =
            run(options, &[words], running, |run, decided| run.plan(decided, None));
        let shown = planned.unwrap().into_iter().map(|one| {
            let after = if one.waits_for.is_empty() { "" } else { " after " };
            let (name, steps) = (one.jail.unwrap(), one.steps.len());
            format!("{name} {:?} {steps}{after}{}", one.outcome, one.waits_for.join(" "))
        });
        assert_eq!(shown.collect::<Vec<_>>().join(", "), want, "-{options} {words}: {heard}");
    }
}
