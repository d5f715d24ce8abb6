//! Looking at many things with two threads. Both have ended when the answer is there: what forks afterwards is one
//! thread, as everywhere in kletka.

use std::thread;

/// As many things are worth a second thread, which costs as much as looking at a dozen of them.
const ENOUGH: usize = 128;

/// What `look` makes of `things`, in their order.
pub(crate) fn halves<T: Sync, R: Send>(
    things: &[T],
    look: impl Fn(&[T]) -> Vec<R> + Sync,
) -> Vec<R> {
    if things.len() < ENOUGH {
        return look(things);
    }
    let (some, others) = things.split_at(things.len() / 2);
    thread::scope(|scope| {
        let second = thread::Builder::new().spawn_scoped(scope, || look(others));
        let mut seen = look(some);
        let second = second.ok().and_then(|second| second.join().ok());
        // Where there can be no second thread, this one does it all.
        seen.extend(second.unwrap_or_else(|| look(others)));
        seen
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_stays() {
        for count in [0, 1, ENOUGH - 1, ENOUGH, 3 * ENOUGH + 1] {
            let numbers: Vec<usize> = (0..count).collect();
            let doubled = halves(&numbers, |some| some.iter().map(|number| number * 2).collect());
            assert_eq!(doubled, numbers.iter().map(|number| number * 2).collect::<Vec<_>>());
        }
    }
}
