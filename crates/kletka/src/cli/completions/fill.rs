//! Words of a script on lines of a width that people can read.

/// Fills lines of about 80 columns with `words`. `between` is put between two lines.
pub(super) fn wrapped(words: &[String], between: &str) -> String {
    let (mut text, mut width) = (String::new(), 0);
    for word in words {
        if width + word.len() > 80 {
            text += between;
            width = 0;
        } else if width > 0 {
            text.push(' ');
        }
        text += word;
        width += word.len() + 1;
    }
    text
}
