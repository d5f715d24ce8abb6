//! Starts and stops of many jails: those that do not wait for each other are under way at the same time, at most as many
//! as `-p` says, or as this process has descriptors for.

use super::{Session, Stop, Subject};
use lifecycle::depend::{self, Order};
use lifecycle::schedule::{self, Work};
use lifecycle::{System, Verbosity, Walk};
use prison::Registry;
use rustix::process::{Resource, getrlimit};
use rustix::termios::tcgetwinsize;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Descriptors that a jail has open here while it starts or stops, at most.
const DESCRIPTORS: u64 = 16;

impl Session<'_> {
    /// Stops the jails and what depends on them. The last named goes first, as on FreeBSD.
    pub(super) fn stop_all(&mut self, stops: Vec<Stop>) {
        let order = self.order_of_stops(&stops);
        let asked = stops.into_iter().map(|stop| (stop.name.clone(), stop)).collect();
        self.all(order, Task::Stop(asked));
    }

    /// The order in which jails stop, and what depends on them.
    pub(super) fn order_of_stops(&mut self, stops: &[Stop]) -> Order {
        let names: Vec<String> = stops.iter().rev().map(|stop| stop.name.clone()).collect();
        let order = if self.options.by_force {
            Order::as_it_stands(names)
        } else {
            Order::of(&names, &depend::dependents(&self.dependencies))
        };
        self.complain_of(&order);
        order
    }

    /// Starts the jails, and before each what it depends on.
    pub(super) fn start_all(&mut self, starts: Vec<String>, order: Order) {
        self.all(order, Task::Start(starts));
    }

    fn all(&mut self, order: Order, task: Task) {
        let Some(registry) = self.registry.clone() else { return };
        let limit = self.options.limit.unwrap_or_else(most_at_once);
        let shows = order.names.len() > 1
            && self.options.verbosity == Verbosity::Normal
            && io::stderr().is_terminal();
        let mut together = Together {
            session: self,
            registry: &registry,
            names: &order.names,
            waits_for: &order.waits_for,
            task,
            subjects: BTreeMap::new(),
            ended: 0,
            shown: shows.then(Instant::now),
            is_on_screen: false,
        };
        schedule::run(&mut together, &order.waits_for, Some(limit));
    }
}

/// How many jails may be under way at once: each has descriptors open here.
fn most_at_once() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(1024);
    usize::try_from(limit / DESCRIPTORS).unwrap_or(usize::MAX).max(1)
}

/// What is done.
enum Task {
    /// Those of these names were asked for; others are started as they depend on them.
    Start(Vec<String>),
    /// These were asked for; others are stopped as they depend on them.
    Stop(BTreeMap<String, Stop>),
}

struct Together<'a, 'o, 'r> {
    session: &'a mut Session<'o>,
    registry: &'r Registry,
    names: &'a [String],
    waits_for: &'a [Vec<usize>],
    task: Task,
    /// The jails that are under way.
    subjects: BTreeMap<usize, Subject>,
    ended: usize,
    /// When what is under way was shown, if it is to be shown.
    shown: Option<Instant>,
    /// That line stands where the next one will be written.
    is_on_screen: bool,
}

impl<'r> Together<'_, '_, 'r> {
    /// The start of a jail, unless it runs.
    fn start(&mut self, jail: usize) -> Result<Option<Walk<System<'r>>>, String> {
        let session = &mut *self.session;
        let subject = session.configured(&self.names[jail])?;
        if let Some(prison) = session.running(&subject.jail)? {
            session.jid_file.write(subject.given.as_ref(), prison.record())?;
            return Ok(None);
        }
        let walk = session.start(self.registry, &subject.jail)?;
        if walk.is_none() {
            session.complain(&self.names[jail], None);
        }
        self.subjects.insert(jail, subject);
        Ok(walk)
    }

    /// The stop of a jail, if it runs; what follows a removal, for one that was asked for and went by itself.
    fn stop(
        &mut self,
        jail: usize,
        asked: Option<Stop>,
    ) -> Result<Option<Walk<System<'r>>>, String> {
        let session = &*self.session;
        let subject = session.subject(&self.names[jail])?;
        match asked {
            Some(Stop { prison: None, .. }) => {
                session.clean(self.registry, &subject.jail).map(Some)
            }
            Some(Stop { prison, .. }) => {
                session.stop(self.registry, &subject.jail, prison).map(Some)
            }
            None => match session.running(&subject.jail)? {
                None => Ok(None),
                prison => session.stop(self.registry, &subject.jail, prison).map(Some),
            },
        }
    }
}

impl<'r> Work for Together<'_, '_, 'r> {
    type Host = System<'r>;

    fn begin(&mut self, jail: usize) -> Option<Walk<System<'r>>> {
        let name = &self.names[jail];
        let blocked =
            self.waits_for[jail].iter().any(|&on| self.session.failed.contains(&self.names[on]));
        let (asked, stop) = match &mut self.task {
            Task::Start(names) => (names.contains(name), None),
            Task::Stop(stops) => {
                let stop = stops.remove(name);
                (stop.is_some(), stop)
            }
        };
        if self.session.skips(name, blocked, asked) {
            return None;
        }
        let walk = match self.task {
            Task::Start(_) => self.start(jail),
            Task::Stop(_) => self.stop(jail, stop),
        };
        walk.unwrap_or_else(|line| {
            self.session.complain(&self.names[jail], Some(line));
            None
        })
    }

    fn end(&mut self, jail: usize, walk: Walk<System<'r>>) {
        self.ended += 1;
        let name = &self.names[jail];
        match self.subjects.remove(&jail) {
            Some(subject) => {
                self.session.note_failure(name, |session| session.has_started(&subject, &walk));
            }
            None if walk.is_well() => {}
            None => self.session.complain(name, None),
        }
    }

    /// On a terminal, one line: how many jails are done, and what has taken longest of the rest.
    fn show(&mut self, running: &[(usize, Walk<System<'r>>)]) {
        const EVERY: Duration = Duration::from_secs(1);
        let Some(shown) = &mut self.shown else { return };
        if shown.elapsed() < EVERY {
            return;
        }
        *shown = Instant::now();
        let oldest = running.iter().filter_map(|(jail, walk)| Some((jail, walk.step()?)));
        let Some((jail, (step, since))) = oldest.min_by_key(|(_, (_, since))| *since) else {
            return;
        };
        let (done, all, seconds) = (self.ended, self.names.len(), since.elapsed().as_secs());
        let name = &self.names[*jail];
        // A terminal that does not know its width says 0.
        let columns = tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
        let columns = if columns == 0 { 80 } else { columns };
        let (head, tail) = (format!("{done} of {all} jails; {name}: "), format!(" ({seconds} s)"));
        let room = columns.saturating_sub(head.chars().count() + tail.chars().count() + 1);
        // Whatever is printed next begins at the left, over it.
        let _ = write!(io::stderr(), "{head}{}{tail}\x1b[K\r", cut(&step.to_string(), room));
        self.is_on_screen = true;
    }

    fn hide(&mut self) {
        if std::mem::take(&mut self.is_on_screen) {
            let _ = write!(io::stderr(), "\x1b[K");
        }
    }
}

/// What fits on one line of `room` columns.
fn cut(text: &str, room: usize) -> String {
    let text = text.replace(char::is_control, " ");
    if text.chars().count() <= room {
        return text;
    }
    let kept = text.chars().take(room.saturating_sub(1));
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_fits_on_a_line() {
        for (text, room, want) in [
            ("sleep 1", 7, "sleep 1"),
            ("sleep 1", 6, "sleep…"),
            ("a\nb\x1b", 9, "a b "),
            ("a", 0, "…"),
        ] {
            assert_eq!(cut(text, room), want, "{text:?} {room}");
        }
    }
}
