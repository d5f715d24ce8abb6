//! Dependencies that cannot be met: jail.conf(5), `depend`.

use crate::finding::{Finding, Severity};
use jailconf::Place;

/// A jail, as far as the check of others needs it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) place: Place,
    /// The jails that `depend` names, each with its place.
    pub(crate) depends: Vec<(String, Place)>,
}

/// How far the search has come with a jail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// Its dependencies lead to the jail that is being looked at.
    Open,
    Done,
}

/// Looks at every dependency once. A circle is reported once: at the dependency that closes it,
/// with the place where it began. There is no recursion, as a chain may be as long as the file.
pub(crate) fn check(
    jails: &[Known],
    find: impl Fn(&str) -> Option<usize>,
    findings: &mut Vec<Finding>,
) {
    let mut states = vec![State::New; jails.len()];
    for start in 0..jails.len() {
        if states[start] != State::New {
            continue;
        }
        states[start] = State::Open;
        // The chain of jails that wait for each other, each with the number of its dependencies
        // that have been looked at.
        let mut waiting = vec![(start, 0)];
        while let Some((jail, looked_at)) = waiting.last_mut() {
            let (jail, next) = (*jail, *looked_at);
            *looked_at += 1;
            let Some((on, place)) = jails[jail].depends.get(next) else {
                states[jail] = State::Done;
                waiting.pop();
                continue;
            };
            let mut find_out = |message: String, other: Option<&Place>| {
                findings.push(Finding {
                    severity: Severity::Error,
                    jail: jails[jail].name.clone(),
                    message,
                    place: place.clone(),
                    // A jail that depends on itself has one place only.
                    other: other.filter(|other| *other != place).cloned(),
                });
            };
            match find(on) {
                None => find_out(format!("depends on undefined jail \"{on}\""), None),
                Some(on) if states[on] == State::Open => {
                    let circle: Vec<_> =
                        waiting.iter().skip_while(|(jail, _)| *jail != on).collect();
                    let names = circle.iter().map(|(jail, _)| *jail).chain([on]);
                    let names: Vec<_> = names.map(|jail| jails[jail].name.as_str()).collect();
                    // The dependency that was looked at last is the one that the chain follows.
                    let first = circle.first().and_then(|(jail, looked_at)| {
                        jails[*jail].depends.get(looked_at.checked_sub(1)?)
                    });
                    let first = first.map(|(_, place)| place);
                    find_out(format!("dependency loop: {}", names.join(" -> ")), first);
                }
                Some(on) if states[on] == State::New => {
                    states[on] = State::Open;
                    waiting.push((on, 0));
                }
                Some(_) => {}
            }
        }
    }
}
