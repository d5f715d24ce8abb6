//! Starts and stops of many jails. Jails that do not wait for each other are under way at the same
//! time: at most as many as `-p` says, or as this process has descriptors for. Several runs may
//! share that time. A jail waits for jails of its own row only, but a jail that two runs start is
//! started by one after the other.

use super::configured::Subject;
use super::decided::Turn;
use super::facts::Facts;
use super::ledger::Ledger;
use super::one;
use crate::engine::Walk;
use crate::refusal::Refusal;
use crate::schedule::{self, Work};
use crate::system::{Ground, System};
use crate::voice::UnderWay;
use prison::Prison;
use rustix::process::{Resource, getrlimit};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most descriptors that a jail has open in this process while it starts or stops.
const DESCRIPTORS: u64 = 16;

/// What is done to all jails of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Start,
    Stop,
}

/// The jails of one run that start, or that stop.
pub(crate) struct Row<'r, 'a, 'g> {
    facts: &'r Facts<'a>,
    ledger: &'r mut Ledger<'a>,
    ground: Ground<'g>,
    task: Task,
    turns: Vec<Turn>,
    /// The given parameters of the jails that are being started.
    given: BTreeMap<usize, Option<Arc<jailconf::Jail>>>,
    ended: usize,
}

impl<'r, 'a, 'g> Row<'r, 'a, 'g> {
    pub(crate) fn new(
        facts: &'r Facts<'a>,
        ledger: &'r mut Ledger<'a>,
        ground: Ground<'g>,
        task: Task,
        turns: Vec<Turn>,
    ) -> Self {
        Self { facts, ledger, ground, task, turns, given: BTreeMap::new(), ended: 0 }
    }

    /// Begins with the jail at this place, unless the jail is left out. What keeps a jail from
    /// beginning is reported.
    fn begin(&mut self, at: usize) -> Option<Walk<System<'g>>> {
        let turn = self.turns.get(at)?;
        let mut before = turn.waits_for.iter().filter_map(|&on| self.turns.get(on));
        let blocked = before.any(|turn| self.ledger.has_failed(&turn.name));
        if self.ledger.skips(&turn.name, blocked, turn.is_asked_for()) {
            return None;
        }
        let name = turn.name.clone();
        let walk = match self.task {
            Task::Start => self.start(at),
            Task::Stop => self.stop(at),
        };
        walk.unwrap_or_else(|refusal| {
            self.ledger.fail(&name, &refusal);
            None
        })
    }

    /// The start of a jail, unless it runs.
    fn start(&mut self, at: usize) -> Result<Option<Walk<System<'g>>>, Refusal> {
        let subject = self.subject(at)?;
        let jail = &subject.jail;
        let attempt = one::attempt(self.ground, jail)?;
        let looks = jail.configured.is_some() || attempt.is_some();
        // Behind the attempt, as another start may have ended just before. Without one, the jail of
        // the command line was looked for when this was decided.
        match if looks { self.facts.prison_of(jail)? } else { None } {
            None => {}
            Some(_) if jail.configured.is_none() => return Err(Refusal::Exists(jail.called())),
            Some(record) => {
                return self.ledger.voice.runs(subject.given.as_deref(), &record).map(|()| None);
            }
        }
        self.ledger.note_what_is_deprecated(jail);
        let walk = one::start(self.ground, &subject, attempt, self.facts.request.cleans)?;
        if walk.is_none() {
            self.fail(at);
        }
        self.given.insert(at, subject.given);
        Ok(walk)
    }

    /// The stop of a jail that runs. If the jail was asked for and is gone, the hooks that follow a
    /// removal.
    fn stop(&mut self, at: usize) -> Result<Option<Walk<System<'g>>>, Refusal> {
        let is_asked_for = self.turns.get(at).is_some_and(Turn::is_asked_for);
        let subject = self.subject(at)?;
        let jail = &subject.jail;
        let prison = if is_asked_for {
            // The prison that was decided about, and none that got its name since.
            let record = self.turns.get_mut(at).and_then(|turn| turn.record.take());
            record.and_then(Prison::open)
        } else {
            self.facts.open(jail)?
        };
        match prison {
            None if is_asked_for => one::clean(self.ground, jail).map(Some),
            None => Ok(None),
            prison => {
                let is_expected = !self.facts.names_removals();
                one::stop(self.ground, jail, prison, is_expected).map(Some)
            }
        }
    }

    /// Takes the jail at this place out of its turn: its parameters are needed only once.
    fn subject(&mut self, at: usize) -> Result<Subject, Refusal> {
        let turn = self.turns.get_mut(at);
        let subject = turn.map(|turn| (turn.subject.take(), turn.name.as_str()));
        match subject {
            Some((Some(subject), _)) => Ok(subject),
            Some((None, name)) => self.facts.configured.subject(name),
            None => Err(Refusal::NoJail),
        }
    }

    /// Notes the end of the walk of the jail at this place.
    fn end(&mut self, at: usize, walk: &Walk<System<'_>>) {
        self.ended += 1;
        let given = self.given.remove(&at).flatten();
        if !walk.is_well() {
            return self.fail(at);
        }
        let record = walk.host().record().filter(|_| self.task == Task::Start);
        let noted =
            record.map_or(Ok(()), |record| self.ledger.voice.runs(given.as_deref(), record));
        if let (Err(refusal), Some(turn)) = (noted, self.turns.get(at)) {
            self.ledger.fail(&turn.name, &refusal);
        }
    }

    /// Notes that the jail at this place has failed for a reason that was reported.
    fn fail(&mut self, at: usize) {
        if let Some(turn) = self.turns.get(at) {
            self.ledger.fail_silently(&turn.name);
        }
    }

    /// Shows the jail at this place, whose step has been under way longest.
    fn show(&self, at: usize, walk: &Walk<System<'_>>) {
        let (Some(turn), Some((step, since))) = (self.turns.get(at), walk.step()) else { return };
        // With one jail there is nothing to count.
        if self.turns.len() > 1 {
            let (jail, step) = (&*turn.name, step.shown(walk.host().jid()).to_string());
            let (done, all, since) = (self.ended, self.turns.len(), *since);
            self.ledger.voice.show(&UnderWay { done, all, jail, step, since });
        }
    }
}

/// Carries out rows at the same time.
pub(crate) fn together(rows: Vec<Row<'_, '_, '_>>) {
    let limits = rows.iter().filter_map(|row| row.facts.request.limit);
    // One loop has one limit: the lowest `-p` holds for all rows.
    let limit = limits.min().unwrap_or_else(most_at_once);
    let mut places = Vec::new();
    let mut waits_for: Vec<Vec<usize>> = Vec::new();
    // The last place of each name: the second start of one jail waits for the first.
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (row, it) in rows.iter().enumerate() {
        let first = places.len();
        for (at, turn) in it.turns.iter().enumerate() {
            let earlier = known.insert(&turn.name, first + at);
            waits_for.push(turn.waits_for.iter().map(|on| first + on).chain(earlier).collect());
            places.push((row, at));
        }
    }
    let mut together = Together { rows, places, shown: Instant::now() };
    schedule::run(&mut together, &waits_for, Some(limit));
}

/// How many jails may be under way at once: each has descriptors open in this process.
fn most_at_once() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(1024);
    // At least one, however low the limit is: nothing would begin otherwise.
    usize::try_from(limit / DESCRIPTORS).unwrap_or(usize::MAX).max(1)
}

struct Together<'r, 'a, 'g> {
    rows: Vec<Row<'r, 'a, 'g>>,
    /// For each number of the schedule, the row and the place in the row.
    places: Vec<(usize, usize)>,
    /// When it was last shown what is under way.
    shown: Instant,
}

impl<'r, 'a, 'g> Together<'r, 'a, 'g> {
    fn row(&mut self, jail: usize) -> Option<(&mut Row<'r, 'a, 'g>, usize)> {
        let &(row, at) = self.places.get(jail)?;
        Some((self.rows.get_mut(row)?, at))
    }
}

impl<'g> Work for Together<'_, '_, 'g> {
    type Host = System<'g>;

    fn begin(&mut self, jail: usize) -> Option<Walk<System<'g>>> {
        self.row(jail).and_then(|(row, at)| row.begin(at))
    }

    fn end(&mut self, jail: usize, walk: Walk<System<'g>>) {
        if let Some((row, at)) = self.row(jail) {
            row.end(at, &walk);
        }
    }

    fn show(&mut self, running: &[(usize, Walk<System<'g>>)]) {
        const EVERY: Duration = Duration::from_secs(1);
        // The schedule also comes here after each step, which may be often.
        if self.shown.elapsed() < EVERY {
            return;
        }
        self.shown = Instant::now();
        let since = |walk: &Walk<System<'g>>| walk.step().map(|(_, since)| *since);
        let oldest = running.iter().filter_map(|(jail, walk)| Some((since(walk)?, *jail, walk)));
        let oldest = oldest.min_by_key(|(since, ..)| *since);
        if let Some((_, jail, walk)) = oldest
            && let Some((row, at)) = self.row(jail)
        {
            row.show(at, walk);
        }
    }

    fn hide(&mut self) {
        self.rows.iter().for_each(|row| row.ledger.voice.hide());
    }
}
