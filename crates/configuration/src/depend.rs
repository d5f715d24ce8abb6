//! Dependencies that cannot be met: jail.conf(5), `depend`.

use crate::finding::{Finding, Severity};
use crate::survey::Known;

/// How far the search is with a jail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// It leads to the one that is being looked at.
    Open,
    Done,
}

/// Looks at every dependency once. No recursion: a chain may be as long as the file.
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
        // Jails that wait for each other, each with how many of its dependencies have been looked at.
        let mut waiting = vec![(start, 0)];
        while let Some((jail, looked_at)) = waiting.last_mut() {
            let (jail, next) = (*jail, *looked_at);
            *looked_at += 1;
            let Some((on, place)) = jails[jail].depends.get(next) else {
                states[jail] = State::Done;
                waiting.pop();
                continue;
            };
            let finding = |jail: usize, message: String| Finding {
                severity: Severity::Error,
                jail: jails[jail].name.clone(),
                message,
                place: place.clone(),
                other: None,
            };
            match find(on) {
                None => findings.push(finding(jail, format!("depends on undefined jail \"{on}\""))),
                Some(on) if states[on] == State::Open => {
                    let circle =
                        waiting.iter().map(|(jail, _)| *jail).skip_while(|jail| *jail != on);
                    let names = circle.chain([on]).map(|jail| jails[jail].name.as_str());
                    let names = names.collect::<Vec<_>>().join(" -> ");
                    findings.push(finding(jail, format!("dependency loop: {names}")));
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
