//! The line of progress on a terminal: how many jails are done, and which step has been under way
//! longest.

use lifecycle::UnderWay;
use rustix::termios::tcgetwinsize;
use std::io::{self, Write};

/// The line of progress.
pub(super) struct Progress {
    is_shown: bool,
    /// Whether the line is on the screen, where the next output will overwrite it.
    is_on_screen: bool,
}

impl Progress {
    /// Makes a line that `show` prints, or never prints.
    pub(super) fn new(is_shown: bool) -> Self {
        Self { is_shown, is_on_screen: false }
    }

    /// Writes the line.
    pub(super) fn show(&mut self, under_way: &UnderWay<'_>) {
        if !self.is_shown {
            return;
        }
        let UnderWay { done, all, jail, step, since } = under_way;
        let seconds = since.elapsed().as_secs();
        // A terminal that does not know its width says 0.
        let columns = tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
        let columns = if columns == 0 { 80 } else { columns };
        let (head, tail) = (format!("{done} of {all} jails; {jail}: "), format!(" ({seconds} s)"));
        let room = columns.saturating_sub(head.chars().count() + tail.chars().count() + 1);
        // The line ends with a carriage return, not a line feed: the next output overwrites it.
        // Errors are ignored: progress is no reason to stop.
        let _ = write!(io::stderr(), "{head}{}{tail}\x1b[K\r", cut(step, room));
        self.is_on_screen = true;
    }

    /// Removes the line from the screen.
    pub(super) fn hide(&mut self) {
        if std::mem::take(&mut self.is_on_screen) {
            let _ = write!(io::stderr(), "\x1b[K");
        }
    }
}

/// Cuts `text` to one line of `room` columns.
fn cut(text: &str, room: usize) -> String {
    // A hook may contain line feeds and escape sequences, which the terminal would obey.
    let text = vis::text(text.as_bytes());
    if text.chars().count() <= room {
        return text.into_owned();
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
            ("a\nb\x1b", 9, "a\\nb\\033"),
            ("a", 0, "…"),
        ] {
            assert_eq!(cut(text, room), want, "{text:?} {room}");
        }
    }
}
