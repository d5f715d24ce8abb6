//! Words and options of other programs that are tried here, and what does the same.

/// Words, and the line that does the same. `*` is the jail's name.
const WORDS: [(&[&str], &str); 6] = [
    (&["start", "create", "run", "up"], "jail -c * or service jail start *"),
    (&["stop", "remove", "rm", "kill", "destroy", "down"], "jail -r * or service jail stop *"),
    (&["restart"], "jail -rc * or service jail restart *"),
    (&["list", "ls", "ps", "status"], "jls lists the jails that run"),
    (&["exec", "enter", "console", "shell", "attach"], "jexec *"),
    (&["inspect", "show"], "jls -n -j * or kletka config get *"),
];

/// What to type instead of `word`, for the jail `name`.
pub(super) fn instead(word: &str, name: Option<&str>) -> Option<String> {
    let (_, line) = WORDS.iter().find(|(known, _)| known.contains(&word))?;
    Some(line.replace('*', name.unwrap_or("NAME")))
}
