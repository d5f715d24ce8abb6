//! Dependencies that cannot be met: jail.conf(5), `depend`.

use crate::finding::{Finding, Severity};
use jailconf::Place;

/// A jail, as much of it as others need to know.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) place: Place,
    /// The jails that `depend` names, and where it does.
    pub(crate) depends: Vec<(String, Place)>,
}

/// How far the search is with a jail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// It leads to the one that is being looked at.
    Open,
    Done,
}

/// Looks at every dependency once. Of a circle, it is the one that closes it which is told, and the
/// first one of it. No recursion: a chain may be as long as the file.
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
        // Jails that wait for each other, each with how many of its
        // dependencies have been looked at.
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
                    // What has been looked at last is what is being followed.
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
