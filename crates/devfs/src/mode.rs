//! Modes as chmod(1) takes them: setmode(3), for a file that has no permission yet.

/// The umask with which rc.d/devfs runs: it takes from modes that name nobody.
const UMASK: u32 = 0o022;

/// Reads an octal number, or clauses such as `u=rw,g=r`. `None`: it is neither.
pub(crate) fn parse(word: &[u8]) -> Option<u32> {
    if word.first()?.is_ascii_digit() {
        let mode = u32::from_str_radix(str::from_utf8(word).ok()?, 8).ok()?;
        return (mode <= 0o7777).then_some(mode);
    }
    word.split(|&byte| byte == b',').try_fold(0, clause)
}

/// Applies one clause to `mode`: who is meant, and one or more times an operator with permissions.
fn clause(mode: u32, clause: &[u8]) -> Option<u32> {
    let named = clause.iter().take_while(|byte| b"ugoa".contains(byte)).count();
    let (who, mut rest) = clause.split_at(named);
    let who = who.iter().fold(0, |all, &who| all | bits_of(who));
    let mut mode = mode;
    if rest.is_empty() {
        return None;
    }
    while let [operator @ (b'+' | b'-' | b'='), after @ ..] = rest {
        let length = after.iter().take_while(|byte| !b"+-=".contains(byte)).count();
        let (permissions, after) = after.split_at(length);
        rest = after;
        let meant =
            permissions.iter().try_fold(0, |all, &letter| Some(all | bits(letter, mode)?))?;
        let meant = if who == 0 { meant & !UMASK } else { meant & who };
        mode = match operator {
            b'+' => mode | meant,
            b'-' => mode & !meant,
            _ => mode & !(if who == 0 { 0o7777 } else { who }) | meant,
        };
    }
    rest.is_empty().then_some(mode)
}

/// The bits that belong to somebody, those of set-id and the sticky bit with them.
fn bits_of(who: u8) -> u32 {
    match who {
        b'u' => 0o4700,
        b'g' => 0o2070,
        b'o' => 0o1007,
        _ => 0o7777,
    }
}

/// The bits of a permission, for everybody: a letter, or what `mode` gives to somebody already.
fn bits(letter: u8, mode: u32) -> Option<u32> {
    let everybody = |bits: u32| bits * 0o111;
    Some(match letter {
        b'r' => everybody(4),
        b'w' => everybody(2),
        b'x' => everybody(1),
        // Only where somebody may execute it already: a device is no directory.
        b'X' if mode & 0o111 != 0 => everybody(1),
        b'X' => 0,
        b's' => 0o6000,
        b't' => 0o1000,
        b'u' => everybody(mode >> 6 & 7),
        b'g' => everybody(mode >> 3 & 7),
        b'o' => everybody(mode & 7),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn modes() {
        for (word, want) in [
            ("0660",        Some(0o660)),
            ("666",         Some(0o666)),
            ("17777",       None),
            ("6x",          None),
            ("u=rw,g=r",    Some(0o640)),
            ("a=rw",        Some(0o666)),
            ("=rw",         Some(0o644)),       // without a name the umask takes its part
            ("+w",          Some(0o200)),
            ("ug+rw,o=g",   Some(0o666)),
            ("u=rwx,go=u-w", Some(0o755)),
            ("u+rw-w",      Some(0o400)),
            ("a=rX",        Some(0o444)),
            ("u=x,a+X",     Some(0o111)),
            ("o=t",         Some(0o1000)),
            ("u=rws",       Some(0o4600)),
            ("u=",          Some(0)),
            ("u",           None),
            ("u+y",         None),
            ("rw",          None),
            ("u=r,",        None),
            ("",            None),
        ] {
            assert_eq!(parse(word.as_bytes()), want, "{word}");
        }
    }
}
