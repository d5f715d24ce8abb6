//! Many jails at once. Each has a [`Walk`] of its own, which begins when the jails that it waits
//! for are finished; a limit says how many may be under way. One loop over poll(2) waits for all:
//! each step that takes time is a process or a prison, with a descriptor.

use crate::engine::{Host, Walk};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::time::Instant;

/// What is done to the jails of a run, each known by a number from 0.
pub trait Work {
    /// The host that carries out the steps of a jail.
    type Host: Host;

    /// Begins with a jail; `None` if nothing is to be done with the jail, or nothing can be.
    fn begin(&mut self, jail: usize) -> Option<Walk<Self::Host>>;

    /// Takes the walk of a jail that is finished.
    fn end(&mut self, jail: usize, walk: Walk<Self::Host>);

    /// Shows what is under way. Called at least once a second while a step is waited for.
    fn show(&mut self, _running: &[(usize, Walk<Self::Host>)]) {}

    /// Removes what [`Work::show`] has shown, before anything else is said.
    fn hide(&mut self) {}
}

/// Does the work on all jails. `waits_for[j]` lists the jails that have to be finished before jail
/// `j` begins; their numbers are smaller than `j`. `limit` is how many jails may be under way.
pub fn run<W: Work>(work: &mut W, waits_for: &[Vec<usize>], limit: Option<usize>) {
    let mut ended = vec![false; waits_for.len()];
    let mut waiting: Vec<usize> = (0..waits_for.len()).collect();
    let mut running: Vec<(usize, Walk<W::Host>)> = Vec::new();
    let limit = limit.unwrap_or(usize::MAX);
    loop {
        // A jail that is finished at once may be the last that another one waits for: the search
        // begins at the front again.
        while running.len() < limit
            && let Some(at) = waiting.iter().position(|&jail| is_free(&waits_for[jail], &ended))
        {
            let jail = waiting.remove(at);
            match work.begin(jail) {
                None => ended[jail] = true,
                Some(mut walk) => {
                    if walk.go_on(false) {
                        running.push((jail, walk));
                    } else {
                        ended[jail] = true;
                        work.end(jail, walk);
                    }
                }
            }
        }
        // Each jail waits for smaller numbers only: with none under way, none is left.
        if running.is_empty() {
            return;
        }
        work.show(&running);
        let happened = wait(&running);
        // What the steps say now is not to be mixed with the line that shows what is under way.
        if happened.iter().any(Option::is_some) {
            work.hide();
        }
        for ((jail, mut walk), happened) in std::mem::take(&mut running).into_iter().zip(happened) {
            if happened.is_none_or(|over| walk.go_on(over)) {
                running.push((jail, walk));
            } else {
                ended[jail] = true;
                work.end(jail, walk);
            }
        }
    }
}

/// Carries one walk to its end.
pub fn alone<H: Host>(walk: Walk<H>) -> Walk<H> {
    let mut one = [(0, walk)];
    let mut over = false;
    while one[0].1.go_on(over) {
        over = loop {
            if let [Some(over)] = wait(&one)[..] {
                break over;
            }
        };
    }
    let [(_, walk)] = one;
    walk
}

fn is_free(waits_for: &[usize], ended: &[bool]) -> bool {
    waits_for.iter().all(|&jail| ended[jail])
}

/// Waits until something happens to one of the walks, or a second has passed. For each walk to
/// which something has happened, the answer is whether its time is over.
fn wait<H: Host>(running: &[(usize, Walk<H>)]) -> Vec<Option<bool>> {
    let waits: Vec<_> = running.iter().map(|(_, walk)| walk.waits()).collect();
    let mut fds: Vec<PollFd<'_>> = Vec::new();
    for (watched, _) in &waits {
        fds.extend(watched.iter().map(|&fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
    }
    let now = Instant::now();
    let next = waits.iter().filter_map(|(_, until)| *until).min();
    let left =
        next.map_or(SHOWN_EVERY, |next| next.saturating_duration_since(now).min(SHOWN_EVERY));
    let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
    // A call that a signal interrupts is no error: what has happened is still in the descriptors
    // when they are looked at again.
    let _ = poll(&mut fds, Some(&timeout));
    let now = Instant::now();
    let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
    let states = waits.iter().map(|(watched, until)| {
        let any = watched.iter().filter(|_| ready.next() == Some(true)).count() > 0;
        let over = until.is_some_and(|until| until <= now);
        // A command that ended at the last moment was not late.
        (any || over).then_some(over && !any)
    });
    states.collect()
}

const SHOWN_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Progress;
    use crate::error::Error;
    use crate::plan::Step;
    use rustix::io::write;
    use rustix::pipe::pipe;
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

    /// A host whose one step ends when its pipe is written to.
    struct Piped(OwnedFd);

    impl Host for Piped {
        fn begin(&mut self, _: &Step, _: bool) -> Result<Progress, Error> {
            Ok(Progress::Waits(None))
        }
        fn proceed(&mut self, _: bool) -> Result<Progress, Error> {
            Ok(Progress::Done)
        }
        fn watched(&self) -> Vec<BorrowedFd<'_>> {
            vec![self.0.as_fd()]
        }
        fn undo(&mut self) {}
        fn settle(&mut self) -> Result<(), Error> {
            Ok(())
        }
        fn complain(&mut self, _: &Error) {}
    }

    /// Work that notes what begins and ends. The jail that began last ends first.
    #[derive(Default)]
    struct Noted {
        said: Vec<String>,
        under_way: Vec<(usize, OwnedFd)>,
    }

    impl Work for Noted {
        type Host = Piped;

        fn begin(&mut self, jail: usize) -> Option<Walk<Piped>> {
            self.said.push(format!("+{jail}"));
            let (told, tell) = pipe().unwrap();
            self.under_way.push((jail, tell));
            Some(Walk::stop(Piped(told), vec![Step::Remove]))
        }

        fn end(&mut self, jail: usize, _: Walk<Piped>) {
            self.said.push(format!("-{jail}"));
        }

        fn show(&mut self, _: &[(usize, Walk<Piped>)]) {
            let (_, tell) = self.under_way.pop().unwrap();
            write(&tell, b"x").unwrap();
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_waits_for_what() {
        for (waits_for, limit, want) in [
            (vec![vec![], vec![], vec![]],                None,    "+0 +1 +2 -2 -1 -0"),
            (vec![vec![], vec![], vec![]],                Some(1), "+0 -0 +1 -1 +2 -2"),
            (vec![vec![], vec![], vec![]],                Some(2), "+0 +1 -1 +2 -2 -0"),
            (vec![vec![], vec![0], vec![1]],              None,    "+0 -0 +1 -1 +2 -2"),
            // A diamond.
            (vec![vec![], vec![0], vec![0], vec![1, 2]],  None,    "+0 -0 +1 +2 -2 -1 +3 -3"),
            (vec![vec![], vec![0], vec![]],               None,    "+0 +2 -2 -0 +1 -1"),
        ] {
            let mut noted = Noted::default();
            run(&mut noted, &waits_for, limit);
            assert_eq!(noted.said.join(" "), want, "{waits_for:?} {limit:?}");
        }
    }
}
