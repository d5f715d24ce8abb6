//! Circles among things that point at each other. A thing is its place in a list.

use std::collections::BTreeSet;

/// The places that each place points at.
pub(crate) type Arrows = [BTreeSet<usize>];

/// The circles: sets of two or more places in which each reaches every other, in the order of their
/// first places.
pub(crate) fn circles(arrows: &Arrows) -> Vec<Vec<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..arrows.len()).map(|from| reach(arrows, from)).collect();
    let mut circles: Vec<Vec<usize>> = Vec::new();
    for at in 0..arrows.len() {
        // Reaching each other is mutual, so a place is in one circle at most.
        if circles.iter().any(|circle| circle.contains(&at)) {
            continue;
        }
        let circle: Vec<usize> = (at..arrows.len())
            .filter(|&other| reached[at].contains(&other) && reached[other].contains(&at))
            .collect();
        if circle.len() > 1 {
            circles.push(circle);
        }
    }
    circles
}

/// How many arrows run up if every place stands on a floor above those that it points at. Only a
/// circle has such arrows: they have to be left out for its places to get floors. A walk in the
/// order of the list finds them.
pub(crate) fn up(arrows: &Arrows) -> usize {
    let mut state = vec![State::New; arrows.len()];
    (0..arrows.len()).map(|from| descend(arrows, from, &mut state)).sum()
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    UnderWay,
    Done,
}

/// Walks everything that can be reached from a new place. Answers how many arrows lead back to a
/// place whose walk is not done.
fn descend(arrows: &Arrows, from: usize, state: &mut [State]) -> usize {
    if state[from] != State::New {
        return 0;
    }
    state[from] = State::UnderWay;
    let back = arrows[from].iter().map(|&to| match state[to] {
        State::UnderWay => 1,
        State::New | State::Done => descend(arrows, to, state),
    });
    let back = back.sum();
    state[from] = State::Done;
    back
}

/// All places that can be reached from one place, by one arrow or more.
fn reach(arrows: &Arrows, from: usize) -> BTreeSet<usize> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        next.extend(arrows[at].iter().filter(|&&to| reached.insert(to)));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_and_the_arrows_that_run_up_in_them() {
        for (arrows, circles_, up_) in [
            (vec![vec![1, 2], vec![2], vec![]], vec![], 0),
            (vec![vec![1], vec![0]], vec![vec![0, 1]], 1),
            (vec![vec![1], vec![2], vec![1, 3], vec![]], vec![vec![1, 2]], 1),
            (
                vec![vec![1], vec![2], vec![0], vec![4], vec![3, 0]],
                vec![vec![0, 1, 2], vec![3, 4]],
                2,
            ),
        ] as [(Vec<Vec<usize>>, Vec<Vec<usize>>, usize); 4]
        {
            let sets: Vec<BTreeSet<usize>> =
                arrows.iter().map(|to| to.iter().copied().collect()).collect();
            assert_eq!((circles(&sets), up(&sets)), (circles_, up_), "{arrows:?}");
        }
    }
}
